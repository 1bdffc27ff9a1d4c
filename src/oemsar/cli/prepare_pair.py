"""`oemsar prepare pair`: a region's scenes as an aligned pair."""

from pathlib import Path
from typing import Annotated

import typer


def pair(
    region: Annotated[
        Path,
        typer.Argument(help="YAML file that names the images and says what to make.", show_default=False),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the results.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Put a radar scene and an orthophoto on one grid, aligned, with masks and a record of how.

    Writes NAME_sar.tif, NAME_optical.tif, NAME_masks.tif, NAME.json and the alignment's report.
    A second run makes only what its inputs changed. Exit code 1 where the alignment needs a person.
    """
    import json

    from oemsar.cli.progress import reporting
    from oemsar.prepare.pair.run import pair as run

    with reporting("Pairing") as report:
        summary = run(region, out, report)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    rows, columns = summary["grid"]["shape"]
    masks, alignment = summary["masks"], summary["alignment"]
    typer.echo(
        f"{summary['files']['sar']}: {columns} x {rows} pixels, {masks['both_valid_share']:.1%} in both"
    )
    typer.echo(
        f"alignment {alignment['verdict']}: {alignment['model']} through {alignment['n_tie_points']} tie "
        f"points, leave-one-out error {alignment['residual_px']['median']:.2f} px (median)"
    )
    typer.echo(", ".join(f"{name} {state}" for name, state in summary["stages"].items()))
