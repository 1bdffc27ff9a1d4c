"""The stages of a run, each done again only when one of its inputs has changed.

The key of a stage is the hash of its inputs: fingerprints of its input files, its part of the configuration,
the results of earlier stages, and the version of the package. Its record, written last, holds the key, the
result, and the SHA-256 of the files that the stage made: a stage that was killed has no record.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Generic, Literal, TypeVar

from pydantic import JsonValue, field_validator
from pydantic_core import to_jsonable_python

import oemsar
from oemsar.config_file import Value, read_json
from oemsar.errors import InputError
from oemsar.files import checksum, write_json
from oemsar.fingerprint import Unchanged
from oemsar.record import RunRecord, run_record

log = logging.getLogger(__name__)

StageState = Literal["done", "skipped"]
Result = TypeVar("Result", bound=Value)


class NoResult(Value):
    """Result of a stage that only makes files."""


@dataclass(frozen=True)
class StageOutput(Generic[Result]):
    """Result and files of a stage.

    Attributes:
        result: Result that later stages and the record use.
        files: Files that the stage made, all in the folder of the run.
    """

    result: Result
    files: Sequence[Path]


class StageRecord(Value):
    """Record of a stage that is whole."""

    format: int = 1
    """Version of this record's layout."""
    key: str
    """Hash of the inputs of the stage."""
    result: dict[str, JsonValue]
    """Result of the stage as plain values."""
    files: dict[str, str]
    """SHA-256 of each file that the stage made, by its path in the folder of the run."""
    record: RunRecord
    """Run that did the stage."""

    @field_validator("files")
    @classmethod
    def _lie_in_the_folder(cls, files: dict[str, str]) -> dict[str, str]:
        for file in files:
            if PurePath(file).is_absolute() or ".." in PurePath(file).parts:
                raise InputError(f"{file} lies outside of the folder of the run", option="files")
        return files


@dataclass
class Pipeline:
    """The stages of one folder.

    Attributes:
        out: Folder of the run.
        config: Configuration of the run as plain values.
        final: File that is written last of all, and removed before anything that it describes changes.
        watched: Inputs of the run, none of which may change before a stage is recorded.
        states: State of each stage in order, done or skipped.
    """

    out: Path
    config: dict[str, JsonValue]
    final: Path
    watched: Unchanged = field(default_factory=lambda: Unchanged({}))
    states: dict[str, StageState] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Folder of the records, and of files that only the stages themselves need."""
        return self.out / "stages"

    def is_begun(self) -> bool:
        """Tell whether the folder holds the record of a stage that is whole."""
        return any(self.record(path.stem) is not None for path in self.folder.glob("*.json"))

    def run(
        self,
        name: str,
        kind: type[Result],
        inputs: Mapping[str, object],
        work: Callable[[], StageOutput[Result]],
    ) -> Result:
        """Give the result of a stage: the recorded one where no input has changed, else that of `work`.

        Args:
            name: Name of the stage.
            kind: Type of the result.
            inputs: Everything that decides the result; values that can be written as JSON.
            work: Function that does the stage.
        """
        key = _key(name, inputs)
        record = self.record(name)
        if record is not None and record.key == key and self._whole(record):
            with suppress(InputError):  # a damaged result is made again
                result = kind.model_validate(record.result)
                log.info("%s: unchanged, skipped", name)
                self.states[name] = "skipped"
                return result
        self.final.unlink(missing_ok=True)
        self._path(name).unlink(missing_ok=True)
        log.info("%s: started", name)
        output = work()
        self.watched.require()
        made = StageRecord(
            key=key,
            result=output.result.model_dump(mode="json"),
            files={path.relative_to(self.out).as_posix(): checksum(path) for path in output.files},
            record=run_record(self.config),
        )
        write_json(self._path(name), made.model_dump(mode="json"))
        self.states[name] = "done"
        return output.result

    def record(self, name: str) -> StageRecord | None:
        """Read the record of a stage; None where it has none that can be read."""
        try:
            return read_json(self._path(name), StageRecord, "record of a stage")
        except InputError:
            return None

    def withdraw(self, names: Sequence[str]) -> None:
        """Remove the files of stages, because they no longer belong to the stages before them."""
        self.final.unlink(missing_ok=True)
        for name in names:
            record = self.record(name)
            self._path(name).unlink(missing_ok=True)
            for file in {} if record is None else record.files:
                (self.out / file).unlink(missing_ok=True)

    def _whole(self, record: StageRecord) -> bool:
        files = ((self.out / file, digest) for file, digest in record.files.items())
        return all(path.is_file() and checksum(path) == digest for path, digest in files)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _key(name: str, inputs: Mapping[str, object]) -> str:
    content = {"stage": name, "version": oemsar.__version__, **inputs}
    return hashlib.sha256(json.dumps(to_jsonable_python(content), sort_keys=True).encode()).hexdigest()
