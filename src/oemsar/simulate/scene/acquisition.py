"""The radar image of a scene: the track it is taken from and the grid it is delivered on."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from scipy.spatial import ConvexHull

from oemsar.arrays import Doubles
from oemsar.geometry.rpc import Misfit, RationalModel
from oemsar.simulate.noise import Raster
from oemsar.simulate.scene.geometry import BORDER, SceneGeometry
from oemsar.simulate.sensor.radar_grid import CubicMap, GroundRangeImage, SlantRangeImage, turned_affine
from oemsar.simulate.sensor.straight_track import StraightTrack

ALTITUDE = 517e3
"""Height of the sensor's track, metres: that of Umbra's satellites (517 +- 30 km, product documentation)."""

RPC_REACH = 60.0
"""Metres of height below and above everything on the canvas that the rational model holds for."""

_RPC_STEPS, _RPC_HEIGHTS = 13, 7


@dataclass(frozen=True)
class Acquisition:
    """Geometry of a scene and of its radar image.

    Attributes:
        geometry: Region, look and grids of the scene.
        image: Exact geometry of the ground range image.
        heights: Lowest and highest ellipsoidal height of anything on the canvas, metres.
        collect: Corners (column, row) of the polygon that the image fills.
    """

    geometry: SceneGeometry
    image: GroundRangeImage
    heights: tuple[float, float]
    collect: Doubles

    @property
    def claimed(self) -> GeoBox:
        """Grid by the radar's metadata, with the geolocation error."""
        affine = self.geometry.error.affine @ self.image.affine
        return GeoBox(self.image.shape, affine, f"EPSG:{self.image.epsg}")

    @cached_property
    def to_image(self) -> CubicMap:
        """Map from easting, northing and ellipsoidal height to column and row of the radar image."""
        return CubicMap.fit(self.image.to_image, *self.box)

    @cached_property
    def to_ground(self) -> CubicMap:
        """Map from column, row and ellipsoidal height to easting and northing."""
        rows, columns = self.image.shape
        low, high = self.heights
        return CubicMap.fit(self.image.to_ground, (-1.0, -1.0, low), (columns, rows, high))

    @property
    def box(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Lowest and highest easting, northing and ellipsoidal height of the canvas."""
        rows, columns = self.geometry.shape
        left, top = self.geometry.on_map(np.array(-0.5), np.array(-0.5))
        right, bottom = self.geometry.on_map(np.array(columns - 0.5), np.array(rows - 0.5))
        low, high = self.heights
        return (float(left), float(bottom), low), (float(right), float(top), high)

    def slant(self) -> SlantRangeImage:
        """Give the slant range image of the collect; its pixels cover as much ground as those of `image`."""
        across, down = self.collect.T
        height = np.full(across.shape, self.image.height)
        easting, northing = self.image.to_ground(across, down, height)
        gsd = self.geometry.config.gsd
        spacing = (gsd, gsd * math.sin(math.radians(self.geometry.look.incidence)))
        empty = SlantRangeImage(self.image.track, self.image.epsg, (0.0, 0.0), spacing, (1, 1))
        column, row = empty.to_image(easting, northing, height)
        first = (math.floor(row.min()) * spacing[0], math.floor(column.min()) * spacing[1])
        shape = (int(np.ptp(row)) + 2, int(np.ptp(column)) + 2)
        return replace(empty, first=first, shape=shape)

    def rational_model(self, image: GroundRangeImage | SlantRangeImage) -> tuple[RationalModel, Misfit]:
        """Fit the rational model of an image, with the geolocation error, and measure how far it is off.

        It is fitted over the canvas and `RPC_REACH` metres of height below and above everything on it; the
        misfit is taken on points between those of the fit.
        """
        model = RationalModel.fit(*self._samples(image, _RPC_STEPS, _RPC_HEIGHTS))
        return model, model.misfit(*self._samples(image, _RPC_STEPS - 1, _RPC_HEIGHTS - 1))

    def _samples(
        self, image: GroundRangeImage | SlantRangeImage, steps: int, levels: int
    ) -> tuple[Doubles, Doubles, Doubles, Doubles, Doubles]:
        """Sample longitude, latitude, height, line and sample by the metadata, on a lattice."""
        (left, bottom, low), (right, top, high) = self.box
        axes = (
            np.linspace(left, right, steps),
            np.linspace(bottom, top, steps),
            np.linspace(low - RPC_REACH, high + RPC_REACH, levels),
        )
        east, north, height = (each.ravel() for each in np.meshgrid(*axes, indexing="ij"))
        column, row = image.to_image(*self.geometry.error.true(east, north), height)
        lon, lat = Transformer.from_crs(self.image.epsg, 4326, always_xy=True).transform(east, north)
        return lon, lat, height, row, column


def acquire(geometry: SceneGeometry, ground: Raster, top: Raster) -> Acquisition:
    """Point the radar at the scene's centre and lay its image around everything the orthophoto shows.

    The image is projected on the height of the ground at the centre, to the metre. Its columns run along
    the look direction.

    Args:
        geometry: Region, look and grids of the scene.
        ground: Heights of the ground of the canvas over the base of the scene, metres.
        top: Heights of the surface, roofs and crowns included, over the base of the scene, metres.
    """
    config, region = geometry.config, geometry.region
    height = float(np.round(geometry.base + ground[geometry.shape[0] // 2, geometry.shape[1] // 2]))
    track = StraightTrack.over((*geometry.centre, height), geometry.look, ALTITUDE)
    epsg = region.epsg
    origin = turned_affine(geometry.error.centre, region.look_azimuth, config.gsd)
    image = GroundRangeImage(track, epsg, origin, height, (1, 1))
    inside = ground[geometry.core]
    heights = np.array([inside.min(), inside.max()], np.float64) + geometry.base
    rows = np.array([geometry.core[0].start, geometry.core[0].stop - 1.0])
    columns = np.array([geometry.core[1].start, geometry.core[1].stop - 1.0])
    corners = np.meshgrid(columns, rows, heights)
    seen = np.stack(image.to_image(*geometry.on_map(corners[0], corners[1]), corners[2]), axis=-1).reshape(
        -1, 2
    )
    hull = seen[ConvexHull(seen).vertices]
    outwards = hull - hull.mean(axis=0)
    hull = hull + outwards / np.linalg.norm(outwards, axis=1)[:, None] * BORDER
    first = np.floor(hull.min(axis=0)) - BORDER
    shape = np.ceil(np.ptp(hull, axis=0)).astype(int) + 2 * BORDER
    affine = origin @ Affine.translation(*first)
    low, high = geometry.base + float(ground.min()) - 5, geometry.base + float(top.max()) + 5
    image = replace(image, affine=affine, shape=(int(shape[1]), int(shape[0])))
    return Acquisition(geometry, image, (low, high), hull - first)
