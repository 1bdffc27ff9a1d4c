"""How a long piece of work tells how far it is, without knowing who listens."""

from collections.abc import Callable

Report = Callable[[int, int], None]
"""Called with the units done and the units in all."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""
