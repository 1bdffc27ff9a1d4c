"""The `oemsar` command: its verbs, and how it ends."""

import logging
import os
import sys
import warnings
from typing import Annotated

import typer

import oemsar
from oemsar.cli import (
    benchmark,
    contest,
    data,
    demo,
    evaluate,
    models,
    predict,
    prepare,
    simulate,
    simulate_scene,
    train,
)
from oemsar.errors import OemsarError

_INTERRUPTED = 130
"""Typer's exit code for Ctrl-C."""

app = typer.Typer(
    help="Land cover maps from sub-metre radar and aerial imagery.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")
app.command("simulate")(simulate.simulate)
app.command("simulate-scene")(simulate_scene.simulate_scene)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(prepare.app, name="prepare")
app.add_typer(contest.app, name="contest")
app.command("demo")(demo.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"oemsar {oemsar.__version__}")
        raise typer.Exit


@app.callback()
def configure(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell every step.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Tell only warnings; no progress bars.")
    ] = False,
) -> None:
    """Land cover maps from sub-metre radar and aerial imagery."""
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
    logging.getLogger("oemsar").setLevel(level)


def main() -> None:
    """Run the command line: exit code 0 when the work is done, 2 on wrong input, 1 on a failure."""
    # Else threads of PyTorch that wait for each other keep a core busy: beside any other work, the processes
    # that read crops among it, a training takes several times as long. Read when PyTorch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Tiles as published carry no georeferencing; rasterio would warn about each of them.
    warnings.filterwarnings("ignore", message="Dataset has no geotransform")
    try:
        app(prog_name="oemsar")
    except OemsarError as error:
        typer.secho(f"oemsar: {error}", err=True, fg="red" if sys.stderr.isatty() else None)
        sys.exit(error.exit_code)
    except SystemExit as ending:
        if ending.code != _INTERRUPTED:
            raise
        typer.echo("oemsar: interrupted; the same command goes on where it can", err=True)
        sys.exit(1)
