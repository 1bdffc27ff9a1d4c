"""The record of a folder of scenes: the files that were fetched there, and what the folder may hold."""

import hashlib
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, JsonValue

from oemsar.config_file import Config, Value, read_json
from oemsar.errors import InputError
from oemsar.files import checksum, partial_path, write_json
from oemsar.folders import strangers
from oemsar.record import RunRecord, run_record
from oemsar.scenes.download import original_path
from oemsar.scenes.scene import wkt_of
from oemsar.scenes.source import Order
from oemsar.web.transfer import resume_path

_log = logging.getLogger(__name__)

RECORD = "fetched.json"
"""Name of the record in the folder."""


class FetchedFile(Value):
    """A file that was fetched."""

    file: str
    """Path below the folder of the record, with slashes."""
    key: str
    """Digest of what was asked for: scene, asset and part."""
    size: int
    """Bytes of the file."""
    sha256: str
    """SHA-256 of its content, hexadecimal."""
    source: str
    """Name of the source."""
    scene: str
    """Name of the scene."""
    asset: str
    """Name of the file within the scene."""
    address: str
    """Address that it came from, without a key."""
    year: int | None
    """Year of the acquisition; None where the source does not tell."""
    licence: str
    """Terms of the data."""
    attribution: str
    """Words that whoever publishes the data must carry."""
    redistributable: bool
    """Whether the terms let copies be published."""


class FetchRecord(Value):
    """Content of the record."""

    format: int = 1
    """Version of the record's layout."""
    files: tuple[FetchedFile, ...] = ()
    """Files that are whole, in the order in which they were fetched."""
    begun: dict[str, str] = Field(default={})
    """Files that were begun, by path, and what was asked for."""
    record: RunRecord
    """The last run that fetched a file."""


class Ledger:
    """Files of a folder of scenes, kept in its record.

    Attributes:
        folder: Folder of the scenes.
    """

    def __init__(self, folder: Path, record: FetchRecord) -> None:
        self.folder = folder
        self._record = record

    @classmethod
    def open(cls, folder: Path, config: Config, inputs: Sequence[Path] = ()) -> "Ledger":
        """Read the record of a folder that is empty or was filled by the same verb.

        Args:
            folder: Folder of the scenes.
            config: Configuration of the verb.
            inputs: Files that the verb reads, which may lie in the folder.

        Raises:
            InputError: The folder holds something else, or its record is damaged.
        """
        path, now = folder / RECORD, run_record(config)
        if path.is_file():
            known = read_json(path, FetchRecord, "record of fetched scenes")
            return cls(folder, known.model_copy(update={"record": now}))
        if (stranger := next(strangers(folder, inputs), None)) is not None:
            raise InputError(
                f"{folder} holds {stranger.name}, which this command did not write; choose an empty folder"
            )
        return cls(folder, FetchRecord(record=now))

    def has(self, name: str, key: str) -> bool:
        """Tell whether a file is there whole, as it was asked for; all of it is read.

        Raises:
            InputError: A file of another origin is there.
        """
        path, known = self.folder / name, self._known(name)
        if known is not None and known.key == key and path.is_file():
            return path.stat().st_size == known.size and checksum(path) == known.sha256
        if known is None and name not in self._record.begun and path.exists():
            raise InputError(f"{path} is there and was not fetched by this command; move it away")
        return False

    def begin(self, name: str, key: str) -> None:
        """Note that a file is begun, so that a later call knows it as its own.

        One that lies there under its name is another one, unless it became whole in the moment in which an
        earlier call was killed.
        """
        target = self.folder / name
        if self._record.begun.get(name) != key:
            if target.exists():
                _log.warning("%s is not the file that is asked for and will be replaced", target)
            _remove(target)
        self._write(begun={**self._record.begun, name: key})

    def finish(self, file: FetchedFile) -> None:
        """Note that a file is whole."""
        others = tuple(each for each in self._record.files if each.file != file.file)
        begun = {name: key for name, key in self._record.begun.items() if name != file.file}
        self._write(files=(*others, file), begun=begun)

    def _known(self, name: str) -> FetchedFile | None:
        return next((each for each in self._record.files if each.file == name), None)

    def _write(self, **changes: object) -> None:
        self._record = self._record.model_copy(update=changes)
        write_json(self.folder / RECORD, self._record.model_dump(mode="json"))


def file_key(order: Order) -> str:
    """Digest what is asked for, so that a file is known again only as the same one."""
    window = None if order.window is None else wkt_of(order.window)
    asked: list[JsonValue] = [
        order.scene.source,
        order.scene.name,
        order.scene.footprint,
        order.asset.model_dump_json(),
        window,
    ]
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def _remove(target: Path) -> None:
    """Remove a file and what was begun of it, by a transfer or by work on an image."""
    target.unlink(missing_ok=True)
    for path in (partial_path(target), resume_path(target), original_path(target)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
