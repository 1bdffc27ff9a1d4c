"""The evaluation of a saved model on one split of a table of tiles."""

import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.table import read_table, select_split
from oemsar.dataset.tile import Modalities, Tile
from oemsar.errors import InputError
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.figure import Comparison, write_figure
from oemsar.evaluate.scores import Scores
from oemsar.evaluate.tables import confusion_csv, scores_csv, scores_markdown
from oemsar.files import require_writable, write_json, write_text
from oemsar.legend import NUM_CLASSES
from oemsar.models.engine import DeviceKind, Engine, EngineKind, open_engine
from oemsar.models.saved import load
from oemsar.progress import Report, silent
from oemsar.record import run_record

log = logging.getLogger(__name__)


def evaluate(
    model: Path,
    data: Path,
    split: str,
    out: Path,
    *,
    flips: bool = False,
    tiles_in_figure: int = 4,
    engine: EngineKind = "auto",
    device: DeviceKind = "auto",
    report: Report = silent,
) -> Scores:
    """Score a saved model on the labelled tiles of a split, all their pixels in one confusion matrix.

    Writes `figure.png`, `confusion.csv`, `scores.csv`, `scores.md` and, last, `scores.json` into `out`.

    Args:
        model: a run of `oemsar train` or a saved model.
        data: the table of tiles.
        split: `train`, `val` or `test`.
        out: the folder of the results; created where it is missing.
        flips: average the probabilities over the four mirror images (test-time augmentation).
        tiles_in_figure: at most so many tiles, evenly spaced over the split, are drawn; at least 1.
        engine: `auto`, `torch` or `openvino`; see `oemsar.models.engine.open_engine`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        report: told after each tile.

    Returns:
        The scores over the whole split.

    Raises:
        InputError: the model, the table, a tile or an option is wrong, or no tile can be scored.
    """
    config = {
        "model": str(model),
        "data": str(data),
        "split": split,
        "flips": flips,
        "tiles_in_figure": tiles_in_figure,
        "engine": engine,
        "device": device,
    }
    if tiles_in_figure < 1:
        raise InputError(f"tiles_in_figure is {tiles_in_figure}; choose 1 or more")
    network = load(model)
    modalities = network.spec.modalities
    tiles = _scorable(select_split(read_table(data), split, data), modalities, split, data)
    record = run_record(config, data=data)
    require_writable(out)
    drawn = set(np.linspace(0, len(tiles) - 1, tiles_in_figure).round().astype(int).tolist())
    with closing(open_engine(network, kind=engine, device=device, flips=flips)) as running:
        scores, comparisons = _score(tiles, modalities, running, drawn, report)
    write_figure(comparisons, out / "figure.png")
    about = {
        "split": split,
        "tiles": len(tiles),
        "labels": _count_labels(tiles),
        "engine": running.name,
        "flips": flips,
        "record": record,
    }
    _write_scores(scores, about, data, out)
    return scores


def _scorable(tiles: Sequence[Tile], modalities: Modalities, split: str, data: Path) -> list[Tile]:
    """The tiles that have a label and the images the network sees; refused when there is none."""
    labelled = [tile for tile in tiles if tile.label is not None]
    if not labelled:
        raise InputError(
            f"{data} has no label for any tile of split {split}; add labels or choose another split"
        )
    scorable = [tile for tile in labelled if tile.has(modalities)]
    if not scorable:
        raise InputError(
            f"{data} has no labelled tile of split {split} with the {modalities.value} imagery this model "
            "sees; add the images or choose a model of other modalities"
        )
    if left_out := len(tiles) - len(scorable):
        log.warning(
            "%d of %d tiles of split %s are left out: no label or no %s imagery",
            left_out,
            len(tiles),
            split,
            modalities.value,
        )
    return scorable


def _score(
    tiles: Sequence[Tile], modalities: Modalities, engine: Engine, drawn: set[int], report: Report
) -> tuple[Scores, list[Comparison]]:
    """Predict every tile, one after the other, and keep the maps of those to be drawn."""
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), dtype=np.int64)
    comparisons = []
    report(0, len(tiles))
    stream = engine.stream(read_images(tile, modalities) for tile in tiles)
    for index, (tile, probabilities) in enumerate(zip(tiles, stream, strict=True)):
        prediction = _class_ids(probabilities)
        truth = _read_truth(tile, prediction.shape)
        confusion += confusion_matrix(truth, prediction)
        if index in drawn:
            comparisons.append(_comparison(tile, truth, prediction))
        report(index + 1, len(tiles))
    return Scores.from_confusion(confusion), comparisons


def _class_ids(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Ids 1..8 of the most probable class, uint8, shape (height, width), of (8, height, width)."""
    ids: NDArray[np.uint8] = (probabilities.argmax(0) + 1).astype(np.uint8)
    return ids


def _read_truth(tile: Tile, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    truth = read_label(tile)
    if truth.shape != shape:
        raise InputError(
            f"{tile.label} has {_pixels(truth.shape)} pixels where the images of tile {tile.name} have "
            f"{_pixels(shape)}; run `oemsar data verify`"
        )
    return truth


def _pixels(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _comparison(tile: Tile, truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> Comparison:
    """The row of a tile in the figure, with every image it has, seen by the network or not."""
    return Comparison(
        name=tile.name,
        optical=read_images(tile, Modalities.OPTICAL) if tile.has(Modalities.OPTICAL) else None,
        sar=read_images(tile, Modalities.SAR) if tile.has(Modalities.SAR) else None,
        truth=truth,
        prediction=prediction,
    )


def _count_labels(tiles: Sequence[Tile]) -> dict[str, int]:
    real = sum(tile.real_label is not None for tile in tiles)
    return {"real": real, "pseudo": len(tiles) - real}


def _write_scores(scores: Scores, about: dict[str, Any], data: Path, out: Path) -> None:
    labels = about["labels"]
    provenance = (
        f"{data.name}, split {about['split']}, {about['tiles']} tiles; "
        f"labels: {labels['real']} real, {labels['pseudo']} pseudo; "
        f"{about['engine']}{', four flips' if about['flips'] else ''}"
    )
    write_text(out / "confusion.csv", confusion_csv(scores))
    write_text(out / "scores.csv", scores_csv(scores))
    write_text(out / "scores.md", scores_markdown(scores, provenance))
    write_json(out / "scores.json", {**scores.to_dict(), **about})
