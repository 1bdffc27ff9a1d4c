"""`oemsar models calibrate`: probabilities that mean what they say."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.model_names import model_argument
from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.evaluate.config import CalibrateConfig


@with_options
def calibrate(
    model: Annotated[
        Path, model_argument("Run of `oemsar train`, or a saved model's folder.", metavar="RUN")
    ],
    *,
    data: Annotated[Path, typer.Option(help="Table of tiles.")],
    out: Annotated[Path, typer.Option(help="Folder of the calibrated model.")],
    config: CalibrateConfig,
    as_json: AsJson = False,
) -> None:
    """Make the confidence of a model mean what it says, from the labels of a split.

    Fits a temperature, or a scale and a shift for each class, and the thresholds of prediction sets; evaluate
    and predict use them. `oemsar train` does it at the end of a training.
    """
    from oemsar.cli.progress import reporting
    from oemsar.evaluate.calibrate import calibrate_model
    from oemsar.evaluate.tables import percent

    with reporting("Calibrating") as report:
        calibrated = calibrate_model(model, data, out, config=config, report=report)
    if as_json:
        print_json(calibrated)
        return
    before, after = calibrated.before, calibrated.after
    echo(
        f"{calibrated.path}: calibration error {percent(before.calibration_error)} % before, "
        f"{percent(after.calibration_error)} % after, on the pixels it was fitted on"
    )
