"""`oemsar data verify`: open every file of a table of tiles and say what is wrong."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import cell
from oemsar.dataset.config import VerifyConfig

if TYPE_CHECKING:
    from oemsar.dataset.findings import Verification


@with_options
def verify(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    *,
    config: VerifyConfig,
    as_json: AsJson = False,
) -> None:
    """Decode every file of TILES; exit code 1 when something is wrong with one."""
    from oemsar.cli.progress import reporting
    from oemsar.dataset.verify import verify_tiles

    with reporting("Verifying tiles") as report:
        verification = verify_tiles(tiles, config=config, report=report)
    if as_json:
        print_json(verification)
    else:
        _print_findings(verification)
    if not verification.ok:
        raise typer.Exit(1)


def _print_findings(verification: "Verification") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not verification.ok:
        table = Table("Split", "Tile", "Kind")
        table.add_column("What is wrong", overflow="fold")
        for finding in verification.findings:
            table.add_row(finding.split, cell(finding.tile), finding.kind, cell(finding.message))
        console.print(table)
    tally = f"{verification.tiles} tiles, {verification.files} files: {len(verification.findings)} finding(s)"
    console.print(tally, highlight=False)
