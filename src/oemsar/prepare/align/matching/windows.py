"""Dense matching: windows on a lattice over both images, each compared at every displacement nearby."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Doubles
from oemsar.prepare.align.matching.correlate import Peak, find_peak
from oemsar.prepare.align.matching.matchers import Matcher
from oemsar.prepare.align.model.correction import Correction
from oemsar.prepare.align.scene.images import Images, Reference, View
from oemsar.progress import Report, silent
from oemsar.raster.read import Extent

_BLOCK = 448
"""Pixels of a block of windows that are prepared together."""
_KNOWN = 0.2
"""Share of a window that has to carry data in the orthophoto as well as in the radar image."""
_AGREEING = 1.5
"""Pixels within which the displacements found forward and backward have to agree."""
_NEIGHBOURS = np.array([[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]], np.float32)
"""Weights of the surfaces of a window and its neighbours on the lattice, whose displacements are alike."""


@dataclass(frozen=True)
class Level:
    """One scale of the matching.

    Attributes:
        factor: pixels of the orthophoto to one of this level.
        window: side of the windows, pixels of this level.
        reach: largest displacement looked for in either direction, likewise.
        most: windows along the longer side at most: what a low-order model needs, however large the scene.
    """

    factor: int
    window: int
    reach: int
    most: int

    def lattice(self, shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First rows and first columns of the windows of an orthophoto of `shape`."""
        sides = [size // self.factor for size in shape]
        step = max(self.window // 2, max(sides) // self.most)
        firsts = []
        for side in sides:
            room = max(0, side - self.window)
            number = room // step + 1
            firsts.append(
                np.linspace(0, room, number).astype(np.intp) if number > 1 else np.array([room // 2])
            )
        return firsts[0], firsts[1]


class Surfaces(NamedTuple):
    """How well the images fit, for every window of a lattice and every displacement.

    Attributes:
        x: columns of the window centres in pixels of the orthophoto, (rows, columns) of the lattice.
        y: their rows.
        forward: (rows, columns, 2 reach + 1, 2 reach + 1); windows of the orthophoto in the radar image.
        backward: windows of the radar image in the orthophoto, turned so that one displacement has one
            place in both.
        weight: (rows, columns), share of each window that was compared; 0 where none was.
        plane: (rows, columns), ellipsoidal height each window was looked at on; NaN on the terrain.
        level: the scale.
    """

    x: Doubles
    y: Doubles
    forward: NDArray[np.float32]
    backward: NDArray[np.float32]
    weight: NDArray[np.float32]
    plane: Doubles
    level: Level

    @property
    def both(self) -> NDArray[np.float32]:
        """Mean of forward and backward."""
        return np.asarray((self.forward + self.backward) / 2, np.float32)

    def stacked(self) -> NDArray[np.float32]:
        """Average all windows by weight: how well the images fit as a whole."""
        total = float(self.weight.sum())
        if total == 0:
            return np.zeros(self.forward.shape[2:], np.float32)
        return np.asarray((self.both * self.weight[..., None, None]).sum((0, 1)) / total, np.float32)


class Matches(NamedTuple):
    """Displacements of windows, all of shape (matches,).

    Attributes:
        x: columns of the orthophoto.
        y: its rows.
        dx: columns of the orthophoto by which the radar image shows the place beside where it was thought.
        dy: rows, likewise.
        score: how well the images fit there, the engine's own measure.
        plane: ellipsoidal height they were looked at on, metres; NaN on the terrain itself.
    """

    x: Doubles
    y: Doubles
    dx: Doubles
    dy: Doubles
    score: Doubles
    plane: Doubles

    def __len__(self) -> int:
        """How many there are."""
        return self.x.size

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Matches":
        """Those of an index."""
        return Matches(*(each[chosen] for each in self))


def compare(
    images: Images,
    engine: Matcher,
    level: Level,
    correction: Correction,
    *,
    reference: Reference,
    report: Report = silent,
) -> Surfaces:
    """Compare the windows of a lattice forward and backward.

    Args:
        images: the open pair; read in this thread only.
        engine: how windows are compared, in as many threads as there are cores.
        level: the scale.
        correction: what has been found so far, in radar pixels.
        reference: what the radar image is held against.
        report: told how many blocks are done.
    """
    rows, columns = level.lattice(images.shape)
    side = 2 * level.reach + 1
    forward = np.zeros((rows.size, columns.size, side, side), np.float32)
    backward, weight = np.zeros_like(forward), np.zeros((rows.size, columns.size), np.float32)
    planes = np.full((rows.size, columns.size), np.nan)
    blocks = list(_blocks(rows, columns, level))

    def work(block: _Block, view: View) -> None:
        radar = engine.prepare(view.radar, view.radar_valid, "logarithmic")
        optical = engine.prepare(view.reference, view.reference_valid, view.scale)
        for row, column in block.windows:
            top, left = rows[row] - block.extent.row, columns[column] - block.extent.column
            window = slice(top, top + level.window), slice(left, left + level.window)
            share = min(float(view.reference_valid[window].mean()), float(view.radar_valid[window].mean()))
            if share < _KNOWN:
                continue
            wide = _wider(window, level.reach)
            forward[row, column] = engine.surface(
                optical[..., *window], view.reference_valid[window], radar[..., *wide]
            )
            reverse = engine.surface(radar[..., *window], view.radar_valid[window], optical[..., *wide])
            backward[row, column] = reverse[::-1, ::-1]
            weight[row, column] = share

    margin = level.reach + engine.margin
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, block in enumerate(blocks, start=1):
            wide = block.grown(margin)
            plane = images.plane(level.factor, block.extent, reference)
            for place in block.windows:
                planes[place] = plane.height
            view = images.view(level.factor, wide.extent, correction, reference, plane)
            waiting.append(pool.submit(work, wide, view))
            if len(waiting) > 2 * (os.cpu_count() or 1):
                waiting.popleft().result()
            report(done, len(blocks))
        while waiting:
            waiting.popleft().result()
    y, x = np.meshgrid(
        *((firsts + level.window / 2) * level.factor - 0.5 for firsts in (rows, columns)), indexing="ij"
    )
    return Surfaces(x, y, forward, backward, weight, planes, level)


class _Block(NamedTuple):
    """Windows that are prepared together.

    Attributes:
        extent: that holds them, in pixels of the level.
        windows: their places on the lattice.
    """

    extent: Extent
    windows: list[tuple[int, int]]

    def grown(self, margin: int) -> "_Block":
        row, column, height, width = self.extent
        return _Block(
            Extent(row - margin, column - margin, height + 2 * margin, width + 2 * margin), self.windows
        )


def _blocks(rows: NDArray[np.intp], columns: NDArray[np.intp], level: Level) -> Iterator[_Block]:
    for down in _groups(rows):
        for right in _groups(columns):
            top, left = int(rows[down[0]]), int(columns[right[0]])
            height = int(rows[down[-1]]) - top + level.window
            width = int(columns[right[-1]]) - left + level.window
            yield _Block(
                Extent(top, left, height, width), [(row, column) for row in down for column in right]
            )


def _groups(firsts: NDArray[np.intp]) -> Iterator[list[int]]:
    """Neighbouring windows that a block holds; one alone where windows lie far apart."""
    group: list[int] = []
    for index, first in enumerate(firsts):
        if group and first - firsts[group[0]] > _BLOCK:
            yield group
            group = []
        group.append(index)
    yield group


def _wider(window: tuple[slice, slice], reach: int) -> tuple[slice, slice]:
    rows, columns = window
    return slice(rows.start - reach, rows.stop + reach), slice(columns.start - reach, columns.stop + reach)


def best_shift(surfaces: Surfaces, allowed: NDArray[np.bool_] | None = None) -> Peak:
    """Find the displacement of the whole that fits best, in pixels of the level.

    Args:
        surfaces: of all windows.
        allowed: (2 reach + 1, 2 reach + 1), which displacements are looked at; None for all.
    """
    return find_peak(surfaces.stacked(), allowed)


def matches_of(surfaces: Surfaces) -> Matches:
    """Find the displacements of the windows that forward and backward agree on, in pixels of the orthophoto.

    Each window's surface is averaged with those of its neighbours: alone, a window of speckle and few
    edges has many summits, and what is displaced is displaced alike nearby.
    """
    ahead, back = (_smoothed(each, surfaces.weight) for each in (surfaces.forward, surfaces.backward))
    found: list[tuple[float, ...]] = []
    factor = surfaces.level.factor
    for row, column in np.argwhere(surfaces.weight > 0):
        there, home = find_peak(ahead[row, column]), find_peak(back[row, column])
        middle = find_peak((ahead[row, column] + back[row, column]) / 2)
        if max(abs(there.x - home.x), abs(there.y - home.y)) > _AGREEING or not middle.inside:
            continue
        place = float(surfaces.x[row, column]), float(surfaces.y[row, column])
        found.append(
            (*place, middle.x * factor, middle.y * factor, middle.height, surfaces.plane[row, column])
        )
    columns = np.array(found, np.float64).reshape(-1, 6).T
    return Matches(*columns)


def _smoothed(surfaces: NDArray[Any], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted means over the neighbours on the lattice."""
    kernel = _NEIGHBOURS[:, :, None, None]
    total = ndimage.convolve(surfaces * weight[..., None, None], kernel, mode="constant")
    weights = ndimage.convolve(weight, _NEIGHBOURS, mode="constant")
    return np.asarray(total / np.maximum(weights, 1e-6)[..., None, None], np.float32)
