"""GeoTIFFs that lie on the disk whole.

GDAL writes the last blocks and the directories of a GeoTIFF as it closes it, and loses the errors that it
meets there: on a disk that is full, a truncated file looks like a success. Reading back every pixel would
take as long as writing it; that every block lies in the file, and none over another, is seen in the
directories.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import (
    STRIPBYTECOUNTS,
    STRIPOFFSETS,
    TILEBYTECOUNTS,
    TILEOFFSETS,
    ImageFileDirectory_v2,
)

from oemsar.disk import broken_write

_BIG = 43
"""Third byte of a BigTIFF, or fourth where the bytes are in the other order."""


def require_whole(file: Path, path: Path) -> None:
    """Check that every block of a GeoTIFF was written.

    Args:
        file: GeoTIFF that GDAL has closed.
        path: Name that it is going to have, for the sentence.

    Raises:
        DiskFull: A block is missing, or the file is cut short.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            blocks = list(_blocks(file))
    except Exception as error:  # Pillow meets a directory that was cut short in many ways
        raise broken_write(path) from error
    if not blocks:
        raise broken_write(path)
    starts = np.concatenate([offsets for offsets, _ in blocks])
    sizes = np.concatenate([counts for _, counts in blocks])
    order = np.argsort(starts, kind="stable")
    ends = (starts + sizes)[order]
    inside = sizes.min() > 0 and starts.min() > 0 and ends.max() <= file.stat().st_size
    if not inside or np.any(starts[order][1:] < ends[:-1]):
        raise broken_write(path)


def _blocks(file: Path) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the offsets and the sizes of the blocks of each directory."""
    with file.open("rb") as stream:
        header = stream.read(8)
        if _BIG in header[2:4]:
            header += stream.read(8)
        directory = ImageFileDirectory_v2(header)
        while directory.next:
            stream.seek(directory.next)
            directory.load(stream)
            tags = (
                (STRIPOFFSETS, STRIPBYTECOUNTS)
                if STRIPOFFSETS in directory
                else (TILEOFFSETS, TILEBYTECOUNTS)
            )
            offsets, counts = (np.atleast_1d(np.asarray(directory[tag], np.int64)) for tag in tags)
            yield offsets, counts
