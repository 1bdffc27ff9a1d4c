"""`oemsar prepare ortho`: a radar scene on the ground it shows."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.document import write_document
from oemsar.cli.options import AsJson, with_options
from oemsar.cli.terminal import echo
from oemsar.prepare.ortho.config import OrthoConfig


@with_options
def ortho(
    scene: Annotated[
        Path,
        typer.Argument(
            help="Radar amplitude with an RPC, or with an affine and its look.", show_default=False
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="GeoTIFF to write, ending in .tif.", show_default=False)],
    config: OrthoConfig,
    as_json: AsJson = False,
) -> None:
    """Take the terrain out of a scene of any size: RPC or look, and an elevation model.

    Writes ORTHO.tif, ORTHO.json and, with --dsm, ORTHO_masks.tif (layover, shadow, valid).
    """
    from oemsar.cli.progress import reporting
    from oemsar.prepare.ortho.run import orthorectify

    with reporting("Orthorectifying") as report:
        result = orthorectify(scene, out, config=config, report=report)
    if as_json:
        write_document(result.plain(record=False))
        return
    rows, columns = result.shape
    echo(f"{out}: {columns} x {rows} pixels, {result.valid_share:.1%} with data")
    if result.look is not None:
        echo(f"look azimuth {result.look.azimuth:.2f}, incidence {result.look.incidence:.2f} degrees")
    if result.masks is not None:
        echo(f"layover {result.layover_share:.1%}, shadow {result.shadow_share:.1%}")
