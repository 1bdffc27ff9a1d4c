"""Links that a service signs for a time, as the Planetary Computer does."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from pydantic import Field

from oemsar.config_file import Foreign, parse_json
from oemsar.errors import Failure, InputError
from oemsar.scenes.stac import read_time
from oemsar.web.client import Web
from oemsar.web.remote_file import without_query

_MARGIN = timedelta(seconds=60)


class _Signed(Foreign):
    """Answer of the service."""

    href: str
    """Link that opens the file."""
    expiry: str | None = Field(None, alias="msft:expiry")
    """Time at which the link expires."""


@dataclass
class SignedLinks:
    """Links by a service that signs them; they are kept in memory alone.

    Attributes:
        web: Client that makes the requests.
        service: Address of the service.
    """

    web: Web
    service: str
    _known: dict[str, tuple[str, datetime | None]] = field(default_factory=dict, repr=False)

    def link(self, address: str) -> str:
        """Give a link to an address that is valid for a minute at least.

        Raises:
            Failure: The service does not answer, or signs another address.
        """
        known = self._known.get(address)
        if known is None or (known[1] is not None and known[1] - datetime.now(UTC) < _MARGIN):
            known = self._sign(address)
            self._known[address] = known
        return known[0]

    def renew(self, address: str) -> bool:
        """Forget the link of an address that the server refuses."""
        return self._known.pop(address, None) is not None

    def _sign(self, address: str) -> tuple[str, datetime | None]:
        content = self.web.require(f"{self.service}?href={quote(address, safe='')}")
        try:
            signed = _Signed.model_validate(parse_json(content.decode("utf-8-sig")))
            if without_query(signed.href) != without_query(address):
                raise ValueError("it signs another address")
        except (InputError, ValueError) as error:
            raise Failure(
                f"{self.service} does not sign links ({error}); see whether the service has moved",
                option="endpoint",
            ) from error
        return signed.href, read_time(signed.expiry)
