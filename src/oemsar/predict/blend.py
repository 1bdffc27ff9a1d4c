"""Blending of the windows of a scene in memory that does not grow with it."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from oemsar.arrays import ARRAY_FAULTS
from oemsar.errors import InputError
from oemsar.legend import NUM_CLASSES
from oemsar.predict.windows import Span


class Blender:
    """Weighted sum of overlapping windows, fed row by row from the left, given out as it is complete.

    The zone blended with the right neighbour is kept in memory; the zone blended with the row below is
    written to `folder`, one file a window. The files of two successive rows have different names, so a
    row can be done again after the process died in the middle of it.
    """

    def __init__(
        self, folder: Path, rows: list[Span], columns: list[Span], channels: int = NUM_CLASSES
    ) -> None:
        """Begin with nothing.

        Args:
            folder: Folder of the zones between rows of windows.
            rows: Windows from top to bottom.
            columns: Windows from left to right.
            channels: Number of values of a pixel: the probabilities of the classes, and what goes with them.
        """
        self._folder = folder
        self._channels = channels
        self._rows = rows
        self._columns = columns
        self._carried: torch.Tensor | None = None

    def add(
        self, row: int, column: int, probabilities: NDArray[np.float32] | None
    ) -> NDArray[np.float32] | None:
        """Add one window and take what it completes.

        Args:
            row: Index of the row of windows; the one before it must be complete.
            column: Index of the window in its row; from 0 upwards without a gap.
            probabilities: Probabilities of the whole window (8, height, width), weighted in place; None
                for a window without data.

        Returns:
            Blended probabilities, float32, shape (8, height, width), of the pixels from the row's `first`
            up to its `ramp_start` (the last row: `last`), and likewise of the column; None where no window
            had data.
        """
        vertical, horizontal = self._rows[row], self._columns[column]
        weighted = self._weighted(vertical, horizontal, probabilities)
        weighted = self._join_left(horizontal, weighted)
        complete, self._carried = _split(weighted, 2, horizontal.ramp_start - horizontal.first)
        if row:
            complete = self._join_above(row, column, vertical, complete)
        complete, below = _split(complete, 1, vertical.ramp_start - vertical.first)
        if vertical.last > vertical.ramp_start:
            self._write_seam(row, column, below)
        return None if complete is None else complete.numpy()

    def begin_row(self) -> None:
        """Forget what the last window carried; call it before the first window of every row."""
        self._carried = None

    def _weighted(
        self, vertical: Span, horizontal: Span, probabilities: NDArray[np.float32] | None
    ) -> torch.Tensor | None:
        if probabilities is None:
            return None
        core = torch.from_numpy(probabilities)[:, vertical.core, horizontal.core]
        rows = torch.from_numpy(vertical.weights())[:, None]
        columns = torch.from_numpy(horizontal.weights())
        for zone in vertical.zones:
            core[:, zone] *= rows[zone]
        for zone in horizontal.zones:
            core[:, :, zone] *= columns[zone]
        return core

    def _join_left(self, horizontal: Span, weighted: torch.Tensor | None) -> torch.Tensor | None:
        """Add the zone that the left neighbour carried over."""
        carried = self._carried
        if carried is None:
            return weighted
        if weighted is None:
            width = horizontal.last - horizontal.first
            weighted = torch.zeros(self._channels, carried.shape[1], width)
        weighted[:, :, : carried.shape[2]] += carried
        return weighted

    def _join_above(
        self, row: int, column: int, vertical: Span, complete: torch.Tensor | None
    ) -> torch.Tensor | None:
        """Add the zone that the row above wrote."""
        file = self._file(row - 1, column)
        if not file.exists():
            return complete
        above = self._read_seam(file, self._rows[row - 1], self._columns[column])
        if complete is None:
            complete = torch.zeros(self._channels, vertical.last - vertical.first, above.shape[2])
        complete[:, : above.shape[1]] += above
        return complete

    def _read_seam(self, file: Path, vertical: Span, horizontal: Span) -> torch.Tensor:
        shape = (
            self._channels,
            vertical.last - vertical.ramp_start,
            horizontal.ramp_start - horizontal.first,
        )
        try:
            seam = np.load(file, allow_pickle=False)
            if seam.shape == shape and seam.dtype == np.float32:
                return torch.from_numpy(seam)
        except ARRAY_FAULTS as error:
            raise InputError(f"{file} is damaged; remove its folder and run the command again") from error
        raise InputError(f"{file} is of another map; remove its folder and run the command again")

    def _write_seam(self, row: int, column: int, below: torch.Tensor | None) -> None:
        file = self._file(row, column)
        if below is None:
            file.unlink(missing_ok=True)
        else:
            np.save(file, below.numpy())

    def _file(self, row: int, column: int) -> Path:
        return self._folder / f"seam{row % 2}_{column}.npy"


def _split(
    values: torch.Tensor | None, axis: int, position: int
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Split into the parts before and after `position` along `axis`, the second None where it is empty."""
    if values is None:
        return None, None
    before = values.narrow(axis, 0, position)
    after = values.narrow(axis, position, values.shape[axis] - position)
    return before, after.clone() if after.numel() else None


def classify(probabilities: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Classify blended probabilities.

    Args:
        probabilities: Class probabilities, float32, shape (8, height, width), summing to 1.

    Returns:
        Class ids 1..8, the lowest of equals, and the probability of that class in percent, rounded, both
        uint8 (height, width). The confidence is never 0: the largest of eight probabilities is at least 1/8.
    """
    best = probabilities[0].copy()
    ids = np.ones(best.shape, np.uint8)
    for identifier, candidate in enumerate(probabilities[1:], start=2):
        np.maximum(ids, (candidate > best).view(np.uint8) * np.uint8(identifier), out=ids)
        np.maximum(best, candidate, out=best)
    confidence = np.clip(np.rint(best * 100), 1, 100).astype(np.uint8)
    return ids, confidence
