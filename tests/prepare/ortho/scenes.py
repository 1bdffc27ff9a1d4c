"""Small radar scenes with known geometry, for tests of what is built from them."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.warp import transform

from oemsar.geometry.look import Look, look_tags
from oemsar.geometry.rpc import RationalModel

from ...geometry.straight_orbit import Sensor

CRS, EAST, NORTH = "EPSG:32654", 380_000.0, 3_940_000.0


class Orbit(Sensor):
    """A pass over the place where all these scenes lie, asked by map coordinates too."""

    def __init__(self, look: Look, size: int, spacing: float, height: float) -> None:
        lon, lat = (each[0] for each in transform(CRS, "EPSG:4326", [EAST], [NORTH]))
        super().__init__(lon, lat, height, look.azimuth, look.incidence, spacing=spacing, size=size)

    def on_map(self, east: Any, north: Any, height: Any) -> tuple[Any, Any]:
        """Line and sample of points by easting and northing."""
        shape = np.broadcast_shapes(np.shape(east), np.shape(north), np.shape(height))
        flat = [np.broadcast_to(each, shape).ravel() for each in (east, north, height)]
        lon, lat = (np.array(each) for each in transform(CRS, "EPSG:4326", flat[0], flat[1]))
        line, sample = self.image(lon, lat, flat[2])
        return line.reshape(shape), sample.reshape(shape)


def slant_scene(
    path: Path, orbit: Orbit, pixels: NDArray[Any], heights: tuple[float, float] = (-50, 300), **options: Any
) -> Path:
    """A scene with an RPC fitted to `orbit`, and no other georeferencing unless `options` give one."""
    rng = np.random.default_rng(0)
    reach = orbit.size * orbit.spacing * 1.5
    east, north = EAST + rng.uniform(-reach, reach, 2000), NORTH + rng.uniform(-reach, reach, 2000)
    lon, lat = (np.array(each) for each in transform(CRS, "EPSG:4326", east, north))
    height = rng.uniform(*heights, 2000)
    model = RationalModel.fit(lon, lat, height, *orbit.image(lon, lat, height))
    profile = {"driver": "GTiff", "count": 1, "dtype": pixels.dtype, "rpcs": model.to_rasterio(), **options}
    with rasterio.open(path, "w", height=pixels.shape[0], width=pixels.shape[1], **profile) as dataset:
        dataset.write(pixels, 1)
    return path


def flat_scene(
    path: Path, pixels: NDArray[Any], affine: Affine, look: Look | None, plane: float | None
) -> Path:
    """A ground range product projected on `plane`."""
    profile = {"driver": "GTiff", "count": 1, "dtype": pixels.dtype, "crs": CRS, "transform": affine}
    with rasterio.open(path, "w", height=pixels.shape[0], width=pixels.shape[1], **profile) as dataset:
        dataset.write(pixels, 1)
        if look is not None:
            dataset.update_tags(**look_tags(look, plane))
    return path


def dem(path: Path, height: Any, half: float = 1000.0, step: float = 10.0, **options: Any) -> Path:
    """Ellipsoidal heights around the place: a number, or a function of easting and northing."""
    size = round(2 * half / step)
    affine = Affine(step, 0, EAST - half, 0, -step, NORTH + half)
    rows, columns = np.mgrid[:size, :size]
    east, north = affine @ (columns + 0.5, rows + 0.5)
    values = np.asarray(
        height(east, north) if callable(height) else np.full((size, size), height), np.float32
    )
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": CRS, "transform": affine, **options}
    with rasterio.open(path, "w", height=size, width=size, **profile) as dataset:
        dataset.write(values, 1)
        dataset.update_tags(OEMSAR_VERTICAL_DATUM="ellipsoid")
    return path


def grid_around(size: int, gsd: float) -> GeoBox:
    """A north-up grid with the place in its middle."""
    half = size * gsd / 2
    return GeoBox((size, size), Affine(gsd, 0, EAST - half, 0, -gsd, NORTH + half), CRS)
