"""Answers of servers kept on disk, so that the same is not asked twice.

Own code and no caching client: how long an answer holds is said by who asks and not by the headers of the
server, and each answer is one file, written whole, that a killed process or a second one cannot break.
"""

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from oemsar.config_file import Value, parse_json
from oemsar.errors import InputError
from oemsar.files import atomic_write
from oemsar.web.remote_file import without_query

_VARIABLE = "OEMSAR_CACHE"
"""Environment variable of the folder in which answers are kept."""


class _Head(Value):
    """First line of a kept answer."""

    address: str
    """Address that was asked, without its query."""
    status: int
    """HTTP status of the answer: 200 or 404."""
    etag: str | None
    """Mark of the content by the server, for conditional requests."""
    time: float
    """Time at which the server last gave or confirmed it, seconds since 1970."""
    sha256: str
    """SHA-256 of the content, hexadecimal."""
    format: int = 1
    """Version of the layout of the file."""


@dataclass(frozen=True)
class Answer:
    """Answer of a server.

    Attributes:
        content: Bytes of the body; None where there is no such file.
        etag: Mark of the content by the server.
        age: Seconds since the server gave or confirmed it.
    """

    content: bytes | None
    etag: str | None
    age: float = 0.0


@dataclass(frozen=True)
class AnswerCache:
    """Folder of kept answers, which several commands may share.

    Attributes:
        folder: Folder; made when the first answer is kept.
    """

    folder: Path

    def find(self, address: str) -> Answer | None:
        """Find the answer kept for an address; None where there is none, or it is damaged."""
        try:
            line, _, content = self._path(address).read_bytes().partition(b"\n")
            head = _Head.model_validate(parse_json(line.decode()))
        except (OSError, ValueError, InputError):
            return None
        if hashlib.sha256(content).hexdigest() != head.sha256:
            return None
        return Answer(content if head.status == 200 else None, head.etag, max(0.0, time.time() - head.time))

    def keep(self, address: str, answer: Answer) -> None:
        """Keep an answer.

        Raises:
            InputError: The folder cannot be written to.
            DiskFull: The disk is full.
        """
        content = answer.content or b""
        head = _Head(
            address=without_query(address),
            status=404 if answer.content is None else 200,
            etag=answer.etag,
            time=time.time(),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        path = self._path(address)
        own = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        with atomic_write(own) as partial:
            partial.write_bytes(json.dumps(head.model_dump(mode="json")).encode() + b"\n" + content)
        own.replace(path)  # two commands may keep the same answer at once

    def _path(self, address: str) -> Path:
        name = hashlib.sha256(address.encode()).hexdigest()
        return self.folder / name[:2] / name


def cache_folder(chosen: Path | None = None) -> Path:
    """Find the folder of kept answers: the chosen one, that of OEMSAR_CACHE, or the user's own.

    The user's own is `oemsar` below XDG_CACHE_HOME, or below `~/.cache`.
    """
    if chosen is not None:
        return chosen
    if named := os.environ.get(_VARIABLE):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "oemsar"
