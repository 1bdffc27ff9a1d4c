"""`oemsar data verify`: open every file of a table of tiles and say what is wrong."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from oemsar.dataset.findings import Verification


def verify(
    tiles: Annotated[Path, typer.Argument(help="Table of tiles.", metavar="TILES")],
    size: Annotated[
        int | None, typer.Option(min=1, help="Rows and columns every file must have; 1024 as published.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Decode every file of TILES; exit code 1 when something is wrong with one."""
    from oemsar.cli.progress import reporting
    from oemsar.dataset.table import read_tiles
    from oemsar.dataset.verify import verify as verify_tiles

    with reporting("Verifying tiles") as report:
        verification = verify_tiles(read_tiles(tiles), size, report)
    if as_json:
        _print_json(verification)
    else:
        _print_findings(verification)
    if not verification.ok:
        raise typer.Exit(1)


def _print_json(verification: "Verification") -> None:
    import json

    findings = [
        {
            "tile": finding.tile,
            "split": finding.split,
            "file": None if finding.file is None else str(finding.file),
            "kind": finding.kind,
            "message": finding.message,
        }
        for finding in verification.findings
    ]
    document = {
        "tiles": verification.tiles,
        "files": verification.files,
        "findings": findings,
        "ok": verification.ok,
    }
    typer.echo(json.dumps(document, indent=2))


def _print_findings(verification: "Verification") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not verification.ok:
        table = Table("Split", "Tile", "Kind")
        table.add_column("What is wrong", overflow="fold")
        for finding in verification.findings:
            table.add_row(finding.split, escape(finding.tile), finding.kind, escape(finding.message))
        console.print(table)
    tally = f"{verification.tiles} tiles, {verification.files} files: {len(verification.findings)} finding(s)"
    console.print(tally, highlight=False)
