"""The evaluation of a saved model on one split of a table of tiles."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import JsonValue

from oemsar.config_file import Value
from oemsar.dataset.table import Table, as_tiles, describe_table, select_split, table_files
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.figure import write_figure
from oemsar.evaluate.predictions import count_labels, predict_tiles, scorable_by_all
from oemsar.evaluate.record import record_of
from oemsar.evaluate.reliability import Reliability, reliability_rows, total
from oemsar.evaluate.reliability_figure import write_reliability_figure
from oemsar.evaluate.scored_tiles import ScoredTiles, score_tiles
from oemsar.evaluate.scores import Scores
from oemsar.evaluate.subsets import (
    SubsetScores,
    SubsetTally,
    given_inputs,
    subsets_csv,
    subsets_markdown,
)
from oemsar.evaluate.tables import confusion_csv, scores_csv, scores_markdown
from oemsar.files import write_json, write_text
from oemsar.folders import claimed, is_record, require_apart
from oemsar.inference.config import OWN_SIZE
from oemsar.inference.select import averaging, open_model
from oemsar.locks import holds_output
from oemsar.models.joint import JointSpec, Models, as_networks, files_of_models, names_of_models
from oemsar.models.prediction_sets import thresholds_of
from oemsar.progress import Report, silent
from oemsar.record import RunRecord
from oemsar.text_table import csv_table

_FILES = (
    "figure.png",
    "reliability.png",
    "reliability.csv",
    "confusion.csv",
    "scores.csv",
    "scores.md",
    "scores.json",
)
_SUBSETS = ("subsets.csv", "subsets.md")


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
    scales: tuple[float, ...] = OWN_SIZE
    """Factors of the sides of each image that probabilities were averaged over."""
    calibrated: bool = False
    """Whether the model brings a calibration, or each of several, which its probabilities went through."""
    models: tuple[str, ...] = ()
    """Models whose probabilities were averaged, as they were given; empty in those of earlier versions."""
    reliability: Reliability | None = None
    """Scores of the probabilities, on a regular grid of pixels; None in evaluations of earlier versions."""
    sets: float | None = None
    """Coverage that the prediction sets promise; None without sets."""
    inputs: str | None = None
    """Inputs that the model was given, joined by a plus; None for all that it sees and a tile has."""
    subsets: tuple[SubsetScores, ...] = ()
    """Scores of every subset of the inputs; empty where they were not wanted."""
    record: RunRecord
    """Command, configuration and versions of the run."""

    def content(self) -> dict[str, JsonValue]:
        """Give plain values with the scores beside the rest, as `scores.json` holds them."""
        rest = self.model_dump(mode="json", exclude={"scores", "inputs", "subsets", "scales"})
        content = {"format": rest.pop("format"), **self.scores.to_dict(), **rest}
        if self.scales != OWN_SIZE:
            content["scales"] = [*self.scales]
        if self.inputs is not None:
            content["inputs"] = self.inputs
        if self.subsets:
            content["subsets"] = [subset.content() for subset in self.subsets]
        return content


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out / _FILES[-1]]


@holds_output(_held)
def evaluate_model(
    model: Models,
    data: Table,
    out: Path | None = None,
    *,
    config: EvaluateConfig = EvaluateConfig(),
    report: Report = silent,
) -> Evaluation:
    """Score a model on the labelled tiles of a split, all their pixels in one confusion matrix.

    Write `figure.png`, `reliability.png`, `reliability.csv`, `confusion.csv`, `scores.csv`, `scores.md` and,
    last, `scores.json` into `out`; with `config.each_subset` also `subsets.csv` and `subsets.md`.

    Args:
        model: Folder of a run or of a saved model, the name of a packaged model, or a network; of several the
            mean is scored.
        data: Table of tiles: its file, or the tiles.
        out: Folder of the results, created where it is missing; nothing is written without one.
        config: Split, engine and figure.
        report: Called after each tile.

    Raises:
        InputError: The model, the table or a tile is wrong, no tile can be scored, sets are wanted of a model
            without calibration or of several, or inputs are left out that a model needs.
    """
    networks, split = as_networks(model), config.split
    spec = JointSpec.of([network.spec for network in networks], names_of_models(model))
    given = given_inputs(spec, config)
    thresholds = thresholds_of(networks, config.sets, config.flips, config.scales)
    tiles = scorable_by_all(select_split(as_tiles(data), split, data), given, spec, split, data)
    record = record_of(model, data, config.model_dump(mode="json", exclude=_unused(config)))
    drawn = set() if out is None else _drawn(len(tiles), config)
    if out is not None:
        require_apart(_written(out, config), [*table_files(data, tiles), *files_of_models(model)])
    tally = SubsetTally(spec.modalities) if config.each_subset else None
    with _claim(out, config):
        with open_model(networks, names=names_of_models(model), **config.engine_options) as engine:
            predictions = tally.predict(tiles, engine) if tally else predict_tiles(tiles, given, engine)
            scored = score_tiles(len(tiles), predictions, drawn, thresholds, report)
        believed = scored.reliability(sets=config.sets is not None)
        evaluation = Evaluation(
            scores=scored.scores,
            split=split,
            tiles=len(tiles),
            labels=LabelKinds.model_validate(count_labels(tiles)),
            engine=engine.name,
            flips=config.flips,
            scales=config.scales,
            calibrated=engine.is_calibrated,
            models=names_of_models(model),
            reliability=believed["all"],
            sets=config.sets,
            inputs=None if config.inputs is None else str(given),
            subsets=() if tally is None else tally.scores(),
            record=record,
        )
        if out is not None:
            table = data.name if isinstance(data, Path) else describe_table(data)
            _write(evaluation, scored, believed, table, out)
    return evaluation


def _drawn(tiles: int, config: EvaluateConfig) -> set[int]:
    """Choose the tiles of the figure, evenly spaced."""
    return set(np.linspace(0, tiles - 1, config.tiles_in_figure).round().astype(int).tolist())


def _write(
    evaluation: Evaluation, scored: ScoredTiles, believed: dict[str, Reliability], table: str, out: Path
) -> None:
    """Write the files of an evaluation, its scores last."""
    write_figure(scored.comparisons, out / "figure.png")
    _write_reliability(scored, believed, out)
    _write_subsets(evaluation, out)
    _write_scores(evaluation, table, out)


def _write_reliability(scored: ScoredTiles, believed: dict[str, Reliability], out: Path) -> None:
    """Write the figure and the table of the probabilities."""
    write_reliability_figure(total(scored.regions.values()), out / "reliability.png")
    write_text(out / "reliability.csv", csv_table(reliability_rows(believed)))


def _unused(config: EvaluateConfig) -> set[str]:
    """Name options that a record leaves out, since they were not given."""
    return {name for name in ("inputs", "each_subset") if not getattr(config, name)} | config.unrecorded


def _written(out: Path, config: EvaluateConfig) -> list[Path]:
    """List the files of an evaluation, the record last."""
    return [out / name for name in (*(_SUBSETS if config.each_subset else ()), *_FILES)]


def _claim(out: Path | None, config: EvaluateConfig) -> AbstractContextManager[None]:
    """Claim the files of an evaluation in a folder, where there is one."""
    if out is None:
        return nullcontext()
    files = _written(out, config)
    return claimed(files[-1], lambda: is_record(files[-1], "classes", "confusion"), files)


def _write_subsets(evaluation: Evaluation, out: Path) -> None:
    """Write the table of subsets; that of an earlier evaluation goes where there is none."""
    if evaluation.subsets:
        write_text(out / _SUBSETS[0], subsets_csv(evaluation.subsets))
        write_text(out / _SUBSETS[1], subsets_markdown(evaluation.subsets))
    elif is_record(out / _FILES[-1], "subsets"):
        for name in _SUBSETS:
            (out / name).unlink(missing_ok=True)


def _mean_of(models: tuple[str, ...]) -> str:
    """Say that models were averaged, for the begin of a sentence; empty for one."""
    return f"mean of {len(models)} models; " if len(models) > 1 else ""


def _write_scores(evaluation: Evaluation, table: str, out: Path) -> None:
    scores, labels = evaluation.scores, evaluation.labels
    provenance = (
        f"{table}, split {evaluation.split}, {evaluation.tiles} tiles; "
        f"labels: {labels.real} real, {labels.pseudo} pseudo; "
        f"{_mean_of(evaluation.models)}{evaluation.engine}{averaging(evaluation.flips, evaluation.scales)}"
        f"{'' if evaluation.inputs is None else f'; given {evaluation.inputs}'}"
    )
    write_text(out / "confusion.csv", confusion_csv(scores))
    write_text(out / "scores.csv", scores_csv(scores))
    write_text(out / "scores.md", scores_markdown(scores, provenance))
    write_json(out / "scores.json", evaluation.content())
