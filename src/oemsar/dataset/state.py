"""State of the files of tiles, by which a resumed work knows that they are the files that it began with."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from oemsar.config_file import Value
from oemsar.dataset.table import table_files
from oemsar.dataset.tile import Tile

_SAMPLED = 1000
"""Number of files whose content is sampled, evenly spread over all of them."""
_SAMPLE = 4096
"""Bytes of a sample; a file has three: its beginning, its middle and its end."""


class TilesState(Value):
    """State of the images and labels of tiles."""

    content: str
    """Digest over the size of every file and over samples of up to 1000 of them."""
    times: str
    """Digest over the times at which the files were last modified."""


def tiles_state(tiles: Sequence[Tile]) -> TilesState:
    """Take the state of the files of tiles.

    Reading every pixel of a dataset would take minutes, so a change that leaves the size of a file as it is
    can stay unnoticed. Dates do not count by themselves: a copied dataset is the same dataset.
    """
    files = table_files(tiles, tiles)
    sampled = set(range(0, len(files), max(1, -(-len(files) // _SAMPLED))))
    content, times = hashlib.sha256(), hashlib.sha256()
    for number, file in enumerate(files):
        size, changed, samples = _look_at(file, sample=number in sampled)
        content.update(f"{file.name} {size} ".encode("utf-8", "surrogateescape") + samples)
        times.update(f"{changed} ".encode())
    return TilesState(content=content.hexdigest(), times=times.hexdigest())


def _look_at(path: Path, *, sample: bool) -> tuple[int, int, bytes]:
    """Find size and time of modification of a file, and its samples; of a missing file nothing."""
    try:
        stat = path.stat()
        if not sample or not path.is_file():
            return stat.st_size, stat.st_mtime_ns, b""
        with path.open("rb") as file:
            samples = []
            for share in (0, 1, 2):
                file.seek(max(0, stat.st_size - _SAMPLE) * share // 2)
                samples.append(file.read(_SAMPLE))
    except OSError:
        return -1, 0, b""
    return stat.st_size, stat.st_mtime_ns, b"".join(samples)
