"""Pixels and segments of every class in the labels of a table, whole and by split, country and region."""

import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Self

import rasterio
from rasterio.errors import NotGeoreferencedWarning

from oemsar.dataset.pixels import read_label_file
from oemsar.dataset.segments import Connectivity, Counts, count_classes
from oemsar.dataset.tile import SPLITS, Tile
from oemsar.errors import InputError
from oemsar.legend import MAX_ID, NAMES
from oemsar.processes import map_in_processes
from oemsar.progress import Report, silent

Labels = Literal["table2", "pseudo", "real"]
LABELS: tuple[Labels, ...] = ("table2", "pseudo", "real")
"""Which labels are counted: one of each tile, pseudo where it has both; all pseudo; all real ones."""

Grouping = Literal["split", "country", "region"]
GROUPINGS: tuple[Grouping, ...] = ("split", "country", "region")

UNASSIGNED = "unassigned"
"""What a breakdown calls the tiles without a region or country."""

_CHUNK = 16
"""Labels handed to a process at once: a tenth of a second of work at the published size."""


@dataclass(frozen=True)
class ClassTally:
    """Pixels of a class, their share of all pixels (unknown included) in percent, and its segments."""

    pixels: int
    share_percent: float
    segments: int


@dataclass(frozen=True)
class Tally:
    """What a number of labels hold together.

    Attributes:
        tiles: number of labels.
        pixels: pixels of each id 0..8.
        segments: segments of each id 0..8.
    """

    tiles: int
    pixels: tuple[int, ...]
    segments: tuple[int, ...]

    @classmethod
    def of(cls, counts: Sequence[Counts]) -> Self:
        """The sum of `counts`, one of each label."""
        pixels, segments = [0] * (MAX_ID + 1), [0] * (MAX_ID + 1)
        for label in counts:
            for number in range(MAX_ID + 1):
                pixels[number] += int(label.pixels[number])
                segments[number] += int(label.segments[number])
        return cls(len(counts), tuple(pixels), tuple(segments))

    @property
    def classes(self) -> dict[str, ClassTally]:
        """The classes by name in legend order."""
        total = sum(self.pixels)
        return {
            name: ClassTally(self.pixels[number], 100 * self.pixels[number] / total, self.segments[number])
            for number, name in enumerate(NAMES, start=1)
        }


@dataclass(frozen=True)
class Breakdown:
    """The tally of all labels of a kind, and that of each group of tiles by grouping and name."""

    overall: Tally
    groups: Mapping[Grouping, Mapping[str, Tally]]


@dataclass(frozen=True)
class Statistics:
    """Pixels and segments of the labels of a table of tiles.

    Attributes:
        connectivity: neighbours of a pixel of a segment.
        labels: the breakdown of each kind of labels that the table has.
        without_region: tiles counted that have no region.
    """

    connectivity: Connectivity
    labels: Mapping[Labels, Breakdown]
    without_region: int


def count_labels(
    tiles: Sequence[Tile],
    connectivity: Connectivity = 8,
    *,
    workers: int | None = None,
    report: Report = silent,
) -> Statistics:
    """Count the pixels and segments of every label of `tiles`.

    Args:
        tiles: what to count; those without a label are left out.
        connectivity: whether pixels of a segment may share only a corner (8) or must share a side (4).
        workers: processes to read in; the number of processors by default.
        report: told the labels done.

    Raises:
        InputError: no tile has a label, a label cannot be read or has ids outside 0..8, or `workers` is
            less than 1.
        Failure: a reading process was killed.
    """
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers} is too few; ask for at least 1")
    paths = sorted({path for tile in tiles for path in (tile.pseudo_label, tile.real_label) if path})
    if not paths:
        raise InputError("no tile of the table has a label; index the labels with the images")
    work = partial(_count_file, connectivity=connectivity)
    counts: dict[Path, Counts] = {}
    report(0, len(paths))
    for count in map_in_processes(work, paths, workers or os.cpu_count() or 1, _CHUNK):
        counts[paths[len(counts)]] = count
        report(len(counts), len(paths))
    chosen: dict[Labels, Callable[[Tile], Path | None]] = {
        "table2": lambda tile: tile.pseudo_label or tile.real_label,
        "pseudo": lambda tile: tile.pseudo_label,
        "real": lambda tile: tile.real_label,
    }
    breakdowns = {kind: _break_down(tiles, chosen[kind], counts) for kind in LABELS}
    return Statistics(
        connectivity,
        {kind: breakdown for kind, breakdown in breakdowns.items() if breakdown.overall.tiles},
        sum(tile.region is None and tile.label is not None for tile in tiles),
    )


def _count_file(path: Path, connectivity: Connectivity) -> Counts:
    # listing a folder of thousands of files at every open would cost more than the open itself
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return count_classes(read_label_file(path), connectivity)


def _break_down(
    tiles: Sequence[Tile], chosen: Callable[[Tile], Path | None], counts: Mapping[Path, Counts]
) -> Breakdown:
    """The sums of the labels `chosen` of each tile."""
    labelled = [(tile, counts[path]) for tile in tiles if (path := chosen(tile)) is not None]
    groups: dict[Grouping, dict[str, Tally]] = {}
    for grouping in GROUPINGS:
        members: dict[str, list[Counts]] = defaultdict(list)
        for tile, count in labelled:
            members[getattr(tile, grouping) or UNASSIGNED].append(count)
        groups[grouping] = {name: Tally.of(members[name]) for name in sorted(members, key=_order)}
    return Breakdown(Tally.of([count for _, count in labelled]), groups)


def _order(name: str) -> tuple[bool, int, str]:
    """Splits as they are used, other names by the alphabet, unassigned last."""
    return name == UNASSIGNED, [*SPLITS, name].index(name), name
