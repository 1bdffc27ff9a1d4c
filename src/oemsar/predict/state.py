"""How far a map has come, kept beside it, so that the same command goes on where it was stopped."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oemsar.files import partial_path, write_json

_STATE = "state.json"


@dataclass(frozen=True)
class Progress:
    """What has been laid down so far.

    Attributes:
        rows: complete rows of windows.
        pixels: mapped pixels of each class, in legend order.
    """

    rows: int
    pixels: tuple[int, ...]


class ResumableMap:
    """The folder `.MAP.partial` in which a map is made.

    Killing the process leaves the rows that were complete; an interrupted row is done again and gives the
    same bytes.
    """

    def __init__(self, out: Path, task: dict[str, Any]) -> None:
        """Open the folder of `out`; what another task left in it is thrown away.

        Args:
            out: the map to be written.
            task: everything that decides the map's pixels, as plain values.
        """
        self.folder = partial_path(out)
        self._task = hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()
        self.progress = self._read()
        if self.progress is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()

    def save(self, progress: Progress) -> None:
        """Record that the rows up to `progress.rows` are on disk."""
        self.progress = progress
        state = {"task": self._task, "rows": progress.rows, "pixels": list(progress.pixels)}
        write_json(self.folder / _STATE, state)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> Progress | None:
        try:
            state = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if state["task"] != self._task:
            return None
        return Progress(state["rows"], tuple(state["pixels"]))


def file_identity(path: Path | None) -> list[Any] | None:
    """Path, size and time of change of a file: what tells that it is still the same one."""
    if path is None:
        return None
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]
