"""`oemsar prepare radiometry`: a radar scene to 8 bits."""

from pathlib import Path
from typing import Annotated

import typer


def radiometry(
    scene: Annotated[Path | None, typer.Argument(help="The radar scene.", show_default=False)] = None,
    *,
    remap: Annotated[
        str | None,
        typer.Option(help="How amplitude becomes 8 bits; --list shows the names.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The GeoTIFF to write.", show_default=False)] = None,
    list_names: Annotated[
        bool, typer.Option("--list", help="Show the remaps and the kinds of product.")
    ] = False,
    product: Annotated[
        str | None, typer.Option(help="Kind of product, where it is not recognised; --list shows the names.")
    ] = None,
    band: Annotated[int | None, typer.Option(help="Band of a file of several, from 1.")] = None,
    sigma0: Annotated[
        bool, typer.Option("--sigma0", help="Remap the root of sigma nought; needs a calibrated product.")
    ] = False,
    percentiles: Annotated[
        tuple[float, float], typer.Option(help="Limits of percentile and db-clip, in percent of the pixels.")
    ] = (1.0, 99.0),
    db: Annotated[
        tuple[float, float] | None, typer.Option(help="Limits of db-clip in dB, instead of percentiles.")
    ] = None,
    nodata: Annotated[
        str,
        typer.Option(
            help="auto (the file's own, else zeros around the collect), none, or the value that is nodata."
        ),
    ] = "auto",
    look_azimuth: Annotated[
        float | None, typer.Option(help="Direction sensor to scene, degrees from north, where not told.")
    ] = None,
    incidence: Annotated[
        float | None, typer.Option(help="Incidence angle in degrees, where the product does not tell it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write SCENE as 8-bit amplitude, 1 to 255, 0 where it carries no data.

    The remap's parameters are taken once from the whole scene and stored in the file's metadata.
    """
    import json

    from oemsar.cli.progress import reporting
    from oemsar.errors import InputError
    from oemsar.prepare.radiometry.remap import REMAPS, Choice, find_remap
    from oemsar.prepare.radiometry.run import RadiometryConfig, remap_scene

    if list_names:
        _print_lists(as_json)
        return
    if scene is None or out is None or remap is None:
        raise InputError(f"give SCENE, --out and --remap with one of {', '.join(REMAPS)}")
    config = RadiometryConfig(
        remap=find_remap(remap).name,
        product=product,
        band=band,
        sigma0=sigma0,
        choice=Choice(percentiles, db),
        nodata=nodata,
        look_azimuth=look_azimuth,
        incidence=incidence,
    )
    with reporting("Remapping") as report:
        summary = remap_scene(scene, out, config, report)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    typer.echo(
        f"{summary['product']}, {summary['quantity']}, {summary['valid_share']:.1%} of the pixels valid"
    )
    values = ", ".join(f"{name} {value:.6g}" for name, value in summary["parameters"].items())
    typer.echo(f"{summary['remap']}{': ' if values else ''}{values}")
    typer.echo(summary["out"])


def _print_lists(as_json: bool) -> None:
    import json

    from oemsar.prepare.radiometry.remap import REMAPS
    from oemsar.products.registry import READERS

    remaps = {name: _first_line(remap.curve.__doc__) for name, remap in REMAPS.items()}
    products = {name: READERS.find(name).summary for name in READERS}
    if as_json:
        typer.echo(json.dumps({"remaps": remaps, "products": products}, indent=2))
        return
    for title, entries in (("Remaps", remaps), ("Products", products)):
        typer.echo(title)
        for name, text in entries.items():
            typer.echo(f"  {name:<14}{text}")


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]
