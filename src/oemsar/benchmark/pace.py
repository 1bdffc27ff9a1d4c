"""How long the rest of a benchmark takes, from how long its cells took so far."""

from collections import defaultdict
from statistics import mean, median


class Pace:
    """Durations of cells by network, as they become known.

    Args:
        slots: cells worked on at a time.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def add(self, network: str, seconds: float) -> None:
        """Take note that a cell of `network` took so many seconds."""
        self._seconds[network].append(seconds)

    def remaining(self, waiting: list[str], running: list[tuple[str, float, float]]) -> float | None:
        """Seconds until the last cell is finished; None before anything is known.

        Args:
            waiting: network of each cell not begun.
            running: network, seconds so far and share of the steps done of each cell at work.
        """
        known = {network: median(seconds) for network, seconds in self._seconds.items()}
        for network, elapsed, share in running:
            if share > 0:
                known.setdefault(network, elapsed / share)
        if not known:
            return None
        usual = mean(known.values())
        of_running = [max(0.0, known.get(network, usual) - elapsed) for network, elapsed, _ in running]
        total = sum(of_running) + sum(known.get(network, usual) for network in waiting)
        return max([total / self._slots, *of_running])


def in_words(seconds: float) -> str:
    """A duration to two units: `3 h 12 min`, `4 min`, `40 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
