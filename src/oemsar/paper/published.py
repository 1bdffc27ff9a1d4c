"""The numbers of Tables I to IV of Xia et al., arXiv 2501.10891, and whether tiles are that release.

They stand in `published.json` with their source, what is known of their faults, and the rows that do not
agree with themselves.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.legend import NAMES
from oemsar.modalities import Modalities

_FILE = Path(__file__).with_name("published.json")
_PREFIXES: Mapping[Split, str] = {"train": "TrainArea", "val": "ValArea", "test": "TestArea"}
_ROUNDING = 0.01
"""Percentage points a mean printed with two decimals may lie off the mean of numbers printed so."""


@dataclass(frozen=True)
class Benchmark:
    """One row of Table I: a dataset of high-resolution SAR imagery.

    Attributes:
        dataset: its name.
        level: `metre` or `sub-metre`.
        gsd_m: ground sampling distance in metres, a number or a range, as printed.
        task: `BE` building extraction, `LC` land cover mapping, `CD` change detection.
        classes: number of classes.
        countries: number of countries.
        regions: number of regions.
        verified: False where the numbers come from elsewhere than the paper.
    """

    dataset: str
    level: str
    gsd_m: str
    task: str
    classes: int
    countries: int
    regions: int
    verified: bool


@dataclass(frozen=True)
class Extent:
    """One row of Table II: pixels in millions, share of all pixels in percent, segments in thousands."""

    pixels_millions: float
    share_percent: float
    segments_thousands: float


@dataclass(frozen=True)
class LabelAgreement:
    """One row of Table III: agreement and IoU of pseudo and real labels, fractions 0..1."""

    agreement: float
    iou: float


@dataclass(frozen=True)
class NetworkScores:
    """One row of Table IV: IoU of the classes in legend order and their mean as stated, in percent.

    Attributes:
        network: the paper's name of the network.
        architecture: this project's name of it.
        modalities: imagery the network saw.
        regime: labels it was trained with: P, P+R1, P+R5, R1 or R5.
        iou: eight numbers in percent.
        miou: as stated, in percent.
    """

    network: str
    architecture: str
    modalities: Modalities
    regime: str
    iou: tuple[float, ...]
    miou: float

    @property
    def mean_iou(self) -> float:
        """Mean of the eight IoU, in percent."""
        return sum(self.iou) / len(self.iou)

    @property
    def is_consistent(self) -> bool:
        """Whether the stated mean is that of the eight classes to rounding."""
        return abs(self.mean_iou - self.miou) <= _ROUNDING + 1e-9


def source() -> dict[str, str]:
    """Title, authors and address of the paper."""
    return dict(_document()["source"])


def notes() -> tuple[str, ...]:
    """What is known of the faults of the numbers, a sentence or two for each table."""
    return tuple(_document()["notes"])


@cache
def table1() -> tuple[Benchmark, ...]:
    """Table I: datasets of high-resolution SAR imagery."""
    return tuple(Benchmark(**row) for row in _document()["table1"])


@cache
def table2() -> dict[str, Extent]:
    """Table II: pixels and segments of each class by its name in the legend."""
    return {row.pop("class"): Extent(**row) for row in map(dict, _document()["table2"])}


@cache
def table3() -> dict[str, LabelAgreement]:
    """Table III: agreement of pseudo and real labels of each class by its name in the legend."""
    return {row.pop("class"): LabelAgreement(**row) for row in map(dict, _document()["table3"]["classes"])}


def table3_mean() -> LabelAgreement:
    """The last row of Table III: the means as stated."""
    table = _document()["table3"]
    return LabelAgreement(table["mean_agreement"], table["mean_iou"])


@cache
def table4() -> dict[tuple[str, Modalities, str], NetworkScores]:
    """Table IV in the paper's order, by architecture (`unet`), modalities and regime (`P+R1`)."""
    rows = [
        NetworkScores(**{**row, "modalities": Modalities(row["modalities"]), "iou": tuple(row["iou"])})
        for row in _document()["table4"]
    ]
    return {(row.architecture, row.modalities, row.regime): row for row in rows}


def release_tiles() -> dict[Split, int]:
    """Tiles of each split of the published release."""
    return dict(_document()["release"]["tiles"])


def is_published_release(tiles: Sequence[Tile]) -> bool:
    """Whether `tiles` are the whole release: every published name in its split, all of the published size.

    Names count their number whatever its leading zeros: `TrainArea_001` and `TrainArea_1` are one.
    """
    size, counts = _document()["release"]["size"], release_tiles()
    if len(tiles) != sum(counts.values()) or any(tile.shape != (size, size) for tile in tiles):
        return False
    found = {split: {_number(tile.name, split) for tile in tiles if tile.split == split} for split in SPLITS}
    return all(found[split] == set(range(1, count + 1)) for split, count in counts.items())


def _number(name: str, split: Split) -> int | None:
    """Number in a published name of `split`; None for any other name."""
    prefix, _, number = name.rpartition("_")
    return int(number) if prefix == _PREFIXES[split] and number.isdecimal() else None


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    names = [[row["class"] for row in document["table2"]]]
    names.append([row["class"] for row in document["table3"]["classes"]])
    if any(tuple(found) != NAMES for found in names):
        raise ValueError(f"{_FILE} names other classes than the legend")
    return document
