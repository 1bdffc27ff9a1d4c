"""Ledger of a folder of downloads: the archives that this program wrote there, and so may replace."""

from dataclasses import dataclass, field
from pathlib import Path

from oemsar.config_file import Value, read_json
from oemsar.dataset.download.zenodo import ZenodoRecord
from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.folders import strangers
from oemsar.locks import HIDDEN

_LEDGER = f"{HIDDEN}downloads.json"
_EARLIER = (".*.extracted.json", ".*.resume.json")
"""Files by which the folder of an earlier version is recognised."""


class _Content(Value):
    """Content of the ledger's file."""

    files: tuple[str, ...]
    """Names of the archives that were begun."""
    format: int = 1
    """Version of the layout of the file."""


@dataclass
class Ledger:
    """Archives that were begun in a folder.

    Attributes:
        folder: Folder of the archives.
        files: Names of the archives.
    """

    folder: Path
    files: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, folder: Path, record: ZenodoRecord) -> "Ledger":
        """Read the ledger of a folder that is empty, of this program, or holds files of the record alone.

        Raises:
            InputError: The folder holds something else.
        """
        path = folder / _LEDGER
        if path.is_file():
            return cls(folder, set(read_json(path, _Content, "record of downloads").files))
        if any(next(folder.glob(pattern), None) for pattern in _EARLIER):
            return cls(folder, {remote.name for remote in record.files})
        names = {remote.name for remote in record.files}
        stranger = next((entry for entry in strangers(folder) if entry.name not in names), None)
        if stranger is not None:
            raise InputError(
                f"{folder} holds {stranger.name}, no file of record {record.id}; choose an empty folder"
            )
        return cls(folder)

    def add(self, name: str) -> None:
        """Note that an archive is begun."""
        self.files.add(name)
        self.save()

    def save(self) -> None:
        """Write the ledger, by which the folder is known as this program's; one that says the same stays."""
        path = self.folder / _LEDGER
        if path.is_file() and set(read_json(path, _Content, "record of downloads").files) == self.files:
            return
        write_json(path, _Content(files=tuple(sorted(self.files))).model_dump(mode="json"))

    def require_own(self, archive: Path) -> None:
        """Check that an archive which will be replaced was written by this program.

        Raises:
            InputError: It was not.
        """
        if archive.name not in self.files:
            raise InputError(
                f"{archive} is not the file of the record and was not written by this program; remove it or "
                "choose another folder"
            )
