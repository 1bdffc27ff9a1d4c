"""`oemsar curate check`: quality of labels."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.curate.check.config import CheckConfig


@with_options
def check(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the results.", show_default=False)],
    config: CheckConfig,
    as_json: AsJson = False,
) -> None:
    """Check labels: agreement, estimates from a probability sample, and what is most likely wrong."""
    from oemsar.cli.progress import reporting
    from oemsar.curate.check.run import check_labels

    with reporting("Checking labels") as report:
        found = check_labels(tiles, out, config=config, report=report)
    if as_json:
        print_json(found)
        return
    for what, agreements in (("pseudo labels", found.pseudo), ("two people", found.annotators)):
        for condition, each in agreements.items():
            if each.overall is not None:
                echo(f"{what}, {condition}: {each.overall:.1%} of {each.pixels} pixels agree")
    if found.estimates is not None and found.estimates.overall_accuracy is not None:
        echo(f"estimated accuracy of the whole: {found.estimates.overall_accuracy.value:.1%}")
    if found.doubts is not None:
        echo(f"{found.doubts.doubtful_share:.1%} of the labelled pixels are in doubt")
    echo(f"results: {out / 'check.md'}")
