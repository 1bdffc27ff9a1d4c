"""Reports of the pieces of work of a download."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from oemsar.progress import Report, silent

Watch = Callable[[str], AbstractContextManager[Report]]
"""Opens the report, in bytes or pixels, of a piece of work with this description."""


@contextmanager
def unwatched(description: str) -> Iterator[Report]:
    """Watch nothing."""
    yield silent
