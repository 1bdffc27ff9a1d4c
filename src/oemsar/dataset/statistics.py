"""Pixels and segments of every class in the labels of a table, whole and by split, country and region."""

import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, Self

import rasterio
from pydantic import Field
from rasterio.errors import NotGeoreferencedWarning

from oemsar.config_file import Value
from oemsar.dataset.pixels import read_label_file
from oemsar.dataset.regions import UNASSIGNED
from oemsar.dataset.segments import Connectivity, LabelCounts, count_label
from oemsar.dataset.tile import SPLITS, Tile
from oemsar.errors import InputError
from oemsar.legend import MAX_ID, NAMES
from oemsar.processes import map_in_processes
from oemsar.progress import Report, silent

Labels = Literal["table2", "pseudo", "real"]
LABELS: tuple[Labels, ...] = ("table2", "pseudo", "real")
"""Choices of labels: one of each tile, pseudo where it has both; all pseudo; all real ones."""

DESCRIPTIONS: Mapping[Labels, str] = {
    "table2": "one label a tile, pseudo before real",
    "pseudo": "pseudo labels",
    "real": "real labels",
}
"""Each choice of labels in words."""

Grouping = Literal["split", "country", "region"]
GROUPINGS: tuple[Grouping, ...] = ("split", "country", "region")

_CHUNK = 16
"""Number of labels handed to a process at once: a tenth of a second of work at the published size."""


class ClassTally(Value):
    """Pixels and segments of one class."""

    pixels: int
    """Number of pixels."""
    share_percent: float
    """Share of all pixels, unknown included, in percent."""
    segments: int
    """Number of segments."""


class Tally(Value):
    """Pixels and segments of a number of labels together."""

    tiles: int
    """Number of labels."""
    pixels: int
    """Number of all pixels."""
    unknown_pixels: int
    """Number of pixels of id 0, unknown."""
    classes: dict[str, ClassTally]
    """Pixels and segments of each class by its name, in legend order."""

    @classmethod
    def from_counts(cls, counts: Sequence[LabelCounts]) -> Self:
        """Sum up the counts of labels."""
        pixels = [sum(int(label.pixels[number]) for label in counts) for number in range(MAX_ID + 1)]
        segments = [sum(int(label.segments[number]) for label in counts) for number in range(MAX_ID + 1)]
        total = sum(pixels)
        classes = {
            name: ClassTally(
                pixels=pixels[number],
                share_percent=100 * pixels[number] / total,
                segments=segments[number],
            )
            for number, name in enumerate(NAMES, start=1)
            if total
        }
        return cls(tiles=len(counts), pixels=total, unknown_pixels=pixels[0], classes=classes)

    @property
    def segments(self) -> int:
        """Number of segments of all classes, unknown left out."""
        return sum(found.segments for found in self.classes.values())


class Breakdown(Value):
    """Pixels and segments of all labels of a kind, whole and by groups of tiles."""

    description: str
    """Choice of labels in words."""
    overall: Tally = Field(alias="all")
    """Sum of all labels."""
    split: dict[str, Tally]
    """Sums by split."""
    country: dict[str, Tally]
    """Sums by country, alphabetically, tiles without one last."""
    region: dict[str, Tally]
    """Sums by region, alphabetically, tiles without one last."""

    def group(self, grouping: Grouping) -> dict[str, Tally]:
        """Take the sums of one grouping by name."""
        groups: dict[str, Tally] = getattr(self, grouping)
        return groups


class Statistics(Value):
    """Pixels and segments of the labels of a table of tiles."""

    connectivity: Connectivity
    """Number of neighbours of a pixel of a segment."""
    tiles_without_region: int
    """Number of tiles counted that have no region."""
    labels: dict[Labels, Breakdown]
    """Breakdown of each kind of labels that the table has."""


def count_labels(
    tiles: Sequence[Tile],
    connectivity: Connectivity = 8,
    *,
    workers: int | None = None,
    report: Report = silent,
) -> Statistics:
    """Count the pixels and segments of every label of tiles.

    Args:
        tiles: Tiles to count; those without a label are left out.
        connectivity: Whether pixels of a segment may share only a corner (8) or must share a side (4).
        workers: Number of processes to read in; the number of processors by default.
        report: Called with the labels done and the labels in all.

    Raises:
        InputError: No tile has a label, a label cannot be read or has ids beyond the legend, or the number of
            processes is less than 1.
        Failure: A reading process was killed.
    """
    if workers is not None and workers < 1:
        raise InputError(f"{workers} is too few; give at least 1", option="workers")
    unknown = {
        path: tile.label_nodata for tile in tiles for path in (tile.pseudo_label, tile.real_label) if path
    }
    paths = sorted(unknown)
    if not paths:
        raise InputError("no tile of the table has a label; index the labels with the images")
    work = partial(_count_file, connectivity=connectivity)
    counts: dict[Path, LabelCounts] = {}
    report(0, len(paths))
    labels = [(path, unknown[path]) for path in paths]
    for count in map_in_processes(work, labels, workers or os.cpu_count() or 1, _CHUNK):
        counts[paths[len(counts)]] = count
        report(len(counts), len(paths))
    chosen: dict[Labels, Callable[[Tile], Path | None]] = {
        "table2": lambda tile: tile.pseudo_label or tile.real_label,
        "pseudo": lambda tile: tile.pseudo_label,
        "real": lambda tile: tile.real_label,
    }
    breakdowns = {kind: _break_down(DESCRIPTIONS[kind], tiles, chosen[kind], counts) for kind in LABELS}
    return Statistics(
        connectivity=connectivity,
        tiles_without_region=sum(tile.region is None and tile.label is not None for tile in tiles),
        labels={kind: breakdown for kind, breakdown in breakdowns.items() if breakdown.overall.tiles},
    )


def _count_file(label: tuple[Path, int | None], connectivity: Connectivity) -> LabelCounts:
    """Count a label, given by its path and its value for unknown pixels."""
    path, nodata = label
    # listing a folder of thousands of files at every open would cost more than the open itself
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return count_label(read_label_file(path, nodata=nodata), connectivity)


def _break_down(
    description: str,
    tiles: Sequence[Tile],
    chosen: Callable[[Tile], Path | None],
    counts: Mapping[Path, LabelCounts],
) -> Breakdown:
    """Sum up the labels chosen of each tile, whole and by groups."""
    labelled = [(tile, counts[path]) for tile in tiles if (path := chosen(tile)) is not None]
    groups: dict[Grouping, dict[str, Tally]] = {}
    for grouping in GROUPINGS:
        members: dict[str, list[LabelCounts]] = defaultdict(list)
        for tile, count in labelled:
            members[getattr(tile, grouping) or UNASSIGNED].append(count)
        groups[grouping] = {name: Tally.from_counts(members[name]) for name in sorted(members, key=_order)}
    overall = Tally.from_counts([count for _, count in labelled])
    return Breakdown(description=description, all=overall, **groups)


def _order(name: str) -> tuple[bool, int, str]:
    """Order splits as they are used, other names by the alphabet, unassigned last."""
    return name == UNASSIGNED, [*SPLITS, name].index(name), name
