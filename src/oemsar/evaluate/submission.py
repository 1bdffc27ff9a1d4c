"""Scores of a contest submission, from whoever it comes: a flat zip of one PNG of class ids a tile."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from oemsar.archives import ZIP_FAULTS
from oemsar.dataset.layouts import natural_order
from oemsar.dataset.pixels import read_label
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.scores import Scores
from oemsar.legend import MAX_ID, NUM_CLASSES
from oemsar.limits import require_regular
from oemsar.progress import Report, silent
from oemsar.sources import require_unlinked

_LABEL_SUFFIXES = (".tif", ".tiff", ".png")
_SPARE_BYTES = 1 << 20
"""Bytes that a PNG may hold beside its pixels: header, palette, remarks."""


def score_submission(submission: Path, labels: Path, *, report: Report = silent) -> Scores:
    """Score a submission against the published labels of val or test, all pixels in one confusion matrix.

    Nothing is extracted; every file is read within a limit of size, and its header before its pixels.

    Args:
        submission: Flat zip of `NAME.png`, one band of ids 1..8, one for each label and no other.
        labels: Folder of `NAME.tif`, ids 0..8; pixels of 0 (unknown) are not scored.
        report: Called after each tile.

    Raises:
        InputError: The submission is not as it must be; the first fault is named. Id 0 is one: the contest
            has the classes 1 to 8.
    """
    truths = _labels(labels)
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    with _opened(submission) as archive:
        entries = _entries(archive, submission, truths)
        for done, (name, path) in enumerate(truths.items(), 1):
            truth = read_label(Tile(name, "test", (0, 0), real_label=path))
            confusion += confusion_matrix(truth, _read_map(archive, entries[name], submission, truth.shape))
            report(done, len(truths))
    return Scores.from_confusion(confusion)


def _labels(folder: Path) -> dict[str, Path]:
    """Find the label files in a folder by name of their tile, in the order of the names, numbers counted."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder of the published labels")
    paths = {
        path.stem: path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in _LABEL_SUFFIXES and path.name[0] != "."
    }
    if not paths:
        raise InputError(f"{folder} has no label (.tif); name the folder that holds them, such as labels")
    for path in paths.values():
        require_unlinked(path, folder)
    return {name: paths[name] for name in sorted(paths, key=natural_order)}


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    require_regular(path)
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, *ZIP_FAULTS) as error:
        raise InputError(f"{path} is not a readable zip ({error}); write it again") from error
    with archive:
        yield archive


def _entries(archive: zipfile.ZipFile, path: Path, truths: Mapping[str, Path]) -> dict[str, zipfile.ZipInfo]:
    """Find the files of the zip by name of their tile, and check that each belongs there."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name, dot, suffix = entry.filename.rpartition(".")
        if "/" in entry.filename or "\\" in entry.filename:
            raise InputError(f"{path} has {entry.filename} in a folder; put every PNG at the top of the zip")
        if f"{dot}{suffix}".lower() != ".png":
            raise InputError(f"{path} has {entry.filename}, which is no PNG; keep only one PNG a tile")
        if name in entries:
            raise InputError(f"{path} has {entry.filename} twice; keep one")
        if name not in truths:
            raise InputError(f"{path} has {entry.filename}, a name that no label has; remove or rename it")
        if entry.flag_bits & 1:
            raise InputError(f"{path} has {entry.filename} under a password; write the zip without one")
        entries[name] = entry
    missing = [name for name in truths if name not in entries]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{path} lacks {missing[0]}.png{more}; add one PNG for each of {len(truths)} tiles")
    return entries


def _read_map(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Read the ids 1..8 of one tile, uint8, of that shape."""
    where = f"{path}: {entry.filename}"
    limit = shape[0] * shape[1] * 4 + _SPARE_BYTES
    try:
        with archive.open(entry) as file:
            content = file.read(limit + 1)
    except (OSError, RuntimeError, *ZIP_FAULTS) as error:
        raise InputError(f"{where} cannot be unpacked; write the zip again") from error
    if len(content) > limit:
        raise InputError(
            f"{where} is larger than any map of {shape[0]} x {shape[1]} ids can be; write it again"
        )
    ids = _decode(content, where, shape)
    wrong = ids[(ids == 0) | (ids > MAX_ID)]
    if wrong.size:
        raise InputError(f"{where} has value {wrong[0]}, outside 1..{MAX_ID}; write ids of the eight classes")
    return ids


def _decode(content: bytes, where: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Decode a PNG after its header was checked."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            found, mode = (image.height, image.width), image.mode
            if found != tuple(shape):
                raise InputError(
                    f"{where} has {found[0]} x {found[1]} pixels where its label has {shape[0]} x {shape[1]}"
                    "; write it at the size of the tile"
                )
            if mode not in ("L", "P"):
                raise InputError(f"{where} is a PNG of mode {mode}; write one 8-bit band of ids")
            return np.asarray(image)
    except (
        OSError,
        SyntaxError,
        ValueError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise InputError(f"{where} is not a readable PNG; write it again") from error
