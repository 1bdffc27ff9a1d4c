"""The rows of Table IV, computed from the stored confusion matrices and nothing else."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from oemsar.benchmark import folder as folders
from oemsar.benchmark.plan import Cell, Plan
from oemsar.dataset.label_regime import Regime
from oemsar.dataset.regions import UNASSIGNED
from oemsar.errors import InputError
from oemsar.evaluate.bootstrap import bootstrap, iou, mean_present
from oemsar.modalities import Modalities
from oemsar.models.spec import Fusion

Fraction = float | None


@dataclass(frozen=True)
class Row:
    """One row of the table: the cells that differ only in their seed. Scores are fractions 0..1.

    With several seeds a score is the mean of theirs, never a score of a mean. None stands for a class that
    is absent, for a row without a finished cell, and for an interval or deviation that cannot be had.

    Attributes:
        network: name in `oemsar.models.registry`.
        fusion: `stack` or `dual`.
        modalities: imagery.
        regime: label regime.
        seeds: of the finished cells.
        iou: of each class in legend order.
        iou_interval: low and high end for each class, 95 %, over regions.
        miou: over all pixels.
        miou_deviation: sample standard deviation over the seeds; needs two.
        miou_interval: low and high end, 95 %, over regions; needs two regions.
        miou_ground_once: with each piece of ground counted once.
        miou_regions: mean over regions of the mIoU of each.
    """

    network: str
    fusion: Fusion
    modalities: Modalities
    regime: Regime
    seeds: tuple[int, ...]
    iou: tuple[Fraction, ...]
    iou_interval: tuple[tuple[Fraction, Fraction], ...]
    miou: Fraction
    miou_deviation: Fraction
    miou_interval: tuple[Fraction, Fraction]
    miou_ground_once: Fraction
    miou_regions: Fraction


@dataclass(frozen=True)
class Results:
    """All that a report tells.

    Attributes:
        rows: in the order of the plan.
        records: of the finished cells, by name.
        failed: why cells failed, by name.
        missing: names of the cells that are neither finished nor failed.
    """

    rows: list[Row]
    records: dict[str, dict[str, Any]]
    failed: dict[str, str]
    missing: list[str]


def collect(out: Path, plan: Plan) -> Results:
    """Read what the cells of the plan came to.

    Raises:
        InputError: a file of a cell is damaged.
    """
    records, failed, missing = {}, {}, []
    for cell in plan.cells():
        folder = folders.cell_folder(out, cell)
        if (record := folders.finished(folder)) is not None:
            records[cell.name] = record
        elif (reason := folders.failed(folder)) is not None:
            failed[cell.name] = reason
        else:
            missing.append(cell.name)
    rows = [
        _row(out, [cell for cell in cells if cell.name in records], shared)
        for shared, cells in groupby(plan.cells(), lambda cell: cell._replace(seed=0))
    ]
    return Results(rows, records, failed, missing)


def _row(out: Path, cells: Iterable[Cell], shared: Cell) -> Row:
    """The row of `cells`, which are alike but for their seeds."""
    cells = list(cells)
    key = (shared.network, shared.fusion, shared.modalities, shared.regime)
    if not cells:
        return Row(*key, (), (None,) * 8, ((None, None),) * 8, None, None, (None, None), None, None)
    by_region, ground_once = _stacked(out, cells)
    pooled = by_region.sum(1)
    miou = mean_present(iou(pooled))
    ends_iou: NDArray[np.float64] = np.full((2, 8), np.nan)
    ends_miou: NDArray[np.float64] = np.full(2, np.nan)
    if by_region.shape[1] > 1:
        ends_iou, ends_miou = bootstrap(by_region)
    return Row(
        *key,
        seeds=tuple(cell.seed for cell in cells),
        iou=tuple(map(_plain, mean_present(iou(pooled), axis=0))),
        iou_interval=tuple((_plain(low), _plain(high)) for low, high in ends_iou.T),
        miou=_plain(mean_present(miou)),
        miou_deviation=_plain(miou.std(ddof=1)) if len(cells) > 1 else None,
        miou_interval=(_plain(ends_miou[0]), _plain(ends_miou[1])),
        miou_ground_once=_plain(mean_present(mean_present(iou(ground_once)))),
        miou_regions=_plain(mean_present(mean_present(mean_present(iou(by_region))))),
    )


def _stacked(out: Path, cells: list[Cell]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Confusion matrices (seeds, regions, 8, 8) of all pixels and (seeds, 8, 8) of ground counted once."""
    by_region, ground_once = [], []
    for cell in cells:
        regions, counts, once = folders.read_counts(folders.cell_folder(out, cell))
        by_region.append(sum_regions(regions, counts))
        ground_once.append(once.sum(0))
    if len({part.shape for part in by_region}) > 1:
        raise InputError(
            f"the cells {', '.join(cell.name for cell in cells)} were scored on different tiles; remove "
            "them and run the benchmark again"
        )
    return np.stack(by_region), np.stack(ground_once)


def sum_regions(regions: list[str], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum the matrices of the tiles of each region.

    Args:
        regions: of each tile.
        counts: of each tile, shape (tiles, 8, 8).

    Returns:
        Shape (regions, 8, 8), regions in the order of their names; a single one where none is assigned.
    """
    names, places = np.unique(regions, return_inverse=True)
    summed = np.zeros((len(names), *counts.shape[1:]), np.int64)
    np.add.at(summed, places, counts)
    return summed


def regions_are_assigned(record: dict[str, Any]) -> bool:
    """Whether the table told a region for the tiles of a finished cell, rather than none for all."""
    names: list[str] = record["region_names"]
    return names != [UNASSIGNED]


def _plain(value: SupportsFloat) -> Fraction:
    number = float(value)
    return None if math.isnan(number) else number
