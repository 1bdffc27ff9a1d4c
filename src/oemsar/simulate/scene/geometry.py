"""Position of a simulated scene: region, grid of the orthophoto, and the canvas of the world around it."""

import math
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from oemsar.arrays import Doubles
from oemsar.geometry.look import Look
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.streams import scene_stream
from oemsar.simulate.sensor.geolocation import GeolocationError
from oemsar.simulate.world.character import CHARACTERS, COUNTRIES, Character
from oemsar.simulate.world.places import draw_place
from oemsar.simulate.world.polygon import heading
from oemsar.simulate.world.region import Region, centre_in_utm, draw_region
from oemsar.simulate.world.terrain import OVERSHOOT

BORDER = 16
"""Pixels of the collect around the image of the orthophoto."""

_GEOID = {"FRA": 47.0, "JPN": 38.0, "USA": -29.0}
"""Rough height of the geoid over the ellipsoid WGS 84 in metres (EGM96)."""

_REGION, _PLACE, _ERROR = range(3)


@dataclass(frozen=True)
class SceneGeometry:
    """Region of a scene, grid of its orthophoto, and the larger canvas of the world around it.

    Attributes:
        config: Extent, relief and radar geometry.
        region: Appearance of the place; its `look_azimuth` counts from the north of the canvas.
        look: Look of the radar, from true north.
        centre: Longitude and latitude of the centre, degrees.
        optical: Grid of the orthophoto.
        margin: Rows and columns of the canvas on each side of the orthophoto.
        base: Ellipsoidal height of the lowest ground of the scene, metres.
        error: Error of the radar's geolocation.
    """

    config: SceneConfig
    region: Region
    look: Look
    centre: tuple[float, float]
    optical: GeoBox
    margin: tuple[int, int]
    base: float
    error: GeolocationError

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the canvas."""
        return self.config.size + 2 * self.margin[0], self.config.size + 2 * self.margin[1]

    @property
    def core(self) -> tuple[slice, slice]:
        """Rows and columns of the canvas that the orthophoto covers."""
        rows, columns = (slice(margin, margin + self.config.size) for margin in self.margin)
        return rows, columns

    @property
    def canvas(self) -> GeoBox:
        """Grid of the canvas."""
        gsd, (left, top) = self.config.gsd, (self.optical.affine.c, self.optical.affine.f)
        affine = Affine(gsd, 0, left - self.margin[1] * gsd, 0, -gsd, top + self.margin[0] * gsd)
        return GeoBox(self.shape, affine, self.optical.crs)

    def on_canvas(self, easting: Doubles, northing: Doubles) -> Doubles:
        """Locate map coordinates on the canvas: row and column, pixel centres at integers, (2, ...)."""
        affine, gsd = self.canvas.affine, self.config.gsd
        return np.stack([(affine.f - northing) / gsd - 0.5, (easting - affine.c) / gsd - 0.5])

    @property
    def reach(self) -> float:
        """Metres over which the world can lie over itself or cast shadow."""
        return max(self.margin) * self.config.gsd

    def on_map(self, column: Doubles, row: Doubles) -> tuple[Doubles, Doubles]:
        """Give easting and northing of canvas pixels, whose centres lie at integers."""
        gsd, left, top = self.config.gsd, self.canvas.affine.c, self.canvas.affine.f
        return left + (column + 0.5) * gsd, top - (row + 0.5) * gsd


def choose_geometry(config: SceneConfig) -> SceneGeometry:
    """Draw the place of a scene, its appearance, and the grids of its images."""
    rng = scene_stream(config, _PLACE)
    country = config.country or str(rng.choice(COUNTRIES))
    character: Character = config.character or CHARACTERS[int(rng.integers(len(CHARACTERS)))]
    place = draw_place(country, character, rng)
    drawn = draw_region(1, place, scene_stream(config, _REGION))
    look = Look(config.look_azimuth % 360, config.incidence)
    region = replace(
        drawn,
        name="scene",
        gsd=config.gsd,
        incidence_angle=config.incidence,
        look_azimuth=(look.azimuth + _grid_north(place.lon, place.lat, place.epsg)) % 360,
    )
    half = config.size * config.gsd / 2
    easting, northing = centre_in_utm(region)
    left, top = round(easting - half, 2), round(northing + half, 2)
    optical_gsd = config.optical_gsd or config.gsd
    pixels = int(config.size * config.gsd / optical_gsd + 1e-9)
    affine = Affine(optical_gsd, 0, left, 0, -optical_gsd, top)
    optical = GeoBox((pixels, pixels), affine, f"EPSG:{place.epsg}")
    base = _GEOID[country] + (rng.uniform(1, 3) if character == "coastal" else rng.uniform(10, 200))
    error = GeolocationError.draw((left + half, top - half), config.offset, scene_stream(config, _ERROR))
    return SceneGeometry(
        config, region, look, (place.lon, place.lat), optical, _margin(region, config), round(base, 2), error
    )


def _margin(region: Region, config: SceneConfig) -> tuple[int, int]:
    """Count the rows and columns on each side from which something can fall into the images."""
    tangent = math.tan(math.radians(config.incidence))
    along = (1 + 2 * OVERSHOOT) * config.relief / tangent + region.reach
    look = heading(region.look_azimuth)
    spare = 2 * BORDER + 8
    rows = math.ceil((abs(look.imag) * along + region.reach) / config.gsd) + spare
    columns = math.ceil((abs(look.real) * along + region.reach) / config.gsd) + spare
    return rows, columns


def _grid_north(lon: float, lat: float, epsg: int) -> float:
    """Compute the grid azimuth of true north in degrees: the meridian convergence, its sign turned."""
    to_map = Transformer.from_crs(4326, epsg, always_xy=True)
    south, north = to_map.transform(lon, lat - 1e-4), to_map.transform(lon, lat + 1e-4)
    return math.degrees(math.atan2(north[0] - south[0], north[1] - south[1]))
