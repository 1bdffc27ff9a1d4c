"""Numbers of Tables I to IV of Xia et al., arXiv 2501.10891, and whether tiles are the release they describe.

They stand in `published.json` with their source, their known faults, and the rows that do not agree with
themselves.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pydantic import Field

from oemsar.config_file import Value, read_json
from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.inputs import Inputs
from oemsar.legend import NAMES

_FILE = Path(__file__).with_name("published.json")
_PREFIXES: Mapping[Split, str] = {"train": "TrainArea", "val": "ValArea", "test": "TestArea"}
_ROUNDING = 0.01
"""Percentage points a mean printed with two decimals may lie off the mean of numbers printed so."""


class Citation(Value):
    """Paper that the numbers come from."""

    title: str
    """Title."""
    authors: str
    """Authors, as the paper abbreviates their names."""
    url: str
    """Address."""


class Table1Row(Value):
    """Row of Table I: a dataset of high-resolution SAR imagery."""

    dataset: str
    """Name of the dataset."""
    level: str
    """Level of resolution, `metre` or `sub-metre`."""
    gsd_m: str
    """Ground sampling distance in metres, a number or a range, as printed."""
    task: str
    """Task: `BE` building extraction, `LC` land cover mapping, `CD` change detection."""
    classes: int
    """Number of classes."""
    countries: int
    """Number of countries."""
    regions: int
    """Number of regions."""
    verified: bool
    """Whether the numbers come from the paper; False where they come from elsewhere."""


class Table2Row(Value):
    """Row of Table II: pixels and segments of a class."""

    pixels_millions: int
    """Number of pixels in millions."""
    share_percent: float
    """Share of all pixels, unknown included, in percent."""
    segments_thousands: float
    """Number of segments in thousands."""


class Table3Row(Value):
    """Row of Table III: agreement of pseudo and real labels."""

    agreement: float
    """Share of the real label's pixels of the class that the pseudo label gives the same class, 0..1."""
    iou: float
    """Intersection over union of the two labels' pixels of the class, 0..1."""


class Table4Row(Value):
    """Row of Table IV: scores of a network."""

    network: str
    """Name of the network in the paper."""
    architecture: str
    """Name of the network in this project."""
    modalities: Inputs
    """Imagery the network saw."""
    regime: str
    """Labels it was trained with: P, P+R1, P+R5, R1 or R5."""
    iou: tuple[float, ...]
    """IoU of the classes in legend order, in percent."""
    miou: float
    """Mean IoU as stated, in percent."""

    @property
    def mean_iou(self) -> float:
        """Mean of the IoU of the classes, in percent."""
        return sum(self.iou) / len(self.iou)

    @property
    def is_consistent(self) -> bool:
        """Whether the stated mean is that of the classes to rounding."""
        return abs(self.mean_iou - self.miou) <= _ROUNDING + 1e-9


class _Table2Entry(Table2Row):
    """A row of Table II with its class."""

    name: str = Field(alias="class")


class _Table3Entry(Table3Row):
    """A row of Table III with its class."""

    name: str = Field(alias="class")


class _Table3(Value):
    """Table III with its means."""

    classes: tuple[_Table3Entry, ...]
    mean_agreement: float
    mean_iou: float


class PublishedTable2(Value):
    """Table II as published."""

    source: Citation
    """Paper that the numbers come from."""
    classes: dict[str, Table2Row]
    """Row of each class by its name."""


class PublishedTable3(Value):
    """Table III as published."""

    source: Citation
    """Paper that the numbers come from."""
    classes: dict[str, Table3Row]
    """Row of each class by its name."""
    mean: Table3Row
    """Means as stated."""


class _Inconsistency(Value):
    """A row of Table IV whose stated mean is not that of its classes."""

    architecture: str
    modalities: Inputs
    regime: str
    stated: float
    computed: float


class _Release(Value):
    """Counts of the published release."""

    regions: int
    tiles: dict[Split, int]
    size: int


class _Document(Value):
    """The file of the published numbers."""

    source: Citation
    notes: tuple[str, ...]
    release: _Release
    table1: tuple[Table1Row, ...]
    table2: tuple[_Table2Entry, ...]
    table3: _Table3
    table4: tuple[Table4Row, ...]
    inconsistent: tuple[_Inconsistency, ...]


def source() -> Citation:
    """Give title, authors and address of the paper."""
    return _document().source


def notes() -> tuple[str, ...]:
    """Tell the known faults of the numbers, in a sentence or two for each table."""
    return _document().notes


def table1() -> tuple[Table1Row, ...]:
    """Read Table I: datasets of high-resolution SAR imagery."""
    return _document().table1


@cache
def table2() -> dict[str, Table2Row]:
    """Read Table II: pixels and segments of each class by its name in the legend."""
    return {row.name: Table2Row(**row.model_dump(exclude={"name"})) for row in _document().table2}


@cache
def table3() -> dict[str, Table3Row]:
    """Read Table III: agreement of pseudo and real labels of each class by its name in the legend."""
    return {row.name: Table3Row(agreement=row.agreement, iou=row.iou) for row in _document().table3.classes}


def table3_mean() -> Table3Row:
    """Read the last row of Table III: the means as stated."""
    table = _document().table3
    return Table3Row(agreement=table.mean_agreement, iou=table.mean_iou)


def published_table2() -> PublishedTable2:
    """Give Table II with its source."""
    return PublishedTable2(source=source(), classes=table2())


def published_table3() -> PublishedTable3:
    """Give Table III with its means and its source."""
    return PublishedTable3(source=source(), classes=table3(), mean=table3_mean())


@cache
def table4() -> dict[tuple[str, Inputs, str], Table4Row]:
    """Read Table IV in the paper's order, by architecture (`unet`), modalities and regime (`P+R1`)."""
    return {(row.architecture, row.modalities, row.regime): row for row in _document().table4}


def release_tiles() -> dict[Split, int]:
    """Give the number of tiles of each split of the published release."""
    return dict(_document().release.tiles)


def is_published_release(tiles: Sequence[Tile]) -> bool:
    """Tell whether tiles are the whole release: every published name in its split, all of the published size.

    Names count their number whatever its leading zeros: `TrainArea_001` and `TrainArea_1` are one.
    """
    size, counts = _document().release.size, release_tiles()
    if len(tiles) != sum(counts.values()) or any(tile.shape != (size, size) for tile in tiles):
        return False
    found = {split: {_number(tile.name, split) for tile in tiles if tile.split == split} for split in SPLITS}
    return all(found[split] == set(range(1, count + 1)) for split, count in counts.items())


def _number(name: str, split: Split) -> int | None:
    """Take the number from a published name of a split; None for any other name."""
    prefix, _, number = name.rpartition("_")
    return int(number) if prefix == _PREFIXES[split] and number.isdecimal() else None


@cache
def _document() -> _Document:
    document = read_json(_FILE, _Document, "file of the published numbers")
    for rows in (document.table2, document.table3.classes):
        if tuple(row.name for row in rows) != NAMES:
            raise ValueError(f"{_FILE} names other classes than the legend")
    return document
