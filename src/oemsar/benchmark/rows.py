"""The rows of Table IV, computed from the stored confusion matrices and nothing else."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray

from oemsar.benchmark import folder as folders
from oemsar.benchmark.plan import Cell, Plan
from oemsar.benchmark.records import CellRecord
from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError
from oemsar.evaluate.bootstrap import bootstrap, iou, mean_present
from oemsar.legend import NUM_CLASSES
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
    """Rows and records of a report.

    Attributes:
        rows: Rows in the order of the plan.
        records: Records of the finished cells by name.
        failed: Reasons of the failed cells by name.
        missing: Names of the cells that are neither finished nor failed.
    """

    rows: list[Row]
    records: dict[str, CellRecord]
    failed: dict[str, str]
    missing: list[str]


def collect(out: Path, plan: Plan) -> Results:
    """Read the records of the cells of a plan.

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
    """Compute the row of cells that are alike but for their seeds."""
    cells = list(cells)
    key = (shared.network, shared.fusion, shared.modalities, shared.regime)
    if not cells:
        absent = ((None,) * NUM_CLASSES, ((None, None),) * NUM_CLASSES)
        return Row(*key, (), *absent, None, None, (None, None), None, None)
    by_region, ground_once = _stacked(out, cells)
    pooled = by_region.sum(1)
    miou = mean_present(iou(pooled))
    ends_iou: NDArray[np.float64] = np.full((2, NUM_CLASSES), np.nan)
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
    """Stack confusion matrices: (seeds, regions, 8, 8) of all pixels, (seeds, 8, 8) of ground once."""
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


def _plain(value: SupportsFloat) -> Fraction:
    number = float(value)
    return None if math.isnan(number) else number
