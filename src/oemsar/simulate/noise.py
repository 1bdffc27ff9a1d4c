"""Seeded random fields with a chosen correlation length."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Raster = NDArray[np.float32]


def stream(seed: int, *key: int) -> np.random.Generator:
    """Begin the independent random stream of a part of the world, such as (region,) or (region, tile)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def white(rng: np.random.Generator, shape: tuple[int, int]) -> Raster:
    """Draw an uncorrelated Gaussian field, mean 0 and variance 1, float32."""
    return rng.standard_normal(shape, dtype=np.float32)


def smooth(rng: np.random.Generator, shape: tuple[int, int], length: float) -> Raster:
    """Draw a Gaussian field of about unit variance with details about `length` pixels wide, float32.

    White noise on a grid of that spacing, interpolated bicubically; the grid is placed at random.
    """
    length = max(length, 1.0)
    rows, columns = (int(np.ceil(side / length)) + 4 for side in shape)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    top, left = rng.uniform(1, 2, 2)
    box = (left, top, left + shape[1] / length, top + shape[0] / length)
    image = Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image, dtype=np.float32) / np.float32(0.75)


def rough(rng: np.random.Generator, shape: tuple[int, int], length: float, octaves: int = 3) -> Raster:
    """Sum `smooth` fields, each half as wide and half as strong as the one before; variance about 1."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += smooth(rng, shape, length / 2**octave) * np.float32(0.5**octave)
    return total / np.float32(np.sqrt(sum(0.25**octave for octave in range(octaves))))
