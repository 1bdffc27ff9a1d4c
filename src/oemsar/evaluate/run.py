"""The evaluation of a saved model on one split of a table of tiles."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.dataset.pixels import read_images
from oemsar.dataset.table import read_tiles, select_split
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.figure import Comparison, write_figure
from oemsar.evaluate.predictions import count_labels, predict_tiles, scorable
from oemsar.evaluate.scores import Scores
from oemsar.evaluate.tables import confusion_csv, scores_csv, scores_markdown
from oemsar.files import require_writable, write_json, write_text
from oemsar.inference.engine import Engine
from oemsar.inference.options import DeviceKind, EngineKind
from oemsar.inference.select import open_model
from oemsar.legend import NUM_CLASSES
from oemsar.modalities import Modalities
from oemsar.models.saved import load_model
from oemsar.progress import Report, silent
from oemsar.record import run_record


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
        engine: `auto`, `torch` or `openvino`; see `oemsar.inference.select.open_model`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        report: told after each tile.

    Returns:
        The scores over the whole split.

    Raises:
        InputError: the model, the table, a tile or an option is wrong, or no tile can be scored.
    """
    if tiles_in_figure < 1:
        raise InputError(f"tiles_in_figure is {tiles_in_figure}; choose 1 or more")
    network = load_model(model)
    modalities = network.spec.modalities
    tiles = scorable(select_split(read_tiles(data), split, data), modalities, split, data)
    options = {"split": split, "flips": flips, "tiles_in_figure": tiles_in_figure}
    record = run_record(
        {"model": str(model), "data": str(data), **options, "engine": engine, "device": device}, data=data
    )
    require_writable(out)
    drawn = set(np.linspace(0, len(tiles) - 1, tiles_in_figure).round().astype(int).tolist())
    with open_model(network, engine=engine, device=device, flips=flips) as running:
        scores, comparisons = _score(tiles, modalities, running, drawn, report)
    write_figure(comparisons, out / "figure.png")
    about = {
        "split": split,
        "tiles": len(tiles),
        "labels": count_labels(tiles),
        "engine": running.name,
        "flips": flips,
        "record": record.plain(),
    }
    _write_scores(scores, about, data, out)
    return scores


def _score(
    tiles: Sequence[Tile], modalities: Modalities, engine: Engine, drawn: set[int], report: Report
) -> tuple[Scores, list[Comparison]]:
    """Predict every tile, one after the other, and keep the maps of those to be drawn."""
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), dtype=np.int64)
    comparisons = []
    report(0, len(tiles))
    for index, predicted in enumerate(predict_tiles(tiles, modalities, engine)):
        confusion += confusion_matrix(predicted.truth, predicted.prediction)
        if index in drawn:
            comparisons.append(_comparison(*predicted))
        report(index + 1, len(tiles))
    return Scores.from_confusion(confusion), comparisons


def _comparison(tile: Tile, truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> Comparison:
    """The row of a tile in the figure, with every image it has, seen by the network or not."""
    return Comparison(
        name=tile.name,
        optical=read_images(tile, Modalities.OPTICAL) if tile.has(Modalities.OPTICAL) else None,
        sar=read_images(tile, Modalities.SAR) if tile.has(Modalities.SAR) else None,
        truth=truth,
        prediction=prediction,
    )


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
