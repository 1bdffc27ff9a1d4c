"""Time left of a benchmark, estimated from the durations of its finished cells."""

from collections import defaultdict
from statistics import mean, median


class EtaEstimator:
    """Durations of cells by network, as they become known.

    Args:
        workers: Number of cells worked on at a time.
    """

    def __init__(self, workers: int) -> None:
        self._slots = workers
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def add(self, network: str, seconds: float) -> None:
        """Record the seconds that a cell of a network took."""
        self._seconds[network].append(seconds)

    def remaining(self, waiting: list[str], running: list[tuple[str, float, float]]) -> float | None:
        """Estimate the seconds until the last cell is finished; None before anything is known.

        Args:
            waiting: Network of each cell not begun.
            running: Network, seconds so far and share of the steps done of each cell at work.
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


def format_duration(seconds: float) -> str:
    """Format a duration to two units: `3 h 12 min`, `4 min`, `40 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
