"""Checks of a resumed run: whether its inputs are those that it began with."""

import logging
from pathlib import Path

from oemsar.dataset.state import TilesState
from oemsar.errors import InputError
from oemsar.models.saved import model_files
from oemsar.record import FileOrigin, origin, package_versions
from oemsar.train.config import RunOptions
from oemsar.train.run_folder import TrainingRecord

log = logging.getLogger(__name__)


def require_same_files(options: RunOptions, record: TrainingRecord, files: TilesState) -> None:
    """Check that a resumed run reads the images and labels that it began with.

    Args:
        options: Options of the present command.
        record: Record of the run.
        files: State of the files of its tiles.

    Raises:
        InputError: One of them changed.
    """
    if record.files is None:
        return
    if record.files.content != files.content:
        raise InputError(
            f"images or labels changed since the run in {options.out} began; choose another folder",
            option="out",
        )
    if record.files.times != files.times:
        log.warning("images and labels have other dates than when the run began; their content is the same")


def require_same_start(options: RunOptions, record: TrainingRecord) -> None:
    """Check that a resumed run without a checkpoint starts from the weights it was begun with.

    Raises:
        InputError: A file of weights changed.
    """
    if options.encoder_weights is not None:
        _require_same(options, "encoder_weights", options.encoder_weights, record.encoder_weights)
    if options.init is not None and record.transfer is not None:
        weights, description = model_files(options.init)
        _require_same(options, "init", weights, record.transfer.weights)
        _require_same(options, "init", description, record.transfer.description)


def require_same_teachers(options: RunOptions, record: TrainingRecord) -> None:
    """Check that a resumed run has the teachers it was begun with.

    Raises:
        InputError: Weights or description of one changed.
    """
    files = [file for path in options.teacher for file in model_files(path)]
    for file, was in zip(files, record.teachers, strict=True):
        _require_same(options, "teacher", file, was)


def _require_same(options: RunOptions, option: str, file: Path, was: FileOrigin | None) -> None:
    if was is not None and origin(file).sha256 != was.sha256:
        raise InputError(
            f"{file} is not the file that the run in {options.out} began with; choose another folder",
            option=option,
        )


def tell_of_versions(record: TrainingRecord) -> None:
    """Log which packages have other versions than when the run of a record began."""
    now = package_versions()
    changed = [
        f"{name} {was} (now {now.get(name)})" for name, was in record.versions.items() if now.get(name) != was
    ]
    if changed:
        log.warning("the run was begun with %s", ", ".join(changed))
