"""`oemsar prepare align`: a radar image on an orthophoto."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from oemsar.cli.options import DemDatum, Geoid, Incidence, LookAzimuth, ProjectionHeight


def align(
    sar: Annotated[Path, typer.Argument(help="Radar amplitude: product, map or pixels.", show_default=False)],
    optical: Annotated[Path, typer.Argument(help="Orthophoto of the same place.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the results.", show_default=False)],
    dem: Annotated[Path | None, typer.Option(help="Elevation model of the bare ground.")] = None,
    dem_datum: DemDatum = None,
    geoid: Geoid = None,
    dsm: Annotated[
        Path | None,
        typer.Option(help="Surface model with roofs and crowns, which then stand where the radar sees them."),
    ] = None,
    tie_points: Annotated[
        Path | None,
        typer.Option(help="Tie points that a person edited (.geojson or .points); nothing is matched then."),
    ] = None,
    search: Annotated[
        float | None,
        typer.Option(
            help="Radius of the search along the look, metres; pixels without georeferencing.",
            show_default="80 m, 48 pixels at least",
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="orientation, mutual-information, or one of an installed plug-in.")
    ] = "orientation",
    look_azimuth: LookAzimuth = None,
    incidence: Incidence = None,
    projection_height: ProjectionHeight = None,
    values: Annotated[
        Literal["amplitude", "linear"],
        typer.Option(help="amplitude is interpolated as power, linear (power) as it is."),
    ] = "amplitude",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Bring SAR onto OPTICAL and say how well it lies there.

    Writes report.html, report.json, tie_points.geojson, tie_points.points, transform.json, sar_aligned.tif
    and pictures. Exit code 1 where the two cannot be aligned.
    """
    import json

    from oemsar.cli.progress import reporting
    from oemsar.errors import InputError
    from oemsar.geometry.datum import Datum
    from oemsar.geometry.look import look_from_angles
    from oemsar.geometry.terrain import Terrain
    from oemsar.prepare.align.run import AlignConfig
    from oemsar.prepare.align.run import align as run
    from oemsar.prepare.align.scene.open_geometry import GeometryOptions

    if dem is None and (dsm is not None or geoid is not None):
        raise InputError("--dsm and --geoid go with --dem; pass the elevation model of the bare ground too")
    placing = GeometryOptions(
        None if dem is None else Terrain(dem, geoid, dsm),
        None if dem_datum is None else Datum(dem_datum),
        look_from_angles(look_azimuth, incidence),
        projection_height,
    )
    config = AlignConfig(placing, search, engine, tie_points, values)
    with reporting("Aligning") as report:
        summary = run(sar, optical, out, config, report)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _tell(summary, out)
    if summary["verdict"] == "failed":
        raise typer.Exit(1)


def _tell(summary: dict[str, object], out: Path) -> None:
    """Print the verdict and what it rests on."""
    verdicts = {
        "accepted": "Accepted",
        "needs_person": "Needs a person",
        "failed": f"I cannot align {summary['sar']} with {summary['optical']}",
    }
    reasons = summary["reasons"]
    because = f": {'; '.join(reasons)}" if isinstance(reasons, list) and reasons else ""
    typer.echo(f"{verdicts[str(summary['verdict'])]}{because}")
    residual = summary["residual_px"]
    if isinstance(residual, dict) and residual["median"] is not None:
        typer.echo(
            f"{summary['model']} through {summary['n_tie_points']} tie points, leave-one-out error "
            f"{residual['median']:.2f} px (median), {residual['p95']:.2f} px (95 %)"
        )
    typer.echo(f"{out / 'report.html'}")
