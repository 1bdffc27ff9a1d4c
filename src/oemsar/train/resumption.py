"""Checks of a resumed run: whether its inputs are those that it began with."""

import logging

from oemsar.dataset.state import TilesState
from oemsar.errors import InputError
from oemsar.record import origin, package_versions
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


def require_same_encoder(options: RunOptions, record: TrainingRecord) -> None:
    """Check that a resumed run without a checkpoint starts from the encoder file it was begun with.

    Raises:
        InputError: The file changed.
    """
    if options.encoder_weights is None or record.encoder_weights is None:
        return
    if origin(options.encoder_weights).sha256 != record.encoder_weights.sha256:
        raise InputError(
            f"{options.encoder_weights} is not the file that the run in {options.out} began with; choose "
            "another folder",
            option="encoder_weights",
        )


def tell_of_versions(record: TrainingRecord) -> None:
    """Log which packages have other versions than when the run of a record began."""
    now = package_versions()
    changed = [
        f"{name} {was} (now {now.get(name)})" for name, was in record.versions.items() if now.get(name) != was
    ]
    if changed:
        log.warning("the run was begun with %s", ", ".join(changed))
