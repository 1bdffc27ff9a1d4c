"""The sensor model of a radar scene on disk: its RPC, or its affine and its look."""

import math
from pathlib import Path
from typing import Protocol

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import Geod
from rasterio.io import DatasetReader

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.flat import GroundRangeModel
from oemsar.geometry.look import PROJECTION_HEIGHT_TAG, Look, read_look, read_projection_height
from oemsar.geometry.rpc import RationalModel
from oemsar.raster.georeference import georeference_of

_RISE = 100.0
"""Metres of height over which the direction of the rays of a model is measured."""


class SensorModel(Protocol):
    """A map between ground and image."""

    def to_image(self, lon: Doubles, lat: Doubles, height: Doubles) -> tuple[Doubles, Doubles]:
        """Project points in degrees and ellipsoidal metres to line and sample, pixel centres at integers."""
        ...

    def to_ground(self, line: Doubles, sample: Doubles, height: Doubles) -> tuple[Doubles, Doubles]:
        """Find longitude and latitude, degrees, at which a pixel meets an ellipsoidal height."""
        ...


def sensor_of(
    dataset: DatasetReader, look: Look | None = None, projection_height: float | None = None
) -> SensorModel:
    """Find the sensor model of an open scene: its RPC where it has one, else its affine and the look.

    Args:
        dataset: Open scene.
        look: Look of a ground range product; None to read it from the tags of the scene.
        projection_height: Ellipsoidal height, metres, of the plane the product was projected on; None to
            read it from the tags.

    Raises:
        InputError: There is neither RPC nor look, or no CRS or height of the plane to go with the look.
    """
    if dataset.rpcs is not None:
        return RationalModel.from_rasterio(dataset.rpcs)
    name = Path(dataset.name)
    grid = _require_grid(dataset, name)
    look = look or read_look(dataset)
    if look is None:
        raise InputError(
            f"{name} carries neither an RPC nor its look; state both angles",
            option=("look_azimuth", "incidence"),
        )
    height = read_projection_height(dataset) if projection_height is None else projection_height
    if height is None:
        raise InputError(
            f"{name} carries no RPC and does not state the height it was projected on (tag "
            f"{PROJECTION_HEIGHT_TAG}); give metres above the ellipsoid",
            option="projection_height",
        )
    return GroundRangeModel.from_grid(grid, look, height)


def _require_grid(dataset: DatasetReader, name: Path) -> GeoBox:
    """Check that a scene without RPC has a CRS and an affine, and give them."""
    georeference = georeference_of(dataset)
    grid = georeference.grid
    if grid is not None and grid.crs is not None:
        return grid
    if georeference.gcps:
        raise InputError(
            f"{name} has {georeference.in_words()} and no RPC, and control points are too rough to take the "
            "terrain out; give a product with an RPC or a map projection, or lay this one on the ground as "
            "it is by `gdalwarp -tps`"
        )
    raise InputError(f"{name} carries neither an RPC nor a CRS; give a georeferenced product")


def look_of(model: SensorModel, shape: tuple[int, int], height: float) -> Look:
    """Derive the look of a radar image at its centre from its sensor model.

    A pixel has one range: the higher the point it shows, the further away that point lies on the ground.

    Args:
        model: Sensor model of a radar image; in an optical one heights are displaced the other way.
        shape: Rows and columns of the image.
        height: Height of the ground, metres above the ellipsoid.

    Raises:
        InputError: Heights do not move a point at all, as in an image that is orthorectified already.
    """
    line, sample = np.array([(shape[0] - 1) / 2]), np.array([(shape[1] - 1) / 2])
    low = model.to_ground(line, sample, np.array([height]))
    high = model.to_ground(line, sample, np.array([height + _RISE]))
    azimuth, _, away = Geod(ellps="WGS84").inv(
        float(low[0][0]), float(low[1][0]), float(high[0][0]), float(high[1][0])
    )
    if not away > _RISE * 1e-3:
        raise InputError(
            "the sensor model has no look, since heights do not move its pixels; give the scene as it was "
            "before orthorectification"
        )
    return Look(azimuth % 360, math.degrees(math.atan(_RISE / away)))
