"""`oemsar predict`: the land cover map of a scene."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.model_names import model_argument
from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.predict.config import PredictConfig


@with_options
def predict(
    models: Annotated[
        list[Path],
        model_argument(
            "A run of `oemsar train`, or a saved model; the mean of several.",
            metavar="MODEL...",
            show_default=False,
        ),
    ],
    scene: Annotated[
        Path,
        typer.Argument(
            help="The radar image; the orthophoto, or the first input, of a model without radar.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="The map to write, ending in .tif.", show_default=False)],
    config: PredictConfig,
    as_json: AsJson = False,
) -> None:
    """Map a scene of any size; killed and called again it goes on where it was.

    The last argument is the scene, those before it are models. Writes MAP.tif (class ids, nodata 0),
    MAP_confidence.tif (percent), MAP.png and MAP.json, each layer with a style of QGIS.
    """
    from oemsar.cli.progress import reporting
    from oemsar.predict.run import predict_scene

    with reporting("Mapping") as report:
        summary = predict_scene(models, scene, out, config=config, report=report)
    if as_json:
        print_json(summary)
        return
    for name, area in summary.classes.items():
        hectares = "" if area.hectares is None else f"  {area.hectares:10.2f} ha"
        echo(f"{name:<18}{area.share:7.1%}{hectares}")
    echo(f"No data           {summary.nodata_share:7.1%}")
    for names, share in (summary.subsets or {}).items():
        echo(f"mapped from {names}: {share:.1%}")
    if summary.sieve is not None:
        sieved = summary.sieve
        echo(
            f"patches below {sieved.square_metres:g} m2: {sieved.patches_before} before, "
            f"{sieved.patches_after} after; raw map: {summary.raw}"
        )
    if summary.polygons is not None:
        echo(f"{summary.polygons.number} polygons: {summary.polygons.file}")
    echo(f"map: {summary.map}", f"confidence: {summary.confidence}", f"quicklook: {summary.quicklook}")
