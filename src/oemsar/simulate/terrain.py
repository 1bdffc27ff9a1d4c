"""The height of the bare ground."""

import numpy as np

from oemsar.simulate.noise import Raster, rough


def ground_height(rng: np.random.Generator, shape: tuple[int, int], gsd: float, relief: float) -> Raster:
    """Height of the ground above the plane the images are projected on, metres, float32.

    Smooth hills some hundred metres wide with a standard deviation of about `relief` metres, mean 0
    over the canvas, since the published tiles were shifted by hand until radar and optical fitted.
    """
    height = rough(rng, shape, 180.0 / gsd, octaves=3) * np.float32(relief)
    return np.asarray(height - height.mean(), dtype=np.float32)
