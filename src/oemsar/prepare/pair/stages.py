"""Stages of a run, each made again only when what it is made of has changed.

A stage's key is the hash of all it is made of: sha256 of its input files, its part of the configuration, the
results of earlier stages, and the version of the package. Its stamp, written last, holds the key, what came
out, and the sha256 of the files it made: a stage whose run was killed has none.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import oemsar
from oemsar.files import checksum, write_json
from oemsar.record import run_record

log = logging.getLogger(__name__)

State = Literal["done", "skipped"]


class Made(NamedTuple):
    """What a stage leaves.

    Attributes:
        result: plain values.
        files: it made, all in the folder of the run.
    """

    result: dict[str, Any]
    files: Sequence[Path]


@dataclass(frozen=True)
class Stamp:
    """What is known of a stage that is whole.

    Attributes:
        key: hash of what it was made of.
        result: plain values.
        files: sha256 of each file it made, by its path in the folder of the run.
        record: of the run that made it.
    """

    key: str
    result: dict[str, Any]
    files: dict[str, str]
    record: dict[str, Any]


@dataclass
class Stages:
    """The stages of one folder.

    Attributes:
        out: folder of the run.
        config: of the run, as plain values.
        final: written last of all; removed before anything it speaks of changes.
        states: what became of each stage, in order.
    """

    out: Path
    config: dict[str, Any]
    final: Path
    states: dict[str, State] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the stamps lie, and what only the stages themselves need."""
        return self.out / "stages"

    def run(self, name: str, made_of: Mapping[str, Any], work: Callable[[], Made]) -> dict[str, Any]:
        """The result of a stage: that of its stamp where nothing changed, else of `work`.

        Args:
            name: of the stage.
            made_of: everything that decides the result, plain values.
            work: makes it.
        """
        key = _key(name, made_of)
        stamp = self.stamp(name)
        if stamp is not None and stamp.key == key and self._whole(stamp):
            log.info("%s: unchanged, skipped", name)
            self.states[name] = "skipped"
            return stamp.result
        self.final.unlink(missing_ok=True)
        self._path(name).unlink(missing_ok=True)
        log.info("%s: started", name)
        made = work()
        files = {path.relative_to(self.out).as_posix(): checksum(path) for path in made.files}
        write_json(self._path(name), asdict(Stamp(key, made.result, files, run_record(self.config).plain())))
        self.states[name] = "done"
        return made.result

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a stage; None where it has none that can be read."""
        try:
            return Stamp(**json.loads(self._path(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def withdraw(self, names: Sequence[str]) -> None:
        """Take away what stages made, because it no longer belongs to what came before them."""
        self.final.unlink(missing_ok=True)
        for name in names:
            stamp = self.stamp(name)
            self._path(name).unlink(missing_ok=True)
            for file in {} if stamp is None else stamp.files:
                (self.out / file).unlink(missing_ok=True)

    def _whole(self, stamp: Stamp) -> bool:
        files = ((self.out / file, digest) for file, digest in stamp.files.items())
        return all(path.is_file() and checksum(path) == digest for path, digest in files)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _key(name: str, made_of: Mapping[str, Any]) -> str:
    content = {"stage": name, "version": oemsar.__version__, **made_of}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
