"""`oemsar evaluate`: score a saved model on a split."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.model_names import model_argument
from oemsar.cli.options import AsJson, with_options
from oemsar.evaluate.config import EvaluateConfig


@with_options
def evaluate(
    models: Annotated[
        list[Path],
        model_argument(
            "Run of `oemsar train`, or a saved model's folder; the mean of several.", metavar="RUN..."
        ),
    ],
    *,
    data: Annotated[Path, typer.Option(help="Table of tiles.")],
    out: Annotated[Path, typer.Option(help="Folder for the scores, tables and figure.")],
    config: EvaluateConfig,
    as_json: AsJson = False,
) -> None:
    """Score a model on the labelled tiles of a split: IoU, precision, recall and F1 of every class."""
    from oemsar.cli.progress import reporting
    from oemsar.cli.scores import print_scores
    from oemsar.evaluate.run import evaluate_model

    with reporting("Evaluating") as report:
        evaluation = evaluate_model(models, data, out, config=config, report=report)
    title = f"{', '.join(map(str, models))} on split {config.split}"
    print_scores(evaluation.scores, title, as_json=as_json, subsets=evaluation.subsets)
