"""Scale and turn between two images of which nothing tells them, by a grid of both on reduced copies."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Floats
from oemsar.prepare.align.matching.correlate import Peak, correlation_surface, find_peak
from oemsar.prepare.align.matching.descriptor import orientation_channels
from oemsar.prepare.align.model.correction import Correction, Correspondences, fit, no_correction
from oemsar.prepare.align.scene.geometry import coarse_positions
from oemsar.prepare.align.scene.images import Images
from oemsar.raster.read import Extent

LARGEST_SCALE = 2.0
"""Pixels of the radar image to one of the orthophoto, or the reverse, up to which a scale is found."""
LARGEST_TURN = 24.0
"""Degrees up to which a turn is found, either way."""
_FARTHEST = 0.375
"""Largest displacement in either direction, as a share of the longer side of the orthophoto."""
_SIDE = 112
"""Pixels of the longer side of the reduced orthophoto."""
_STEP = 2 ** (1 / 7)
"""Ratio of neighbouring scales: 5 % off, an edge half way out lies within the width of its smoothing."""
_STEPS = 7
_TURN_STEP = 8.0
_TURNS = np.arange(-LARGEST_TURN, LARGEST_TURN + 1, _TURN_STEP)
_FINER = 3
"""Rounds in which the steps around the best are halved."""
_CLEAR = 1.8
"""Prominence from which on scale and turn are believed. Chosen on few pairs: one of two places had 1.6, those
of one place 2.0 to 7.4; whether the result may be used is left to the verdict."""


class ScaleTurn(NamedTuple):
    """Scale and turn of a pair.

    Attributes:
        scale: Pixels of the radar image to one of the orthophoto.
        turn: Degrees by which the radar image is turned, from columns to rows.
        correction: Correction that takes both out, and the displacement found with them.
        prominence: Standard deviations between the best displacement and the second best.
    """

    scale: float
    turn: float
    correction: Correction
    prominence: float


def find_scale_and_turn(images: Images) -> ScaleTurn | None:
    """Search scales of 0.5 to 2 and turns of up to 24 degrees for the one at which the whole fits best.

    Both images are reduced to about 100 pixels, the radar image is warped for each scale and turn, and the
    orientation channels of the whole are compared at every displacement of up to three eighths of it. The
    best is refined by halved steps.

    Args:
        images: Open pair without georeferencing.

    Returns:
        Scale and turn; None where no displacement stands out.
    """
    reduced = _Reduced(images)
    tried = {
        (scale, turn): reduced.peak(_STEP**scale, turn)
        for scale in range(-_STEPS, _STEPS + 1)
        for turn in _TURNS
    }
    steps, turn = max(tried, key=lambda one: tried[one].prominence)
    exponent, peak = float(steps), tried[steps, turn]
    for number in range(1, _FINER + 1):
        half = 0.5**number
        near = [
            (exponent + half * more, float(turn) + _TURN_STEP * half * other)
            for more in (-1, 0, 1)
            for other in (-1, 0, 1)
            if more or other
        ]
        peaks = {one: reduced.peak(_STEP ** one[0], one[1]) for one in near}
        best = max(peaks, key=lambda one: peaks[one].height)
        if peaks[best].height > peak.height:
            (exponent, turn), peak = best, peaks[best]
    if not peak.inside or peak.prominence < _CLEAR:
        return None
    scale = _STEP**exponent
    return ScaleTurn(scale, float(turn), reduced.correction(scale, float(turn), peak), peak.prominence)


class _Reduced:
    """Both images reduced, the channels of the orthophoto computed once."""

    def __init__(self, images: Images) -> None:
        self._images = images
        self._factor = max(1, round(max(images.shape) / _SIDE))
        rows, columns = (max(1, size // self._factor) for size in images.shape)
        whole = Extent(0, 0, rows, columns)
        view = images.view(self._factor, whole, no_correction(), "optical", images.plane(1, whole, "optical"))
        self._optical = orientation_channels(view.reference, view.reference_valid, "linear")
        self._known = view.reference_valid
        self._reach = round(_FARTHEST * max(rows, columns))
        source = images.radar.full.source.shape
        # no coarser than the orthophoto is at the largest scale
        self._radar_factor = max(1, round(self._factor / LARGEST_SCALE))
        size = [max(1, side // self._radar_factor) for side in source]
        positions = coarse_positions(self._radar_factor, Extent(0, 0, size[0], size[1]))
        values, valid = images.radar.at(self._radar_factor, *positions)
        self._radar = np.where(valid, values[0] * images.gains[0], 0).astype(np.float32)
        self._valid = valid.astype(np.float32)

    def peak(self, scale: float, turn: float) -> Peak:
        """Find the displacement at which the whole fits best, pixels of the reduced orthophoto."""
        radar, valid = self._warped(scale, turn)
        channels = orientation_channels(radar, valid, "logarithmic")
        return find_peak(correlation_surface(self._optical, self._known, channels))

    def correction(self, scale: float, turn: float, peak: Peak) -> Correction:
        """Make the affine from pixels, taken for the same in both images, to those of the radar image."""
        y, x = (each.ravel() for each in np.mgrid[: self._images.shape[0] : 9j, : self._images.shape[1] : 9j])
        matrix, middle, radar_middle = self._affine(scale, turn)
        shift = self._factor * np.array([peak.y, peak.x])
        to_y, to_x = matrix @ (np.stack([y, x]) + shift[:, None] - middle[:, None]) + radar_middle[:, None]
        return fit(Correspondences(x, y, to_x, to_y), "affine", robust=False)

    def _affine(self, scale: float, turn: float) -> tuple[NDArray[np.float64], ...]:
        """Give the matrix from rows and columns of the orthophoto to the radar image's, and the middles."""
        angle = math.radians(turn)
        cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
        matrix = np.array([[cosine, sine], [-sine, cosine]])
        sizes = self._images.shape, self._images.radar.full.source.shape
        middle, radar_middle = ((np.array(size) - 1) / 2 for size in sizes)
        return matrix, middle, radar_middle

    def _warped(self, scale: float, turn: float) -> tuple[Floats, NDArray[np.bool_]]:
        """Warp the reduced radar image onto the reduced orthophoto and a margin around it."""
        matrix, middle, radar_middle = self._affine(scale, turn)
        factor, own = self._factor, self._radar_factor
        shape = tuple(side + 2 * self._reach for side in self._known.shape)
        # pixel (r, c) of the margin's grid is at factor * (r - reach + 0.5) - 0.5 of the orthophoto
        first = factor * (0.5 - self._reach) - 0.5 - middle
        start = (matrix @ first + radar_middle + 0.5) / own - 0.5
        step = matrix * factor / own
        blur = 0.4 * max(scale * factor / own - 1, 0)
        values, valid = self._radar, self._valid
        if blur > 0:
            values, valid = (ndimage.gaussian_filter(each, blur) for each in (values, valid))
        share, total = (
            ndimage.affine_transform(each, step, start, output_shape=shape, order=1, mode="constant")
            for each in (valid, values)
        )
        known = share > 0.5
        return np.where(known, total / np.maximum(share, 0.5), 0).astype(np.float32), known
