"""`oemsar prepare align`: a radar image on an orthophoto."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.prepare.align.config import AlignConfig

if TYPE_CHECKING:
    from oemsar.prepare.align.summary import AlignReport

_EXIT_CODES = {"accepted": 0, "needs_person": 3, "failed": 1}
"""Exit codes by verdict: a result that nobody has looked at must not pass for a success."""


@with_options
def align(
    sar: Annotated[Path, typer.Argument(help="Radar amplitude: product, map or pixels.", show_default=False)],
    optical: Annotated[Path, typer.Argument(help="Orthophoto of the same place.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the results.", show_default=False)],
    config: AlignConfig,
    as_json: AsJson = False,
) -> None:
    """Bring SAR onto OPTICAL and say how well it lies there.

    Writes report.html, report.json, tie_points.geojson, tie_points.points, transform.json, sar_aligned.tif
    and pictures. Exit code 0 where the result is accepted, 3 where a person has to look at it first, 1 where
    the two cannot be aligned.
    """
    from oemsar.cli.progress import reporting
    from oemsar.prepare.align.run import align_images

    with reporting("Aligning") as report:
        result = align_images(sar, optical, out, config=config, report=report)
    if as_json:
        print_json(result)
    else:
        _print_verdict(result, out)
    if code := _EXIT_CODES[result.verdict]:
        raise typer.Exit(code)


def _print_verdict(result: "AlignReport", out: Path) -> None:
    """Print the verdict and the errors it rests on."""
    verdicts = {
        "accepted": "Accepted",
        "needs_person": "Needs a person",
        "failed": f"I cannot align {result.sar} with {result.optical}",
    }
    because = f": {'; '.join(result.reasons)}" if result.reasons else ""
    echo(f"{verdicts[result.verdict]}{because}")
    residual = result.residual_px
    if residual.median is not None:
        echo(
            f"{result.model} through {result.n_tie_points} tie points, leave-one-out error "
            f"{residual.median:.2f} px (median), {residual.p95:.2f} px (95 %)"
        )
    for warning in result.warnings:
        echo(f"Note: {warning}")
    echo(f"{out / 'report.html'}")
    if result.verdict == "needs_person":
        echo(f"{out / 'sar_aligned.tif'} is not to be used before a person has looked at the report")
