"""An alignment found once more from a known disturbance: what depends on where it began shows in the two."""

import math
from dataclasses import replace

import numpy as np

from oemsar.prepare.align.matching.levels import REACH
from oemsar.prepare.align.matching.search import Search
from oemsar.prepare.align.model.correction import Correction, Correspondences, fit

_SHIFT = (2.4, -1.8)
"""Columns and rows of the finest level by which the orthophoto is shifted."""
_CORNERS = 6.0
"""Pixels of the finest level by which a turn about the middle moves the corners."""
_WINDOWS = 9
"""Windows along the longer side: other ones than before, and fewer, which keeps the time small."""
_SIDE = 9
"""Points along each side of the orthophoto at which the disturbed correction is fitted."""


def repeat(search: Search) -> Correction | None:
    """Find a correction again through the last two levels, from the one found but shifted and turned.

    The model is that of the correction found: which model is chosen depends on few matches, and is judged by
    the held-out ones.

    Args:
        search: Search that found a correction.

    Returns:
        Correction found from the disturbed one; None where too few windows agree.
    """
    levels = {stage.level.factor: stage.level for stage in search.stages}
    again = Search(search.images, search.engine, search.range, search.scale, search.report)
    correction = _disturbed(search, min(levels))
    for factor in sorted(levels)[1::-1]:
        level = replace(levels[factor], reach=REACH, most=min(levels[factor].most, _WINDOWS))
        correction = again.match(level, correction, model=correction.model)
    return None if again.correspondences is None else correction


def _disturbed(search: Search, pixel: int) -> Correction:
    """Shift and turn the orthophoto before the correction that was found, by pixels of the finest level."""
    if search.choice is None:
        raise ValueError("nothing was found that could be disturbed")
    found, geometry = search.choice.correction, search.images.geometry
    x, y = (each.ravel() for each in geometry.lattice(_SIDE))
    middle_y, middle_x = ((size - 1) / 2 for size in geometry.shape)
    turn = _CORNERS * pixel / max(math.hypot(middle_x, middle_y), 1.0)
    moved_x = x + _SHIFT[0] * pixel - turn * (y - middle_y)
    moved_y = y + _SHIFT[1] * pixel + turn * (x - middle_x)
    prior_x, prior_y = geometry.prior(x, y)
    to_x, to_y = search.images.corrected(math.nan, found)(moved_x, moved_y)
    height = None if geometry.heights is None else geometry.heights(x, y)
    known = np.isfinite(prior_x) & np.isfinite(to_x) & (True if height is None else np.isfinite(height))
    return fit(Correspondences(prior_x, prior_y, to_x, to_y, height).only(known), found.model, robust=False)
