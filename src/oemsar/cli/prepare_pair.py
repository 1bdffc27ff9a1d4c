"""`oemsar prepare pair`: a region's scenes as an aligned pair."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json
from oemsar.cli.terminal import echo


def pair(
    region: Annotated[
        Path,
        typer.Argument(help="YAML file of the region: its images and the pair to make.", show_default=False),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the results.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Put a radar scene and an orthophoto on one grid, aligned, with masks and a record of how.

    Writes NAME_sar.tif, NAME_optical.tif, NAME_masks.tif, NAME.json and the alignment's report.
    A second run makes only what its inputs changed. Exit code 1 where the alignment needs a person.
    """
    from oemsar.cli.progress import reporting
    from oemsar.prepare.pair.run import make_pair

    with reporting("Pairing") as report:
        made = make_pair(region, out, report=report)
    if as_json:
        print_json(made)
        return
    rows, columns = made.grid.shape
    echo(f"{made.files['sar']}: {columns} x {rows} pixels, {made.masks.both_valid_share:.1%} in both")
    alignment = made.alignment
    echo(
        f"alignment {alignment.verdict}: {alignment.model} through {alignment.n_tie_points} tie points, "
        f"leave-one-out error {alignment.residual_px.median:.2f} px (median)"
    )
    echo(", ".join(f"{name} {state}" for name, state in made.stages.items()))
