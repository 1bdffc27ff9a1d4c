"""Transfer of one file, which goes on where an earlier one broke off."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from oemsar.config_file import Value, read_json
from oemsar.errors import Failure, InputError
from oemsar.files import checksum, partial_path, write_json
from oemsar.progress import Report, silent
from oemsar.web.disk_space import write_errors
from oemsar.web.remote_file import PLAIN, Links, RemoteFile, without_query
from oemsar.web.retry import RetryPolicy, TransientError, raise_transient, retry

_ZIP_START = b"PK"
_PAGE_START = re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE)
_REFUSED = (401, 403)
"""HTTP statuses by which a server refuses a link, as one that was valid for a time."""


class ResumePoint(Value):
    """Content whose beginning a partial file holds; stored beside it."""

    size: int
    """Bytes of the whole content."""
    md5: str | None
    """MD5 of the whole content, hexadecimal; None where it is not known."""
    address: str
    """Address that sent the beginning, without its query."""
    validator: str | None
    """Strong ETag or date that the address gave the content, sent back in If-Range (RFC 9110 section 13.1.5)
    so that a changed file comes whole and not as a wrong rest."""
    sha256: str | None = None
    """SHA-256 of the whole content, hexadecimal; None where it is not known."""
    format: int = 1
    """Version of the layout of the file."""

    @classmethod
    def from_response(cls, remote: RemoteFile, address: str, response: httpx.Response) -> Self:
        """Describe the content that a response begins to send."""
        return cls(
            size=remote.size,
            md5=remote.md5,
            sha256=remote.sha256,
            address=without_query(address),
            validator=_validator(response),
        )

    def is_from(self, address: str) -> bool:
        """Tell whether an address, by whatever link, sent the beginning."""
        return without_query(self.address) == without_query(address)


@dataclass(frozen=True)
class ResumableDownload:
    """Transfer of a remote file to `NAME` in a folder, by way of `.NAME.partial` until it is whole.

    The partial file is only ever appended to, so that whatever kills the process leaves a beginning
    of the content; `.NAME.resume.json` says of which content.

    Attributes:
        remote: File as its listing describes it.
        folder: Folder that the file is written to.
        links: Links that open the addresses of the file.
    """

    remote: RemoteFile
    folder: Path
    links: Links = PLAIN

    @property
    def target(self) -> Path:
        """Path of the whole file."""
        return self.folder / self.remote.name

    @property
    def partial(self) -> Path:
        """Path of the bytes received so far."""
        return partial_path(self.target)

    @property
    def resume_file(self) -> Path:
        """Path of the description of the content whose beginning the partial file holds."""
        return resume_path(self.target)

    def bytes_received(self) -> int:
        """Count the bytes of the right content received so far.

        There are none where nothing could tell whether a rest belongs to them: without a known checksum, of
        content that the server gave neither ETag nor date.
        """
        point = self._resume_point()
        if point is None or not self.partial.exists():
            return 0
        if self.remote.checksum is None and point.validator is None:
            return 0
        if self.partial.is_symlink() or self.partial.stat().st_nlink > 1:  # another file would grow
            self.partial.unlink()
            return 0
        size = self.partial.stat().st_size
        return size if size <= self.remote.size else 0

    def is_whole(self) -> bool:
        """Tell whether the whole file is there, by its size and checksum; all of it is read.

        Where the listing gives no checksum, the size alone tells.
        """
        target, known = self.target, self.remote.checksum
        if not target.is_file() or target.stat().st_size != self.remote.size:
            return False
        return known is None or checksum(target, known[0]) == known[1]

    def receive(self, client: httpx.Client, policy: RetryPolicy, report: Report = silent) -> None:
        """Bring the partial file to its full size, going on from the bytes already there.

        Args:
            client: HTTP client that makes the requests.
            policy: Number of tries after a failure that may pass, and the waits between them.
            report: Called with the bytes received and the bytes in all.

        Raises:
            DiskFull: The disk has no room left; the bytes received stay.
            Failure: The network or the disk fails, or the server sends something else than the file; the
                bytes received stay.
        """
        retry(lambda: self._attempt(client, report), self.remote.addresses[-1], policy, self.bytes_received)

    def verify_and_rename(self) -> Path:
        """Compare the checksum of the received file, where one is known, and give it its name.

        Returns:
            Path of the whole file.

        Raises:
            Failure: The checksum differs; the file is removed, so that the next run starts afresh.
        """
        known = self.remote.checksum
        found = None if known is None else checksum(self.partial, known[0])
        if known is not None and found != known[1]:
            self.clear()
            raise Failure(
                f"{self.remote.name} came with the wrong checksum ({known[0]} {found} where {known[1]} is "
                "published) and has been removed; run the same command again to fetch it afresh"
            )
        self.partial.replace(self.target)
        self.clear()
        return self.target

    def clear(self) -> None:
        """Remove the partial file and the description beside it."""
        self.partial.unlink(missing_ok=True)
        self.resume_file.unlink(missing_ok=True)

    def _resume_point(self) -> ResumePoint | None:
        """Read which content the partial file begins; None where that is unknown or another content."""
        try:
            point = read_json(self.resume_file, ResumePoint, "record of a download")
        except InputError:
            return None
        remote = self.remote
        same = (point.size, point.md5, point.sha256) == (remote.size, remote.md5, remote.sha256)
        if remote.checksum is None:  # then the address tells
            same = same and any(point.is_from(address) for address in remote.addresses)
        return point if same else None

    def _attempt(self, client: httpx.Client, report: Report) -> None:
        """Ask every address in turn for what is missing, and take it from the first that sends it.

        An address that does not answer with the file, or with the whole where the rest was asked for,
        is passed over as long as another is left.
        """
        received = self.bytes_received()
        if received and received == self.remote.size:
            return
        for address in self.remote.addresses:
            link = self.links.link(address)
            with client.stream("GET", link, headers=self._headers(address, received)) as response:
                raise_transient(response)
                if response.status_code in _REFUSED and self.links.renew(address):
                    raise TransientError("the link to it is no longer valid")
                objection = self._objection(response, address, received)
                whole = response.status_code == 200
                if address != self.remote.addresses[-1] and (objection is not None or (whole and received)):
                    continue
                if objection is not None and response.status_code in (206, 416):
                    self.clear()
                    raise TransientError("the file there is not the one that was begun")
                if objection is not None:
                    raise Failure(objection)
                self._take(response, address, 0 if whole else received, report)
                return

    def _headers(self, address: str, received: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        point = self._resume_point()
        if received:
            headers["Range"] = f"bytes={received}-"
        if received and point is not None and point.is_from(address) and point.validator is not None:
            headers["If-Range"] = point.validator
        return headers

    def _fits(self, response: httpx.Response, address: str, received: int) -> bool:
        """Tell whether a partial answer continues the partial file."""
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("content-range", ""))
        if found is None:
            return False
        first, total = int(found[1]), found[3]
        fits = first == received and total in ("*", str(self.remote.size))
        return fits and not self._changed(response, address)

    def _changed(self, response: httpx.Response, address: str) -> bool:
        """Tell whether a response may be of other content than the partial file.

        Where a checksum is known the whole is compared in the end; without one only the same ETag or date of
        the same address tells that nothing changed.
        """
        point, validator = self._resume_point(), _validator(response)
        if point is None:
            return False
        if self.remote.checksum is None:
            return not point.is_from(address) or point.validator != validator
        known = point.is_from(address) and None not in (point.validator, validator)
        return known and point.validator != validator

    def _objection(self, response: httpx.Response, address: str, received: int) -> str | None:
        """Say in a sentence why `response` cannot be the file, or its rest; None where it can."""
        name, status = self.remote.name, response.status_code
        if status == 206:
            return (
                None if self._fits(response, address, received) else f"{address} sends another part of {name}"
            )
        if status != 200:
            return (
                f"{address} answers {status} {response.reason_phrase} instead of sending {name}; "
                "see whether it is still public, and run the same command again"
            )
        if response.headers.get("content-type", "").startswith("text/html") and not name.endswith(".html"):
            return self._impostor(address, "a web page")
        length = response.headers.get("content-length")
        if length is not None and int(length) != self.remote.size:
            return self._impostor(address, f"{length} bytes")
        return None

    def _impostor(self, address: str, what: str) -> str:
        return (
            f"{address} sends {what} in place of {self.remote.name} ({self.remote.size} bytes); "
            "see whether a login page or proxy stands in between, and run the same command again"
        )

    def _take(self, response: httpx.Response, address: str, received: int, report: Report) -> None:
        """Append the body of `response` to the partial file, which is begun anew where `received` is 0."""
        blocks = response.iter_raw()
        if received == 0:
            first = next(blocks, b"")
            if self.remote.is_zip and not first.startswith(_ZIP_START[: len(first)]):
                raise Failure(self._impostor(address, f"something that starts with {first[:16]!r}"))
            if _PAGE_START.match(first) and not self.remote.name.endswith(".html"):
                raise Failure(self._impostor(address, "a web page"))
            self._begin(ResumePoint.from_response(self.remote, address, response))
            blocks = itertools.chain((first,), blocks)
        report(received, self.remote.size)
        with write_errors(self.partial), self.partial.open("ab") as file:
            for block in blocks:
                received += len(block)
                if received > self.remote.size:
                    break
                file.write(block)
                report(received, self.remote.size)
        if received > self.remote.size:
            self.clear()
            raise Failure(self._impostor(address, "more bytes"))
        if received < self.remote.size:
            raise TransientError(f"the connection ended after {received} of {self.remote.size} bytes")

    def _begin(self, point: ResumePoint) -> None:
        """Remove what is there, then describe what comes now: bytes never outlive their description."""
        with write_errors(self.partial):
            self.clear()
            write_json(self.resume_file, point.model_dump(mode="json"))


def _validator(response: httpx.Response) -> str | None:
    """Take the strong ETag of a response, else its Last-Modified date, else None."""
    etag: str | None = response.headers.get("etag")
    if etag is not None and not etag.startswith("W/"):
        return etag
    modified: str | None = response.headers.get("last-modified")
    return modified


def resume_path(target: Path) -> Path:
    """Name the description of the content whose beginning lies in the partial file of `target`."""
    return target.with_name(f".{target.name}.resume.json")
