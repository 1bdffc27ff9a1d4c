"""`oemsar predict`: the land cover map of a scene."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import DeviceOption, EngineOption, Flips


def predict(
    model: Annotated[
        Path, typer.Argument(help="A run of `oemsar train`, or a saved model.", show_default=False)
    ],
    scene: Annotated[
        Path,
        typer.Argument(help="The radar image; the orthophoto for an optical model.", show_default=False),
    ],
    *,
    out: Annotated[Path, typer.Option(help="The map to write, ending in .tif.", show_default=False)],
    optical: Annotated[
        Path | None, typer.Option(help="The orthophoto for a sar+optical model, on any grid.")
    ] = None,
    window: Annotated[int, typer.Option(help="Side of the windows, in pixels.")] = 1024,
    overlap: Annotated[int, typer.Option(help="Width of the zone in which windows are blended.")] = 128,
    flips: Flips = False,
    engine: EngineOption = "auto",
    device: DeviceOption = "auto",
    nodata: Annotated[
        str,
        typer.Option(
            help="auto (the file's own, else zeros around the collect), none, or the value that is nodata."
        ),
    ] = "auto",
    value_range: Annotated[
        tuple[float, float] | None,
        typer.Option("--range", help="Values that become 0 and 255, for a scene that is not 8-bit."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Map a scene of any size; killed and called again it goes on where it was.

    Writes MAP.tif (class ids, nodata 0), MAP_confidence.tif (percent), MAP.png and MAP.json.
    """
    import json

    from oemsar.cli.progress import reporting
    from oemsar.predict.run import PredictConfig
    from oemsar.predict.run import predict as run
    from oemsar.predict.scene import Treatment

    config = PredictConfig(
        window=window,
        overlap=overlap,
        flips=flips,
        engine=engine,
        device=device,
        treatment=Treatment(nodata=nodata, value_range=value_range),
    )
    with reporting("Mapping") as report:
        summary = run(model, scene, out, optical, config=config, report=report)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    for name, shares in summary["classes"].items():
        hectares = "" if shares["hectares"] is None else f"  {shares['hectares']:10.2f} ha"
        typer.echo(f"{name:<18}{shares['share']:7.1%}{hectares}")
    typer.echo(f"No data           {summary['nodata_share']:7.1%}")
    for key in ("map", "confidence", "quicklook"):
        typer.echo(f"{key}: {summary[key]}")
