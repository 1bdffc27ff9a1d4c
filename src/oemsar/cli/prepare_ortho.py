"""`oemsar prepare ortho`: a radar scene on the ground it shows."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from oemsar.cli.options import DemDatum, Geoid, Incidence, LookAzimuth, ProjectionHeight


def ortho(
    scene: Annotated[
        Path,
        typer.Argument(
            help="Radar amplitude with an RPC, or with an affine and its look.", show_default=False
        ),
    ],
    *,
    dem: Annotated[Path, typer.Option(help="Elevation model of the bare ground.", show_default=False)],
    crs: Annotated[str, typer.Option(help="CRS of the result, such as EPSG:32654.", show_default=False)],
    gsd: Annotated[
        float, typer.Option(help="Ground sampling distance of the result, in metres.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="The result, ending in .tif.", show_default=False)],
    dem_datum: DemDatum = None,
    geoid: Geoid = None,
    dsm: Annotated[
        Path | None, typer.Option(help="Surface model with roofs and crowns, for layover and shadow masks.")
    ] = None,
    look_azimuth: LookAzimuth = None,
    incidence: Incidence = None,
    projection_height: ProjectionHeight = None,
    values: Annotated[
        Literal["amplitude", "linear"],
        typer.Option(help="amplitude is interpolated as power, linear (power, optical) as it is."),
    ] = "amplitude",
    kernel: Annotated[
        Literal["nearest", "bilinear", "bicubic"], typer.Option(help="How pixels are interpolated.")
    ] = "bicubic",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Take the terrain out of a scene of any size: RPC or look, and an elevation model.

    Writes ORTHO.tif, ORTHO.json and, with --dsm, ORTHO_masks.tif (layover, shadow, valid).
    """
    import json

    from oemsar.cli.progress import reporting
    from oemsar.geometry.datum import Datum
    from oemsar.geometry.look import look_from_angles
    from oemsar.geometry.terrain import Terrain
    from oemsar.prepare.ortho.run import OrthoConfig
    from oemsar.prepare.ortho.run import ortho as run

    config = OrthoConfig(
        crs,
        gsd,
        None if dem_datum is None else Datum(dem_datum),
        look_from_angles(look_azimuth, incidence),
        projection_height,
        values,
        kernel,
    )
    with reporting("Orthorectifying") as report:
        summary = run(scene, Terrain(dem, geoid, dsm), out, config, report)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    rows, columns = summary["shape"]
    typer.echo(f"{out}: {columns} x {rows} pixels, {summary['valid_share']:.1%} with data")
    if summary["look"] is not None:
        typer.echo("look azimuth {azimuth:.2f}, incidence {incidence:.2f} degrees".format(**summary["look"]))
    if summary["masks"] is not None:
        typer.echo(f"layover {summary['layover_share']:.1%}, shadow {summary['shadow_share']:.1%}")
