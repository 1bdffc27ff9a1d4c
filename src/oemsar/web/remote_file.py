"""Files on servers, as a listing describes them, and the links that open them."""

from dataclasses import dataclass
from typing import Protocol


class Links(Protocol):
    """Links that a server opens for a time, made from addresses that stay."""

    def link(self, address: str) -> str:
        """Give the link that opens an address now."""

    def renew(self, address: str) -> bool:
        """Forget the link of an address that the server refuses; False where another would not help."""


class PlainLinks:
    """Addresses that open by themselves."""

    def link(self, address: str) -> str:
        """Give the address itself."""
        return address

    def renew(self, address: str) -> bool:
        """Tell that another link would not help."""
        return False


PLAIN: Links = PlainLinks()
"""Links of addresses that open by themselves."""


@dataclass(frozen=True)
class RemoteFile:
    """File on a server.

    Attributes:
        name: File name, without any folder.
        size: Size in bytes.
        md5: MD5 of the content, hexadecimal; None where the listing gives none.
        addresses: Addresses that serve the content, the best first.
        sha256: SHA-256 of the content, hexadecimal; None where the listing gives none.
    """

    name: str
    size: int
    md5: str | None
    addresses: tuple[str, ...]
    sha256: str | None = None

    @property
    def is_zip(self) -> bool:
        """Whether the name is that of a zip archive."""
        return self.name.lower().endswith(".zip")

    @property
    def checksum(self) -> tuple[str, str] | None:
        """Algorithm and hexadecimal digest of the content; None where the listing gives none."""
        if self.sha256 is not None:
            return "sha256", self.sha256
        return None if self.md5 is None else ("md5", self.md5)

    @property
    def digest(self) -> str:
        """Hexadecimal digest of the content; empty where the listing gives none."""
        return "" if self.checksum is None else self.checksum[1]


def without_query(address: str) -> str:
    """Leave out the query of an address, which may hold a key and differs from link to link."""
    return address.partition("?")[0]
