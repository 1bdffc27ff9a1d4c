"""The bucket of Umbra's open data: the files of a collect, found by listing.

Three layouts are in use, and names hold blanks and commas:
`sar-data/tasks/[GROUP/]TASK/UUID/STAMP/STAMP_GEC.tif` with `STAMP_METADATA.json`, older
`.../UUID/STAMP.tif` without a suffix, and newer `sar-data/task-data/UUID/STAMP/` with `*.stac.v2.json`.
STAMP is `YYYY-MM-DD-HH-MM-SS_UMBRA-NN`, the begin of the collect and the satellite.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import quote, unquote, urlsplit

from oemsar.scenes.s3_listing import S3Object, list_objects
from oemsar.scenes.scene import Asset
from oemsar.scenes.stac import Item
from oemsar.web.client import Web

_ROOT = "sar-data/"
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)_UMBRA-?(\d+)", re.IGNORECASE)
_SUFFIXES = {"": "GEC", "_GEC": "GEC"}
"""Assets by the end of the stem of a file; of older collects the image has none."""
_STAC = ".stac.v2.json"
METADATA = "METADATA"
"""Name of the asset that holds the metadata, of either version."""
_MEDIA = {
    ".tif": "image/tiff; application=geotiff",
    ".json": "application/json",
    ".nitf": "application/vnd.nitf",
    ".ntf": "application/vnd.nitf",
}
_TOLERANCE_SECONDS = 10.0
"""Difference between the times of an item and of a stamp, which is cut to seconds."""


@dataclass(frozen=True)
class Collect:
    """Files of one collect in the bucket.

    Attributes:
        folder: Folder of the files, with a slash at its end.
        stamp: Begin and satellite, by which the files are named.
        files: Objects by the name of the asset.
    """

    folder: str
    stamp: str
    files: dict[str, S3Object]

    @property
    def start(self) -> datetime:
        """Begin of the collect, to the second."""
        return datetime.strptime(self.stamp[:19], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)

    @property
    def satellite(self) -> int:
        """Number of the satellite."""
        return int(re.split(r"\D+", self.stamp)[-1])

    def assets(self, bucket: str) -> tuple[Asset, ...]:
        """List the files, under the names that readers of the products know."""
        return tuple(
            Asset(
                name=name,
                file=self._file(found.key),
                address=f"{bucket}/{quote(found.key)}",
                media_type=_MEDIA.get("." + found.key.rpartition(".")[2].lower()),
                size=found.size,
                md5=found.md5,
            )
            for name, found in self.files.items()
        )

    def _file(self, key: str) -> str:
        return f"{self.stamp}{_STAC}" if key.endswith(_STAC) else key.rpartition("/")[2]


@dataclass(frozen=True)
class Bucket:
    """The bucket, listed where it is asked.

    Attributes:
        web: Client that makes the requests.
        address: Address of the bucket.
    """

    web: Web
    address: str
    _folders: dict[str, list[Collect]] = field(default_factory=dict)

    def locate(self, item: Item) -> Collect | None:
        """Find the files of an item: where its links lead, else by its time, satellite and names.

        Raises:
            Failure: The bucket cannot be listed.
        """
        start = item.time("start_datetime", "datetime")
        for folder in dict.fromkeys(_folder(asset.href) for asset in item.assets.values()):
            found = [] if folder is None else [c for c in self._in(folder) if c.folder == folder]
            chosen = _choose(found, item, start) or (found[0] if len(found) == 1 else None)
            if chosen is not None:
                return chosen
        return _choose(self._all, item, start)

    def _in(self, folder: str) -> list[Collect]:
        if folder not in self._folders:
            self._folders[folder] = group(list_objects(self.web, self.address, folder))
        return self._folders[folder]

    @cached_property
    def _all(self) -> list[Collect]:
        return group(list_objects(self.web, self.address, _ROOT))


def group(objects: Iterable[S3Object]) -> list[Collect]:
    """Group the objects of a listing into collects, in the order of their folders and stamps."""
    files: dict[tuple[str, str], dict[str, S3Object]] = defaultdict(dict)
    loose: dict[str, list[S3Object]] = defaultdict(list)
    for found in objects:
        folder, _, name = found.key.rpartition("/")
        stamp = _STAMP.match(name)
        if stamp is not None:
            files[f"{folder}/", stamp[0]].setdefault(_asset_name(name[stamp.end() :]), found)
        elif name.endswith(_STAC):
            loose[f"{folder}/"].append(found)
    for folder, objects_there in loose.items():
        stamps = [key for key in files if key[0] == folder]
        if len(stamps) == 1:  # else it is not known of which collect
            files[stamps[0]].setdefault(METADATA, objects_there[0])
    return [Collect(folder, stamp, each) for (folder, stamp), each in sorted(files.items())]


def _asset_name(rest: str) -> str:
    """Name an asset by what follows the stamp in the name of its file."""
    if rest.endswith(_STAC):
        return METADATA
    stem, _, _ = rest.partition(".")
    return _SUFFIXES.get(stem.upper(), stem.lstrip("_").upper())


def _folder(href: str | None) -> str | None:
    """Find the folder of the bucket that a link leads into; None where it leads into none."""
    path = unquote(urlsplit(href or "").path)
    start = path.find(_ROOT)
    return None if start < 0 or "/" not in path[start:] else path[start:].rpartition("/")[0] + "/"


def _choose(collects: list[Collect], item: Item, start: datetime | None) -> Collect | None:
    """Choose the collect of an item's time and satellite, rather one whose folder bears a name of it."""
    names = {item.id, *_names(item)}
    number = re.search(r"\d+", item.text("platform") or "")

    def bears(collect: Collect) -> bool:
        return any(part in names for part in collect.folder.split("/"))

    def distance(collect: Collect) -> float:
        return 0.0 if start is None else abs((collect.start - start).total_seconds())

    near = [
        collect
        for collect in collects
        if (start is not None or bears(collect))
        and distance(collect) <= _TOLERANCE_SECONDS
        and (number is None or int(number[0]) == collect.satellite)
    ]
    return min(
        near, key=lambda collect: (not bears(collect), distance(collect), collect.folder), default=None
    )


def _names(item: Item) -> set[str]:
    """List the names by which a collect is known beside that of its item."""
    many = item.properties.get("umbra:collect_ids")
    listed = [name for name in many if isinstance(name, str)] if isinstance(many, list) else []
    return {*listed, *filter(None, (item.text("umbra:task_id"), item.text("umbra:collect_id")))}
