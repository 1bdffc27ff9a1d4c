"""Dense matching: windows on a lattice over both images, each compared at every displacement nearby."""

import os
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Doubles
from oemsar.prepare.align.matching.blocks import WindowBlock, blocks_of
from oemsar.prepare.align.matching.correlate import Peak, find_peak
from oemsar.prepare.align.matching.matchers import Matcher
from oemsar.prepare.align.model.correction import Correction
from oemsar.prepare.align.scene.images import Images, Reference, View
from oemsar.processes import thread_pool
from oemsar.progress import Report, silent

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
        factor: Pixels of the orthophoto to one of this level.
        window: Side of the windows, pixels of this level.
        reach: Largest displacement searched in either direction, pixels of this level.
        most: Largest number of windows along the longer side: enough for a low-order model, however large
            the scene.
    """

    factor: int
    window: int
    reach: int
    most: int

    def lattice(self, shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Lay out the first rows and first columns of the windows of an orthophoto of `shape`."""
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
    """Similarity of the images for every window of a lattice and every displacement.

    Attributes:
        x: (rows, columns) of the lattice, columns of the window centres, pixels of the orthophoto.
        y: (rows, columns), rows of the window centres, pixels of the orthophoto.
        forward: (rows, columns, 2 reach + 1, 2 reach + 1), windows of the orthophoto in the radar image.
        backward: Windows of the radar image in the orthophoto, the shape of `forward`, turned so that a
            displacement has the same index in both.
        weight: (rows, columns), share of each window that was compared; 0 where none was.
        plane: (rows, columns), ellipsoidal height of the plane of each window; NaN on the terrain.
        level: Scale of the windows.
    """

    x: Doubles
    y: Doubles
    forward: NDArray[np.float32]
    backward: NDArray[np.float32]
    weight: NDArray[np.float32]
    plane: Doubles
    level: Level

    @classmethod
    def empty(cls, level: Level, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Self:
        """Make the surfaces of windows with these first rows and columns, none compared yet."""
        middles = ((firsts + level.window / 2) * level.factor - 0.5 for firsts in (rows, columns))
        y, x = np.meshgrid(*middles, indexing="ij")
        forward, backward = (np.zeros((*x.shape, *(2 * level.reach + 1,) * 2), np.float32) for _ in range(2))
        weight, plane = np.zeros(x.shape, np.float32), np.full(x.shape, np.nan)
        return cls(x, y, forward, backward, weight, plane, level)

    @property
    def both(self) -> NDArray[np.float32]:
        """Mean of forward and backward."""
        return np.asarray((self.forward + self.backward) / 2, np.float32)

    def stacked(self) -> NDArray[np.float32]:
        """Average all windows by weight, for the similarity of the images as a whole."""
        total = float(self.weight.sum())
        if total == 0:
            return np.zeros(self.forward.shape[2:], np.float32)
        return np.asarray((self.both * self.weight[..., None, None]).sum((0, 1)) / total, np.float32)


class Matches(NamedTuple):
    """Displacements of windows, all of shape (matches,).

    Attributes:
        x: Columns of the window centres, pixels of the orthophoto.
        y: Rows of the window centres, pixels of the orthophoto.
        dx: Displacement of the radar image to the right, pixels of the orthophoto.
        dy: Displacement of the radar image downwards, pixels of the orthophoto.
        score: Similarity of the images, by the matcher's own measure.
        plane: Ellipsoidal height of the plane they were compared on, metres; NaN on the terrain itself.
    """

    x: Doubles
    y: Doubles
    dx: Doubles
    dy: Doubles
    score: Doubles
    plane: Doubles

    def __len__(self) -> int:
        """Count the matches."""
        return self.x.size

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Matches":
        """Select matches by an index or a mask."""
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
        images: Open pair; read in this thread only.
        engine: Comparison of windows, which runs in as many threads as there are cores.
        level: Scale of the windows.
        correction: Correction found so far, in radar pixels.
        reference: Image that the radar image is compared with.
        report: Called with the blocks done and in all.
    """
    rows, columns = level.lattice(images.shape)
    surfaces = Surfaces.empty(level, rows, columns)
    comparison = _Comparison(engine, rows, columns, surfaces)
    blocks = list(blocks_of(rows, columns, level.window))
    margin = level.reach + engine.margin
    waiting: deque[Future[None]] = deque()
    with thread_pool(os.cpu_count()) as pool:
        for done, block in enumerate(blocks, start=1):
            wide = block.grown(margin)
            plane = images.plane(level.factor, block.extent, reference)
            for index in block.windows:
                surfaces.plane[index] = plane.height
            view = images.view(level.factor, wide.extent, correction, reference, plane)
            waiting.append(pool.submit(comparison.fill, wide, view))
            if len(waiting) > 2 * (os.cpu_count() or 1):
                waiting.popleft().result()
            report(done, len(blocks))
        while waiting:
            waiting.popleft().result()
    return surfaces


@dataclass(frozen=True, eq=False)
class _Comparison:
    """Windows of a level that are being compared.

    Attributes:
        engine: Comparison of windows.
        rows: First row of each row of windows, pixels of the level.
        columns: First column of each column of windows, pixels of the level.
        surfaces: Surfaces of the windows, filled block by block.
    """

    engine: Matcher
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    surfaces: Surfaces

    def fill(self, block: WindowBlock, view: View) -> None:
        """Compare the windows of a block, forward and backward."""
        engine, level = self.engine, self.surfaces.level
        radar = engine.prepare(view.radar, view.radar_valid, "logarithmic")
        optical = engine.prepare(view.reference, view.reference_valid, view.scale)
        for row, column in block.windows:
            top, left = self.rows[row] - block.extent.row, self.columns[column] - block.extent.column
            window = slice(top, top + level.window), slice(left, left + level.window)
            share = min(float(view.reference_valid[window].mean()), float(view.radar_valid[window].mean()))
            if share < _KNOWN:
                continue
            wide = _wider(window, level.reach)
            self.surfaces.forward[row, column] = engine.surface(
                optical[..., *window], view.reference_valid[window], radar[..., *wide]
            )
            reverse = engine.surface(radar[..., *window], view.radar_valid[window], optical[..., *wide])
            self.surfaces.backward[row, column] = reverse[::-1, ::-1]
            self.surfaces.weight[row, column] = share


def _wider(window: tuple[slice, slice], reach: int) -> tuple[slice, slice]:
    """Widen a window by the reach on every side."""
    rows, columns = window
    return slice(rows.start - reach, rows.stop + reach), slice(columns.start - reach, columns.stop + reach)


def best_shift(surfaces: Surfaces, allowed: NDArray[np.bool_] | None = None) -> Peak:
    """Find the displacement of the whole that fits best, in pixels of the level.

    Args:
        surfaces: Surfaces of all windows.
        allowed: (2 reach + 1, 2 reach + 1), whether each displacement is searched; None for all.
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
        centre = float(surfaces.x[row, column]), float(surfaces.y[row, column])
        found.append(
            (*centre, middle.x * factor, middle.y * factor, middle.height, surfaces.plane[row, column])
        )
    columns = np.array(found, np.float64).reshape(-1, 6).T
    return Matches(*columns)


def _smoothed(surfaces: NDArray[Any], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average each surface with those of its neighbours on the lattice, by weight."""
    kernel = _NEIGHBOURS[:, :, None, None]
    total = ndimage.convolve(surfaces * weight[..., None, None], kernel, mode="constant")
    weights = ndimage.convolve(weight, _NEIGHBOURS, mode="constant")
    return np.asarray(total / np.maximum(weights, 1e-6)[..., None, None], np.float32)
