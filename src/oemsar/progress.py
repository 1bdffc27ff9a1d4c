"""Reports of the progress of a long piece of work, to whoever listens."""

from collections.abc import Callable

Report = Callable[[int, int], None]
"""Called with the units done and the units in all."""


def silent(done: int, total: int) -> None:
    """Report to nobody."""
