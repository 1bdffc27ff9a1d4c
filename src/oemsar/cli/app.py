"""The `oemsar` command: its verbs, and how it ends."""

import logging
import os
import sys
import warnings
from typing import Annotated

import typer

import oemsar
from oemsar.cli.document import is_wanted, run_for_programs
from oemsar.cli.ending import run
from oemsar.cli.lazy_group import Lazy, lazy_typer
from oemsar.cli.terminal import echo
from oemsar.visible_text import show_logs

_WARNINGS = "PYTHONWARNINGS"
"""Environment variable of Python's filter of warnings; worker processes inherit it."""

app = lazy_typer(
    {
        "data": Lazy(
            "oemsar.cli.data:app", "Find, check, divide, count, draw and fetch the tiles of a dataset."
        ),
        "models": Lazy(
            "oemsar.cli.models:app",
            "List, fetch and import published weights, calibrate and export trained networks.",
        ),
        "simulate": Lazy(
            "oemsar.cli.simulate:simulate",
            "Simulate optical and radar tiles with true and pseudo labels, in the published layout.",
            reads=False,
        ),
        "simulate-scene": Lazy(
            "oemsar.cli.simulate_scene:simulate_scene",
            "Simulate a radar scene and an orthophoto over hilly ground, with their exact displacement.",
            reads=False,
        ),
        "train": Lazy(
            "oemsar.cli.train:train",
            "Train a network on the tiles of a table; the model is then in OUT/model.",
        ),
        "evaluate": Lazy(
            "oemsar.cli.evaluate:evaluate",
            "Score a model on the labelled tiles of a split: IoU, precision, recall and F1 of every class.",
        ),
        "predict": Lazy(
            "oemsar.cli.predict:predict",
            "Map a scene of any size; killed and called again it goes on where it was.",
        ),
        "polygons": Lazy(
            "oemsar.cli.polygons:polygons",
            "Turn a map into polygons without gaps and overlaps, with class, area and confidence.",
        ),
        "benchmark": Lazy(
            "oemsar.cli.benchmark:app", "Train and score networks x modalities x label regimes, and report."
        ),
        "scenes": Lazy(
            "oemsar.cli.scenes:app", "Find and fetch radar scenes, orthophotos and elevation models."
        ),
        "prepare": Lazy(
            "oemsar.cli.prepare:app",
            "Turn radar scenes and orthophotos into aligned pairs.",
        ),
        "curate": Lazy("oemsar.cli.curate:app", "Make a dataset of aligned pairs: tiles and their labels."),
        "contest": Lazy(
            "oemsar.cli.contest:app", "Write and score submissions of the Data Fusion Contest 2025, Track 1."
        ),
        "demo": Lazy(
            "oemsar.cli.demo:demo",
            "Map and score a simulated world with the starter model, fine-tune it, and show it on a page.",
            reads=False,
        ),
    },
    help="Land cover maps from sub-metre radar and aerial imagery.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        echo(f"oemsar {oemsar.__version__}")
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
    logging.raiseExceptions = False  # nobody reads what cannot be written
    show_logs(logging.WARNING)
    logging.getLogger("oemsar").setLevel(level)
    if verbose:
        _show_warnings()


def _silence_warnings() -> None:
    """Hide the warnings of Python and of libraries, meant for programmers, here and in worker processes."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        os.environ[_WARNINGS] = "ignore"


def _show_warnings() -> None:
    """Show them after all."""
    if os.environ.get(_WARNINGS) == "ignore":
        warnings.simplefilter("default")
        os.environ[_WARNINGS] = "default"
    # Tiles as published carry no georeferencing; rasterio would warn about each of them.
    warnings.filterwarnings("ignore", message="Dataset has no geotransform")


def main() -> None:
    """Run the command line.

    Exit code 0 when the work is done, 2 on wrong input, 1 on a failure; 130 after Ctrl-C, 143 after SIGTERM.
    """
    # Else threads of PyTorch that wait for each other keep a core busy: beside any other work, the processes
    # that read crops among it, a training takes several times as long. Read when PyTorch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _silence_warnings()
    if is_wanted(sys.argv[1:]):
        run(lambda: run_for_programs(app))
    run(lambda: app(prog_name="oemsar"))
