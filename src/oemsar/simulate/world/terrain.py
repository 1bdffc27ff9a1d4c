"""The height of the bare ground."""

import numpy as np

from oemsar.simulate.noise import Raster, rough, smooth
from oemsar.simulate.world.waters import Waters

OVERSHOOT = 0.2
"""Share of the relief by which the ground outside the scene leaves the range inside, below and above."""

_HILL_LENGTH = 160.0
"""Metres between the knots of the random field that the broadest hills are drawn from, at least."""

_LENGTH_OF_RELIEF = 3.0
"""The same distance over the relief: higher hills are broader, so that slopes stay those of farmland."""


def ground_height(rng: np.random.Generator, shape: tuple[int, int], gsd: float, relief: float) -> Raster:
    """Draw the height of the ground above the images' plane of projection, metres, float32.

    Smooth hills some hundred metres wide with a standard deviation of about `relief` metres, mean 0
    over the canvas, since the published tiles were shifted by hand until radar and optical fitted.
    """
    height = rough(rng, shape, 180.0 / gsd, octaves=3) * np.float32(relief)
    return np.asarray(height - height.mean(), dtype=np.float32)


def hills(
    rng: np.random.Generator,
    waters: Waters,
    gsd: float,
    relief: float,
    scene: tuple[slice, slice],
) -> Raster:
    """Draw hilly ground as height over its lowest level, metres, float32 of the shape of the waters.

    Smooth hills and valleys, three octaves of them, with rounded ridges across. Rivers, ponds and the sea
    lie in the bottom of valleys: the ground falls towards them over a distance that grows with the relief.

    Args:
        rng: Source of randomness.
        waters: Open water of the canvas.
        gsd: Ground sampling distance in metres.
        relief: Height from the lowest to the highest ground of the scene, metres; 0 for a plain.
        scene: Rows and columns of the canvas over which that relief is measured; beyond it the ground
            leaves that range by `OVERSHOOT` of it at most.
    """
    shape = waters.shore.shape
    if relief == 0:
        return np.zeros(shape, np.float32)
    length = max(_HILL_LENGTH, _LENGTH_OF_RELIEF * relief) / gsd
    height = smooth(rng, shape, length)
    for octave, share in ((1, 0.26), (2, 0.07), (3, 0.02)):
        height += smooth(rng, shape, length / 2**octave) * np.float32(share)
    crest = smooth(rng, shape, length * 0.9)
    height += np.float32(0.9) - np.sqrt(crest**2 + np.float32(0.06))
    if waters.kind != "none":
        fall = np.clip(waters.shore / np.float32(max(40.0, 2.5 * relief)), 0, 1)
        height = (height - height[scene].min()) * (fall * fall * (3 - 2 * fall))
    low, high = height[scene].min(), height[scene].max()
    level: Raster = (height - low) / (high - low)
    outside = level - np.clip(level, 0, 1)
    level -= outside - np.float32(OVERSHOOT) * np.tanh(outside / np.float32(OVERSHOOT))
    return np.asarray(level * np.float32(relief), dtype=np.float32)


def gradient(height: Raster, gsd: float) -> tuple[Raster, Raster]:
    """Compute the rise per metre along rows and along columns, float32."""
    down, right = np.gradient(height, np.float32(gsd))
    return np.asarray(down, np.float32), np.asarray(right, np.float32)
