"""Matches that belong together: random sample consensus, then the agreement of neighbours."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from oemsar.prepare.align.matching.windows import Matches

_SAMPLES = 1000
_SMALLEST = 0.05
"""Area of a triangle of matches, as a share of the area they cover, under which it decides nothing."""
_NEIGHBOURS = 8
_SPREAD = 3.0
"""Robust standard deviations from the neighbours' median beyond which a match is left out."""
_CLOSEST = 1.0
"""Pixels of the level within which a match always agrees with its neighbours."""


def consensus(matches: Matches, tolerance: float, pixel: float, seed: int = 0) -> NDArray[np.bool_]:
    """Keep the matches that one affine map and their neighbours support.

    Args:
        matches: Displacements of windows.
        tolerance: Largest distance from an affine map, pixels of the orthophoto: room for terrain and for
            faults of the models.
        pixel: Pixel of the level of the matches, in pixels of the orthophoto.
        seed: Seed of the samples.

    Returns:
        (matches,); all False where fewer than six agree.
    """
    if len(matches) < 6:
        return np.zeros(len(matches), bool)
    agreeing = _ransac(matches, tolerance, seed)
    if agreeing.sum() < 6:
        return np.zeros(len(matches), bool)
    chosen = np.flatnonzero(agreeing)
    kept = chosen[_with_neighbours(matches.only(chosen), pixel)]
    result = np.zeros(len(matches), bool)
    if kept.size >= 6:
        result[kept] = True
    return result


def _ransac(matches: Matches, tolerance: float, seed: int) -> NDArray[np.bool_]:
    """Find the largest set that an affine through three of them explains (Fischler and Bolles 1981)."""
    rng = np.random.default_rng(seed)
    design = np.stack([np.ones(len(matches)), matches.x, matches.y], 1)
    wanted = np.stack([matches.dx, matches.dy], 1)
    triples = rng.integers(0, len(matches), (_SAMPLES, 3))
    corners = design[triples]
    area = np.abs(np.linalg.det(corners)) / 2
    covered = float(np.ptp(matches.x) * np.ptp(matches.y))
    wide = area > _SMALLEST * max(covered, 1e-9)
    best = np.hypot(*(wanted - np.median(wanted, 0)).T) <= tolerance  # a shift alone
    if wide.any():
        affines = np.linalg.solve(corners[wide], wanted[triples[wide]])
        misses = np.hypot(*np.moveaxis(wanted - design @ affines, 2, 0))
        supported = misses <= tolerance
        first = supported[int(supported.sum(1).argmax())]
        if first.sum() > best.sum():
            best = first
    for _ in range(3):
        if best.sum() < 6:
            break
        affine, *_ = np.linalg.lstsq(design[best], wanted[best], rcond=None)
        best = np.hypot(*(wanted - design @ affine).T) <= tolerance
    return np.asarray(best, bool)


def _with_neighbours(matches: Matches, pixel: float) -> NDArray[np.bool_]:
    """Select the matches near the median displacement of their neighbours."""
    positions = np.stack([matches.x, matches.y], 1)
    number = min(_NEIGHBOURS + 1, len(matches))
    near = np.asarray(cKDTree(positions).query(positions, number)[1])
    moved = np.stack([matches.dx, matches.dy], 1)
    away = np.hypot(*(moved - np.median(moved[near[:, 1:]], 1)).T)
    deviation = 1.4826 * float(np.median(away))
    return np.asarray(away <= max(_SPREAD * deviation, _CLOSEST * pixel), bool)
