"""`oemsar prepare radiometry`: a radar scene to 8 bits."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.document import write_document
from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.prepare.radiometry.config import RadiometryConfig


@with_options
def radiometry(
    scene: Annotated[Path | None, typer.Argument(help="Radar scene.", show_default=False)] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="GeoTIFF to write.", show_default=False)] = None,
    list_names: Annotated[
        bool, typer.Option("--list", help="Show the remaps and the kinds of product.")
    ] = False,
    config: RadiometryConfig,
    as_json: AsJson = False,
) -> None:
    """Write SCENE as 8-bit amplitude, 1 to 255, 0 where it carries no data.

    The remap's parameters are taken once from the whole scene and stored in the file's metadata.
    """
    from oemsar.cli.progress import reporting
    from oemsar.errors import InputError
    from oemsar.prepare.radiometry.run import apply_radiometry

    if list_names:
        _print_lists(as_json)
        return
    if scene is None or out is None:
        raise InputError("give SCENE, a radar scene, and the GeoTIFF to write", option="out")
    with reporting("Remapping") as report:
        result = apply_radiometry(scene, out, config=config, report=report)
    if as_json:
        print_json(result)
        return
    kinds = ", ".join(dict.fromkeys((result.product, result.quantity)))
    echo(f"{kinds}, {result.valid_share:.1%} of the pixels valid")
    values = ", ".join(f"{name} {value:.6g}" for name, value in result.parameters.items())
    echo(f"{result.remap}{': ' if values else ''}{values}")
    echo(result.out)


def _print_lists(as_json: bool) -> None:
    from oemsar.prepare.radiometry.config import REMAPS
    from oemsar.products.registry import READERS

    remaps = {name: REMAPS.find(name).summary for name in REMAPS}
    products = {name: READERS.find(name).summary for name in READERS}
    if as_json:
        write_document({"remaps": {**remaps}, "products": {**products}})
        return
    for title, entries in (("Remaps", remaps), ("Products", products)):
        echo(title)
        for name, text in entries.items():
            echo(f"  {name:<14}{text}")
