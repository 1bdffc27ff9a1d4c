"""`oemsar demo`: the main job from end to end on a simulated world."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.document import write_document
from oemsar.cli.ending import going_on
from oemsar.cli.options import AsJson, with_options
from oemsar.cli.terminal import echo
from oemsar.demo.config import DemoConfig


@with_options
def demo(
    dest: Annotated[Path, typer.Argument(help="Folder to write everything to.")] = Path("demo"),
    *,
    config: DemoConfig,
    as_json: AsJson = False,
) -> None:
    """Map and score a simulated world with the starter model, fine-tune it, and show it on a page."""
    from rich.console import Console
    from rich.table import Table

    from oemsar.demo.run import run_demo, scores_table

    with going_on():
        made = run_demo(dest, config=config)
    if as_json:
        write_document(made.content())
        return
    for model, scores in made.scores.items():
        header, *rows = scores_table(scores)
        table = Table(title=f"{model}, simulated test split")
        for number, name in enumerate(header):
            table.add_column(name, justify="right" if number else "left")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
    echo(f"Page: {made.page.resolve()}")
