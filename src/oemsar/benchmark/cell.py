"""One cell of a benchmark: trained, then scored on the test split tile by tile."""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from oemsar.benchmark import folder as folders
from oemsar.benchmark.records import CellRecord, CellSeconds, GroundOnce
from oemsar.dataset.regions import UNASSIGNED
from oemsar.dataset.table import read_tiles, select_split
from oemsar.dataset.tile import Tile
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.ground import Ground
from oemsar.evaluate.predictions import Predicted, count_labels, predict_tiles, scorable
from oemsar.evaluate.run import LabelKinds
from oemsar.evaluate.scores import Scores
from oemsar.files import atomic_folder, write_json
from oemsar.inference.options import EngineKind
from oemsar.inference.select import open_model
from oemsar.legend import NUM_CLASSES
from oemsar.models.saved import load_model
from oemsar.progress import Report, silent
from oemsar.record import run_record
from oemsar.train.config import RunOptions
from oemsar.train.run import train_model
from oemsar.train.run_folder import CONFIG

SPLIT = "test"


@dataclass(frozen=True)
class Task:
    """A cell to be trained and scored, in plain values that travel between processes.

    Attributes:
        name: Name of the cell.
        cell: Network, modalities, regime, seed and fusion as plain values.
        training: Options of the training; `out` is the folder of the cell.
        engine: Library that runs the network on the test split.
        flips: Whether to average over four mirror images.
        scales: Factors of the sides of each test tile, over which to average, too.
        drawn: Names of the test tiles whose maps are kept for the figure.
    """

    name: str
    cell: dict[str, str | int]
    training: RunOptions
    engine: EngineKind
    flips: bool
    scales: tuple[float, ...]
    drawn: tuple[str, ...]


def work(task: Task, report: Report = silent) -> CellRecord:
    """Train the cell, going on where it stopped, and score it; its record is written last.

    Args:
        task: Cell to work on.
        report: Called with the training steps done and in all.

    Returns:
        Record of the finished cell.

    Raises:
        InputError: The data or an option do not fit.
        Failure: The training was interrupted, or failed.
    """
    folder = task.training.out
    (folder / folders.FAILED).unlink(missing_ok=True)
    begun = (folder / CONFIG).exists()
    start = time.monotonic()
    training = task.training
    train_model(
        training.table, folder, config=training, resume=begun, beside=[folder / folders.LOG], report=report
    )
    trained = time.monotonic()
    tested = _score(task, folder)
    record = CellRecord(
        cell=task.cell,
        classes=tested.scores.classes,
        miou=tested.scores.miou,
        overall_accuracy=tested.scores.overall_accuracy,
        confusion=tested.scores.confusion,
        ground_once=GroundOnce(miou=tested.ground_once.miou, confusion=tested.ground_once.confusion),
        tiles=len(tested.tiles),
        georeferenced=sum(tile.grid is not None and tile.grid.crs is not None for tile in tested.tiles),
        regions=len(tested.region_names),
        region_names=tested.region_names,
        labels=LabelKinds.model_validate(count_labels(tested.tiles)),
        engine=tested.engine,
        training=training.model_dump(mode="json"),
        seconds=CellSeconds(
            train=None if begun else round(trained - start, 1), test=round(time.monotonic() - trained, 1)
        ),
        record=run_record(
            folders.scoring_options(task.engine, flips=task.flips, scales=task.scales),
            seed=training.seed,
            data=training.data,
        ),
    )
    write_json(folder / folders.FINISHED, record.model_dump(mode="json"))
    release_memory()
    return record


@dataclass(frozen=True)
class _Test:
    """Result of a cell on the test split.

    Attributes:
        scores: Scores over all pixels.
        ground_once: Scores with each piece of ground counted once.
        tiles: Tiles that were scored.
        engine: Engine that ran the network.
    """

    scores: Scores
    ground_once: Scores
    tiles: Sequence[Tile]
    engine: str

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the regions of the tiles, sorted."""
        return tuple(sorted({_region(tile) for tile in self.tiles}))


def _score(task: Task, folder: Path) -> _Test:
    """Score the model in `folder` and write the confusion matrices of the tiles and the maps to be drawn."""
    data, modalities = task.training.table, task.training.modalities
    tiles = scorable(
        select_split(read_tiles(data), SPLIT, data),
        modalities,
        SPLIT,
        data,
        takes_any=task.training.takes_any,
    )
    counts = np.zeros((2, len(tiles), NUM_CLASSES, NUM_CLASSES), np.int64)
    ground = Ground(tiles)
    network = load_model(folder)
    network.calibration = None  # scaling rounds, and a class map takes the largest of what is not rounded
    with (
        open_model(
            network,
            engine=task.engine,
            device=task.training.device,
            flips=task.flips,
            scales=task.scales,
        ) as engine,
        atomic_folder(folder / folders.MAPS) as maps,
    ):
        for index, predicted in enumerate(predict_tiles(tiles, modalities, engine)):
            counts[:, index] = count_tile(predicted, ground)
            if predicted.tile.name in task.drawn:
                Image.fromarray(predicted.prediction).save(maps / f"{predicted.tile.name}.png")
    regions = [_region(tile) for tile in tiles]
    folders.write_counts(folder, [tile.name for tile in tiles], regions, counts[0], counts[1])
    scores, once = (Scores.from_confusion(part.sum(0)) for part in counts)
    return _Test(scores, once, tiles, engine.name)


def _region(tile: Tile) -> str:
    """Name the region that a tile counts in."""
    return tile.region or UNASSIGNED


def count_tile(predicted: Predicted, ground: Ground) -> NDArray[np.int64]:
    """Count the confusion of one tile, shape (2, 8, 8): all its pixels, and those first on their ground."""
    tile, truth, prediction = predicted.tile, predicted.truth, predicted.prediction
    all_pixels = confusion_matrix(truth, prediction)
    first = ground.is_first(tile)
    if first.all():
        return np.stack([all_pixels, all_pixels])
    return np.stack([all_pixels, confusion_matrix(np.where(first, truth, np.uint8(0)), prediction)])


def choose_examples(tiles: Sequence[Tile], wanted: int) -> list[Tile]:
    """Choose tiles for the figure: with a label and all imagery, evenly spaced over the table."""
    complete = [tile for tile in tiles if tile.label is not None and tile.sar is not None and tile.optical]
    indices = np.linspace(0, len(complete) - 1, min(wanted, len(complete))).round().astype(int)
    return [complete[index] for index in indices.tolist()]


def release_memory() -> None:
    """Give back the memory of a cell before the next one of the same process."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
