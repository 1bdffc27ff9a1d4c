"""A STAC API with pages and links that are signed for a time, as the Planetary Computer has it."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .server import JSON, Answer, Request


@dataclass
class StacApi:
    """API at `/api/stac`, service that signs at `/api/sign`, files at `/blob/NAME`.

    Attributes:
        base: Address of the server.
        items: Items of the collection `naip`.
        files: Content by name.
        seconds: Time for which a link is valid.
        uses: Requests that a link opens before it is refused; None for any number.
        page: Items of a page.
    """

    base: str
    items: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 3600.0
    uses: int | None = None
    page: int = 2
    signed: int = 0
    used: dict[str, int] = field(default_factory=dict)

    def __call__(self, request: Request) -> Answer | None:
        if request.path == "/api/stac/search":
            return self.search(request.query)
        if request.path == "/api/sign":
            return self.sign(request.query["href"])
        if request.path.startswith("/blob/"):
            return self.blob(request)
        return None

    def search(self, asked: dict[str, str]) -> Answer:
        assert asked["collections"] == "naip"
        west, south, east, north = (float(part) for part in asked["bbox"].split(","))
        found = [item for item in self.items if _meets(item, west, south, east, north)]
        start = int(asked.get("token", "0"))
        links = [{"rel": "root", "href": f"{self.base}/api/stac"}]
        if start + self.page < len(found):
            query = "&".join(f"{key}={value}" for key, value in asked.items() if key != "token")
            following = f"{self.base}/api/stac/search?{query}&token={start + self.page}"
            links.append({"rel": "next", "method": "GET", "href": following})
        features = found[start : start + self.page]
        content = {"type": "FeatureCollection", "features": features, "links": links}
        return Answer(json.dumps(content).encode(), JSON)

    def sign(self, href: str) -> Answer:
        self.signed += 1
        expiry = datetime.fromtimestamp(time.time() + self.seconds, UTC).isoformat()
        content = {"href": f"{href}?sig=secret{self.signed}", "msft:expiry": expiry.replace("+00:00", "Z")}
        return Answer(json.dumps(content).encode(), JSON)

    def blob(self, request: Request) -> Answer:
        token = request.query.get("sig", "")
        self.used[token] = self.used.get(token, 0) + 1
        valid = token == f"secret{self.signed}" and (self.uses is None or self.used[token] <= self.uses)
        if not valid:
            return Answer(b"<Error>AuthenticationFailed</Error>", "application/xml", 403)
        return Answer(self.files[request.path.removeprefix("/blob/")], "image/tiff", etag='"b"')


def _meets(item: dict[str, Any], west: float, south: float, east: float, north: float) -> bool:
    box = item.get("bbox")
    return box is None or (box[0] < east and box[2] > west and box[1] < north and box[3] > south)
