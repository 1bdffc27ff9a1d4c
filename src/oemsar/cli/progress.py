"""Progress bars on standard error, shown only to a person."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from oemsar.progress import Report


@contextmanager
def reporting(description: str) -> Iterator[Report]:
    """Yield a report that draws a bar with the time left.

    Nothing is drawn with `--quiet` or when standard error is no terminal.
    """
    console = Console(stderr=True)
    hidden = not console.is_terminal or logging.getLogger("oemsar").getEffectiveLevel() > logging.INFO
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=hidden) as progress:
        task = progress.add_task(description, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
