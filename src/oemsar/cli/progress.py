"""Progress bars on standard error, shown only to a person."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from oemsar.progress import Report


@contextmanager
def reporting(description: str) -> Iterator[Report]:
    """Yield a report that draws a bar with the time left.

    Nothing is drawn with `--quiet` or when standard error is no terminal.
    """
    with _drawing(description, MofNCompleteColumn(), TimeElapsedColumn()) as report:
        yield report


@contextmanager
def reporting_bytes(description: str) -> Iterator[Report]:
    """Yield a report of bytes that draws a bar with amount, speed and the time left.

    Nothing is drawn with `--quiet` or when standard error is no terminal.
    """
    with _drawing(description, DownloadColumn(), TransferSpeedColumn()) as report:
        yield report


def terminal() -> tuple[Console, bool]:
    """Open standard error to draw on; nothing is drawn with `--quiet`, or where it is no terminal."""
    console = Console(stderr=True)
    hidden = not console.is_terminal or logging.getLogger("oemsar").getEffectiveLevel() > logging.INFO
    console.quiet = hidden  # before Rich 14.3 a bar that is not drawn still ends with an empty line
    return console, hidden


@contextmanager
def _drawing(description: str, *columns: ProgressColumn) -> Iterator[Report]:
    """Draw description and bar, then `columns`, then the time left."""
    console, hidden = terminal()
    layout = (TextColumn("{task.description}"), BarColumn(), *columns, TimeRemainingColumn())
    with Progress(*layout, console=console, disable=hidden) as progress:
        task = progress.add_task(description, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
