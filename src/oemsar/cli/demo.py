"""`oemsar demo`: the main job from end to end on a simulated world."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    dest: Annotated[Path, typer.Argument(help="Folder to write everything to.")] = Path("demo"),
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each network.")] = 90,
) -> None:
    """Simulate a small world, train, score, map a scene, and show it on one page."""
    from rich.console import Console
    from rich.table import Table

    from oemsar.demo.run import DemoConfig, demonstrate, scores_table

    page, scores = demonstrate(dest, DemoConfig(steps=steps))
    header, *rows = scores_table(scores)
    table = Table(title="Simulated test split")
    for number, name in enumerate(header):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    typer.echo(f"Page: {page.resolve()}")
