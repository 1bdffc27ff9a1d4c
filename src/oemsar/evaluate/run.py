"""The evaluation of a saved model on one split of a table of tiles."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from oemsar.config_file import Value
from oemsar.dataset.pixels import read_images
from oemsar.dataset.table import Table, as_tiles, describe_table, select_split, table_files
from oemsar.dataset.tile import Tile
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.figure import Comparison, write_figure
from oemsar.evaluate.predictions import count_labels, predict_tiles, scorable
from oemsar.evaluate.scores import Scores
from oemsar.evaluate.tables import confusion_csv, scores_csv, scores_markdown
from oemsar.files import write_json, write_text
from oemsar.folders import claimed, is_record, require_apart
from oemsar.inference.engine import Engine
from oemsar.inference.select import open_model
from oemsar.inputs import OPTICAL, SAR, Inputs
from oemsar.legend import NUM_CLASSES
from oemsar.locks import holds_output
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import as_network, model_files
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record

_FILES = ("figure.png", "confusion.csv", "scores.csv", "scores.md", "scores.json")


class LabelKinds(Value):
    """Tiles of an evaluation by the kind of their label."""

    real: int
    """Number of tiles with a hand-made label."""
    pseudo: int
    """Number of tiles with a pseudo label."""


class Evaluation(Value):
    """Scores of a model on a split: the content of `scores.json`."""

    format: Literal[1] = 1
    """Version of the format."""
    scores: Scores
    """Scores over all pixels of the split."""
    split: str
    """Split that was scored."""
    tiles: int
    """Number of tiles that were scored."""
    labels: LabelKinds
    """Number of tiles by the kind of their label."""
    engine: str
    """Engine that ran the network."""
    flips: bool
    """Whether probabilities were averaged over four mirror images."""
    record: RunRecord
    """Command, configuration and versions of the run."""

    def content(self) -> dict[str, JsonValue]:
        """Give plain values with the scores beside the rest, as `scores.json` holds them."""
        rest = self.model_dump(mode="json", exclude={"scores"})
        return {"format": rest.pop("format"), **self.scores.to_dict(), **rest}


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out / _FILES[-1]]


@holds_output(_held)
def evaluate_model(
    model: Path | LandCoverNetwork,
    data: Table,
    out: Path | None = None,
    *,
    config: EvaluateConfig = EvaluateConfig(),
    report: Report = silent,
) -> Evaluation:
    """Score a model on the labelled tiles of a split, all their pixels in one confusion matrix.

    Write `figure.png`, `confusion.csv`, `scores.csv`, `scores.md` and, last, `scores.json` into `out`.

    Args:
        model: Folder of a run or of a saved model, or a network.
        data: Table of tiles: its file, or the tiles.
        out: Folder of the results, created where it is missing; nothing is written without one.
        config: Split, engine and figure.
        report: Called after each tile.

    Raises:
        InputError: The model, the table or a tile is wrong, or no tile can be scored.
    """
    network = as_network(model)
    modalities, split = network.spec.modalities, config.split
    tiles = scorable(select_split(as_tiles(data), split, data), modalities, split, data)
    options = {
        "model": str(model) if isinstance(model, Path) else None,
        "data": describe_table(data),
        **config.model_dump(mode="json"),
    }
    record = run_record(options, data=data if isinstance(data, Path) else None)
    drawn = np.linspace(0, len(tiles) - 1, config.tiles_in_figure).round().astype(int).tolist()
    if out is not None:
        require_apart((out / name for name in _FILES), [*table_files(data, tiles), *model_files(model)])
    else:
        drawn = []
    with _claim(out):
        with open_model(network, engine=config.engine, device=config.device, flips=config.flips) as engine:
            scores, comparisons = _score(tiles, modalities, engine, set(drawn), report)
        evaluation = Evaluation(
            scores=scores,
            split=split,
            tiles=len(tiles),
            labels=LabelKinds.model_validate(count_labels(tiles)),
            engine=engine.name,
            flips=config.flips,
            record=record,
        )
        if out is not None:
            write_figure(comparisons, out / "figure.png")
            _write_scores(evaluation, data.name if isinstance(data, Path) else describe_table(data), out)
    return evaluation


def _claim(out: Path | None) -> AbstractContextManager[None]:
    """Claim the files of an evaluation in a folder, where there is one."""
    if out is None:
        return nullcontext()
    files = [out / name for name in _FILES]
    return claimed(files[-1], lambda: is_record(files[-1], "classes", "confusion"), files)


def _score(
    tiles: Sequence[Tile], modalities: Inputs, engine: Engine, drawn: set[int], report: Report
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
    """Make the row of a tile in the figure, with every image it has, seen by the network or not."""
    return Comparison(
        name=tile.name,
        optical=read_images(tile, OPTICAL) if tile.has(OPTICAL) else None,
        sar=read_images(tile, SAR) if tile.has(SAR) else None,
        truth=truth,
        prediction=prediction,
    )


def _write_scores(evaluation: Evaluation, table: str, out: Path) -> None:
    scores, labels = evaluation.scores, evaluation.labels
    provenance = (
        f"{table}, split {evaluation.split}, {evaluation.tiles} tiles; "
        f"labels: {labels.real} real, {labels.pseudo} pseudo; "
        f"{evaluation.engine}{', four flips' if evaluation.flips else ''}"
    )
    write_text(out / "confusion.csv", confusion_csv(scores))
    write_text(out / "scores.csv", scores_csv(scores))
    write_text(out / "scores.md", scores_markdown(scores, provenance))
    write_json(out / "scores.json", evaluation.content())
