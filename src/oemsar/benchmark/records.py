"""Records that a benchmark stores: of itself, and of each finished or failed cell."""

from typing import Literal

from pydantic import Field, JsonValue

from oemsar.config_file import Value
from oemsar.dataset.regions import UNASSIGNED
from oemsar.dataset.state import TilesState
from oemsar.evaluate.run import LabelKinds
from oemsar.evaluate.scores import ClassScores
from oemsar.record import RunRecord, TableOrigin

Confusion = tuple[tuple[int, ...], ...]
"""Pixel counts in legend order, rows of truth with columns of prediction."""


class BenchmarkRecord(Value):
    """Content of `benchmark.json`."""

    format: Literal[1] = 1
    """Version of the format."""
    data: TableOrigin
    """Table of tiles."""
    published_release: bool
    """Whether the tiles are those of the published release."""
    test_tiles: int
    """Number of tiles of the test split."""
    files: TilesState | None = None
    """State of the images and labels of the table; None in records that were written before it was kept."""
    inputs: dict[str, str] = Field(default={})
    """Digest of each further file that the trainings read, by its name: encoder files and manifests."""
    examples: tuple[str, ...]
    """Names of the tiles of the figure."""


class CellSeconds(Value):
    """Durations of the work on a cell."""

    train: float | None
    """Seconds of the training; None where it was interrupted meanwhile."""
    test: float
    """Seconds of the test."""


class GroundOnce(Value):
    """Scores with each piece of ground counted once."""

    miou: float | None
    """Mean IoU, 0..1."""
    confusion: Confusion
    """Confusion matrix."""


class CellRecord(Value):
    """Content of `cell.json`: scores, training and record of a finished cell."""

    format: Literal[1] = 1
    """Version of the format."""
    cell: dict[str, str | int]
    """Network, modalities, regime, seed and fusion."""
    classes: dict[str, ClassScores]
    """Scores of each class by its name."""
    miou: float | None
    """Mean IoU over all pixels, 0..1."""
    overall_accuracy: float | None
    """Share of the pixels of known truth that were predicted right, 0..1."""
    confusion: Confusion
    """Confusion matrix over all pixels."""
    ground_once: GroundOnce
    """Scores with each piece of ground counted once."""
    tiles: int
    """Number of test tiles."""
    georeferenced: int
    """Number of test tiles with georeferencing."""
    regions: int
    """Number of regions of the test tiles."""
    region_names: tuple[str, ...]
    """Names of the regions, sorted."""
    labels: LabelKinds
    """Number of test tiles by the kind of their label."""
    engine: str
    """Engine that ran the network."""
    training: dict[str, JsonValue]
    """Options of the training."""
    seconds: CellSeconds
    """Durations of training and test."""
    record: RunRecord
    """Command, configuration and versions of the run."""

    @property
    def regions_are_assigned(self) -> bool:
        """Whether the table assigns regions to the tiles."""
        return self.region_names != (UNASSIGNED,)


class FailedCell(Value):
    """Content of `failed.json`."""

    reason: str
    """Sentence that says why the cell failed."""
