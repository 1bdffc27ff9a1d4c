"""The transfer of one file, which goes on where an earlier one broke off."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from oemsar.dataset.download.disk_space import disk_errors
from oemsar.dataset.download.retry import Hindrance, Patience, insist, refuse_passing
from oemsar.dataset.download.zenodo import RemoteFile
from oemsar.errors import Failure
from oemsar.files import checksum, partial_path, write_json
from oemsar.progress import Report, silent

_ZIP_START = b"PK"


class _ResumePoint(BaseModel):
    """What the bytes of a partial file are the beginning of; stands beside it.

    `validator` is the strong ETag or the date that `address` gave its content, sent back in If-Range
    (RFC 9110 section 13.1.5) so that a changed file comes whole and not as a wrong rest.
    """

    model_config = ConfigDict(frozen=True)

    size: int
    md5: str
    address: str
    validator: str | None

    @classmethod
    def of(cls, remote: RemoteFile, address: str, response: httpx.Response) -> Self:
        return cls(size=remote.size, md5=remote.md5, address=address, validator=_validator(response))


@dataclass(frozen=True)
class Landing:
    """Where a remote file comes down: `NAME` in `folder`, and `.NAME.partial` until it is whole.

    The partial file is only ever appended to, so that whatever kills the process leaves a beginning
    of the content; `.NAME.resume.json` says of which content.
    """

    remote: RemoteFile
    folder: Path

    @property
    def target(self) -> Path:
        """The whole file."""
        return self.folder / self.remote.name

    @property
    def partial(self) -> Path:
        """The bytes that have come so far."""
        return partial_path(self.target)

    @property
    def note(self) -> Path:
        """What the partial file is the beginning of."""
        return self.folder / f".{self.remote.name}.resume.json"

    def kept(self) -> int:
        """Bytes of this very content that have come so far."""
        if self._resume_point() is None or not self.partial.exists():
            return 0
        size = self.partial.stat().st_size
        return size if size <= self.remote.size else 0

    def is_whole(self) -> bool:
        """Whether the whole file is there, by its size and checksum; reads all of it."""
        target = self.target
        if not target.is_file() or target.stat().st_size != self.remote.size:
            return False
        return checksum(target, "md5") == self.remote.md5

    def receive(self, client: httpx.Client, patience: Patience, report: Report = silent) -> None:
        """Bring the partial file to its full size, going on from the bytes already there.

        Args:
            client: makes the requests.
            patience: how often to try again after a failure that may pass.
            report: told the bytes that are there and the bytes in all.

        Raises:
            Failure: the network or the disk fails, or the server sends something else than the file.
                What has come of the file is kept.
        """
        insist(lambda: self._attempt(client, report), self.remote.addresses[-1], patience, self.kept)

    def accept(self) -> Path:
        """Compare the checksum of the received file and give it its name.

        Raises:
            Failure: it differs; the file is removed, so that the next run starts afresh.
        """
        found = checksum(self.partial, "md5")
        if found != self.remote.md5:
            self.clear()
            raise Failure(
                f"{self.remote.name} came with the wrong checksum (md5 {found} where the record says "
                f"{self.remote.md5}) and has been removed; run the same command again to fetch it afresh"
            )
        self.partial.replace(self.target)
        self.clear()
        return self.target

    def clear(self) -> None:
        """Remove the partial file and its note."""
        self.partial.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _resume_point(self) -> _ResumePoint | None:
        """What the partial file is the beginning of; None where that is unknown or another content."""
        if not self.note.exists():
            return None
        try:
            point = _ResumePoint.model_validate_json(self.note.read_bytes())
        except ValidationError:
            return None
        return point if (point.size, point.md5) == (self.remote.size, self.remote.md5) else None

    def _attempt(self, client: httpx.Client, report: Report) -> None:
        """Ask every address in turn for what is missing, and take it from the first that sends it.

        An address that does not answer with the file, or with the whole where the rest was asked for,
        is passed over as long as another is left.
        """
        kept = self.kept()
        if kept and kept == self.remote.size:
            return
        for address in self.remote.addresses:
            with client.stream("GET", address, headers=self._headers(address, kept)) as response:
                refuse_passing(response)
                objection = self._objection(response, address, kept)
                whole = response.status_code == 200
                if address != self.remote.addresses[-1] and (objection is not None or (whole and kept)):
                    continue
                if objection is not None and response.status_code in (206, 416):
                    self.clear()
                    raise Hindrance("the file there is not the one that was begun")
                if objection is not None:
                    raise Failure(objection)
                self._take(response, address, 0 if whole else kept, report)
                return

    def _headers(self, address: str, kept: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        point = self._resume_point()
        if kept:
            headers["Range"] = f"bytes={kept}-"
        if kept and point is not None and point.address == address and point.validator is not None:
            headers["If-Range"] = point.validator
        return headers

    def _fits(self, response: httpx.Response, address: str, kept: int) -> bool:
        """Whether a partial answer continues the partial file."""
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("content-range", ""))
        if found is None:
            return False
        first, total = int(found[1]), found[3]
        point = self._resume_point()
        validator = _validator(response)
        changed = (
            point is not None
            and point.address == address
            and None not in (point.validator, validator)
            and point.validator != validator
        )
        return first == kept and total in ("*", str(self.remote.size)) and not changed

    def _objection(self, response: httpx.Response, address: str, kept: int) -> str | None:
        """Why `response` cannot be the file, or its rest, in a sentence; None where it can."""
        name, status = self.remote.name, response.status_code
        if status == 206:
            return None if self._fits(response, address, kept) else f"{address} sends another part of {name}"
        if status != 200:
            return (
                f"{address} answers {status} {response.reason_phrase} instead of sending {name}; "
                "see whether the record is still public, and run the same command again"
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

    def _take(self, response: httpx.Response, address: str, kept: int, report: Report) -> None:
        """Append the body of `response` to the partial file, which is begun anew where `kept` is 0."""
        blocks = response.iter_raw()
        if kept == 0:
            first = next(blocks, b"")
            if self.remote.is_zip and not first.startswith(_ZIP_START[: len(first)]):
                raise Failure(self._impostor(address, f"something that starts with {first[:16]!r}"))
            self._begin(_ResumePoint.of(self.remote, address, response))
            blocks = itertools.chain((first,), blocks)
        report(kept, self.remote.size)
        with disk_errors(self.partial), self.partial.open("ab") as file:
            for block in blocks:
                kept += len(block)
                if kept > self.remote.size:
                    break
                file.write(block)
                report(kept, self.remote.size)
        if kept > self.remote.size:
            self.clear()
            raise Failure(self._impostor(address, "more bytes"))
        if kept < self.remote.size:
            raise Hindrance(f"the connection ended after {kept} of {self.remote.size} bytes")

    def _begin(self, point: _ResumePoint) -> None:
        """Throw away what is there and note what comes now, in this order: bytes never outlive their note."""
        with disk_errors(self.partial):
            self.clear()
            write_json(self.note, point.model_dump())


def _validator(response: httpx.Response) -> str | None:
    """The strong ETag of a response, else its Last-Modified date, else None."""
    etag: str | None = response.headers.get("etag")
    if etag is not None and not etag.startswith("W/"):
        return etag
    modified: str | None = response.headers.get("last-modified")
    return modified
