"""Radar images and orthophotos of one invented place, with a known motion between them."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from scipy import ndimage
from scipy.spatial import cKDTree

SIDE = 420


def land(side: int = SIDE, seed: int = 0, fields: int = 90) -> NDArray[np.intp]:
    """Fields with roads between them, (side, side): the number of the field, 0 for road."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    places = np.stack([rows.ravel(), columns.ravel()], 1)
    distance, field = cKDTree(rng.uniform(0, side, (fields, 2))).query(places, 2)
    road = (distance[:, 1] - distance[:, 0] < 4).reshape(side, side)
    return np.where(road, 0, field[:, 0].reshape(side, side) + 1)


def photo(fields: NDArray[np.intp], seed: int = 1) -> NDArray[np.uint8]:
    """An orthophoto of the land: three bands, colours of its own for every field."""
    rng = np.random.default_rng(seed)
    colours = rng.uniform(40, 200, (3, fields.max() + 1))
    colours[:, 0] = 210
    image = colours[:, fields] + rng.normal(0, 4, (3, *fields.shape))
    return np.clip(ndimage.gaussian_filter(image, (0, 0.7, 0.7)), 1, 255).astype(np.uint8)


def radar(fields: NDArray[np.intp], motion: Affine, seed: int = 2) -> NDArray[np.uint8]:
    """A radar image of the land, single look averaged twice, in which `motion` takes land to radar pixels."""
    rng = np.random.default_rng(seed)
    backscatter = rng.uniform(20, 110, fields.max() + 1)
    backscatter[0] = 8
    rows, columns = np.mgrid[: fields.shape[0], : fields.shape[1]].astype(float)
    x, y = ~motion @ (columns, rows)
    power = ndimage.map_coordinates((backscatter[fields] ** 2).astype(float), (y, x), order=1, mode="nearest")
    power = ndimage.gaussian_filter(power, 0.7)
    speckle = rng.gamma(2, 0.5, power.shape)
    return np.clip(np.sqrt(power * speckle), 1, 255).astype(np.uint8)


def turned(degrees: float, right: float, down: float, side: int = SIDE) -> Affine:
    """A turn about the middle and a shift, for pixel centres at integers."""
    middle = (side - 1) / 2
    return Affine.translation(right, down) @ Affine.rotation(degrees, (middle, middle))


def write(path: Path, pixels: NDArray[Any], **profile: Any) -> Path:
    """An image on disk, without georeferencing unless `profile` gives one."""
    bands = pixels if pixels.ndim == 3 else pixels[None]
    common = {"driver": "GTiff", "count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(path, "w", dtype=bands.dtype, **common, **profile) as dataset:
        dataset.write(bands)
    return path


def corner_error(found: list[float], motion: Affine, side: int = SIDE) -> float:
    """Largest distance at the corners, in pixels, of `affine` of a transform from the inverse of a motion."""
    affine, truth = Affine(*found), ~motion
    corners = [(0, 0), (side - 1, 0), (0, side - 1), (side - 1, side - 1)]
    return max(float(np.hypot(*np.subtract(affine @ corner, truth @ corner))) for corner in corners)
