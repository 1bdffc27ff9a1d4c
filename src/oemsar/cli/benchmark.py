"""`oemsar benchmark`: the paper's table of networks, modalities and label regimes, or one of your own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.benchmark.config import BenchmarkConfig
from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.visible_text import visible

if TYPE_CHECKING:
    from oemsar.benchmark.dispatch import BenchmarkStatus

app = typer.Typer(
    help="Train and score networks x modalities x label regimes, and report.", no_args_is_help=True
)


@app.command("run")
@with_options
def run(
    plan: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PLAN.yaml]",
            help="What to train; the plan in OUT by default, else the paper's 45 cells.",
            show_default=False,
        ),
    ] = None,
    *,
    data: Annotated[Path, typer.Option(help="Table of tiles.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the benchmark.")],
    config: BenchmarkConfig,
    as_json: AsJson = False,
) -> None:
    """Train and score every cell of a plan; the same command goes on where it was interrupted.

    A cell that fails is recorded with its reason and the others go on; the exit code then is 1.
    """
    from oemsar.benchmark.run import run_benchmark

    with _reporting() as report:
        outcome = run_benchmark(data, out, plan=plan, config=config, report=report)
    if as_json:
        print_json(outcome)
    else:
        echo(f"{len(outcome.finished)} cells finished, {len(outcome.failed)} failed, in {out}")
        for name, reason in outcome.failed.items():
            echo(f"  {name}: {reason}")
    if outcome.failed:
        raise typer.Exit(1)


@app.command("report")
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the benchmark.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write table4.md, .csv, .tex, .html and figure3.png into DIR, of the cells finished so far."""
    from oemsar.benchmark.report import report_benchmark

    made = report_benchmark(folder)
    if as_json:
        print_json(made.table)
    else:
        for path in made.files:
            echo(f"Wrote {path}")


@contextmanager
def _reporting() -> "Iterator[Callable[[BenchmarkStatus], None]]":
    """Draw a bar of all cells with the time left, and one for each cell at work."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    from oemsar.benchmark.eta import format_duration
    from oemsar.cli.progress import terminal

    console, hidden = terminal()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=console, disable=hidden) as progress:
        cells = progress.add_task("Cells", total=None, left="")
        bars: dict[str, TaskID] = {}

        def draw(status: "BenchmarkStatus") -> None:
            left = "" if status.seconds_left is None else f"about {format_duration(status.seconds_left)} left"
            progress.update(cells, completed=status.done, total=status.cells, left=left)
            for name in set(bars) - set(status.running):
                progress.remove_task(bars.pop(name))
            for name, (done, total) in status.running.items():
                if name not in bars:
                    bars[name] = progress.add_task(escape(f"  {visible(name)}"), total=total, left="")
                progress.update(
                    bars[name], completed=done, total=total, left="scoring" if done == total else ""
                )

        yield draw
