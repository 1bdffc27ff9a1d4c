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
from oemsar.config_file import Value
from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError
from oemsar.evaluate.bootstrap import bootstrap, iou, mean_present
from oemsar.inputs import Inputs
from oemsar.legend import NUM_CLASSES
from oemsar.models.spec import Fusion

Fraction = float | None


class Row(Value):
    """One row of the table: the cells that differ only in their seed. Scores are fractions 0..1.

    With several seeds a score is the mean of theirs, never a score of a mean. None stands for a class that
    is absent, for a row without a finished cell, and for an interval or deviation that cannot be had.
    """

    network: str
    """Name in `oemsar.models.registry`."""
    fusion: Fusion
    """Way to join radar and optical."""
    modalities: Inputs
    """Imagery of the network."""
    regime: Regime
    """Label regime of the training."""
    seeds: tuple[int, ...]
    """Seeds of the finished cells."""
    iou: tuple[Fraction, ...]
    """IoU of each class in legend order."""
    iou_interval: tuple[tuple[Fraction, Fraction], ...]
    """Low and high end of the 95 % interval of each class, over regions."""
    miou: Fraction
    """Mean IoU over all pixels."""
    miou_deviation: Fraction
    """Sample standard deviation of the mean IoU over the seeds; None with fewer than two."""
    miou_interval: tuple[Fraction, Fraction]
    """Low and high end of the 95 % interval of the mean IoU, over regions; None with fewer than two."""
    miou_ground_once: Fraction
    """Mean IoU with each piece of ground counted once."""
    miou_regions: Fraction
    """Mean over regions of the mean IoU of each."""
    published: tuple[float, ...] | None = None
    """Percentages of the paper: eight IoUs and their mean; None unless the data are the published release."""


@dataclass(frozen=True)
class Results:
    """Rows and records of a report.

    Attributes:
        rows: Rows in the order of the plan.
        records: Records of the finished cells by name.
        failed: Reasons of the failed cells by name.
        missing: Names of the cells that are neither finished nor failed.
    """

    rows: tuple[Row, ...]
    records: dict[str, CellRecord]
    failed: dict[str, str]
    missing: list[str]


def collect(out: Path, plan: Plan) -> Results:
    """Read the records of the cells of a plan.

    Raises:
        InputError: A file of a cell is damaged.
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
    rows = tuple(
        _row(out, [cell for cell in cells if cell.name in records], shared)
        for shared, cells in groupby(plan.cells(), lambda cell: cell._replace(seed=0))
    )
    return Results(rows, records, failed, missing)


def _row(out: Path, cells: Iterable[Cell], shared: Cell) -> Row:
    """Compute the row of cells that are alike but for their seeds."""
    cells = list(cells)
    if not cells:
        return Row(
            network=shared.network,
            fusion=shared.fusion,
            modalities=shared.modalities,
            regime=shared.regime,
            seeds=(),
            iou=(None,) * NUM_CLASSES,
            iou_interval=((None, None),) * NUM_CLASSES,
            miou=None,
            miou_deviation=None,
            miou_interval=(None, None),
            miou_ground_once=None,
            miou_regions=None,
        )
    by_region, ground_once = _stacked(out, cells)
    pooled = by_region.sum(1)
    miou = mean_present(iou(pooled))
    ends_iou: NDArray[np.float64] = np.full((2, NUM_CLASSES), np.nan)
    ends_miou: NDArray[np.float64] = np.full(2, np.nan)
    if by_region.shape[1] > 1:
        ends_iou, ends_miou = bootstrap(by_region)
    return Row(
        network=shared.network,
        fusion=shared.fusion,
        modalities=shared.modalities,
        regime=shared.regime,
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
        regions: Region of each tile.
        counts: Confusion matrix of each tile, shape (tiles, 8, 8).

    Returns:
        Shape (regions, 8, 8), regions in the order of their names; a single one where none is assigned.
    """
    names, indices = np.unique(regions, return_inverse=True)
    summed = np.zeros((len(names), *counts.shape[1:]), np.int64)
    np.add.at(summed, indices, counts)
    return summed


def _plain(value: SupportsFloat) -> Fraction:
    number = float(value)
    return None if math.isnan(number) else number
