"""One place, seen by a radar and from the air: what is asked for, and the geometry that follows from it."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from scipy.spatial import ConvexHull

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.simulate.geolocation import GeolocationError
from oemsar.simulate.noise import Raster, stream
from oemsar.simulate.places import CHARACTERS, COUNTRIES, Character, draw_place
from oemsar.simulate.polygon import heading
from oemsar.simulate.radar_grid import CubicMap, GroundRangeImage, SlantRangeImage, turned_affine
from oemsar.simulate.region import Region, draw_region
from oemsar.simulate.sensor import StraightTrack
from oemsar.simulate.terrain import OVERSHOOT
from oemsar.simulate.world import centre_in_utm

Doubles = NDArray[np.float64]

ALTITUDE = 525e3
"""Height of the sensor's track, metres: low orbits of commercial X-band satellites lie at 500 to 570 km."""

BORDER = 16
"""Pixels of the collect around the image of the orthophoto."""

_STEEPEST = 0.35
"""Relief over the side of the scene: more would be a cliff."""

_GEOID = {"FRA": 47.0, "JPN": 38.0, "USA": -29.0}
"""Rough height of the geoid over the ellipsoid WGS 84 in metres (EGM96)."""

_SCENE = 7
_REGION, _PLACE, _ERROR = range(3)


@dataclass(frozen=True)
class SceneConfig:
    """What to simulate.

    Attributes:
        size: rows and columns of the orthophoto.
        gsd: ground sampling distance of both images, metres.
        relief: height from the lowest to the highest ground of the scene, metres.
        incidence: incidence angle at the scene's centre, degrees.
        look_azimuth: ground direction in which the radar looks, degrees clockwise from true north.
        offset: length of the shift in the radar's geolocation, metres.
        seed: of every random draw.
        country: ISO 3166 alpha-3 code; None to draw one.
        character: what is mostly built or grown; None to draw one.
        reflectors: number of corner reflectors standing on open ground.
    """

    size: int = 1024
    gsd: float = 0.5
    relief: float = 20.0
    incidence: float = 40.0
    look_azimuth: float = 90.0
    offset: float = 10.0
    seed: int = 0
    country: str | None = None
    character: Character | None = None
    reflectors: int = 0

    def __post_init__(self) -> None:
        extent = self.size * self.gsd
        _require(self.size >= 64, f"--size {self.size} is too small; ask for at least 64 pixels")
        _require(0.1 <= self.gsd <= 2, f"--gsd {self.gsd:g} is out of range; ask for 0.1 to 2 metres")
        _require(extent <= 6000, f"--size {self.size} at --gsd {self.gsd:g} is over 6 km; ask for less")
        _require(
            15 <= self.incidence <= 65,
            f"--incidence {self.incidence:g} is out of range; ask for 15 to 65 degrees",
        )
        _require(math.isfinite(self.look_azimuth), "--look-azimuth is not a number; give degrees from north")
        _require(self.relief >= 0, f"--relief {self.relief:g} is negative; give 0 for a plain")
        _require(
            self.relief <= _STEEPEST * extent,
            f"--relief {self.relief:g} over {extent:g} m is a cliff; ask for {_STEEPEST * extent:.0f} or "
            "less, or a larger --size",
        )
        _require(
            0 <= self.offset <= 200, f"--offset {self.offset:g} is out of range; ask for 0 to 200 metres"
        )
        _require(self.seed >= 0, f"--seed {self.seed} is negative; give 0 or a positive number")
        _require(self.reflectors >= 0, "the number of reflectors cannot be negative")
        _require(
            self.country in (None, *COUNTRIES),
            f"--country {self.country} is not known; choose from {', '.join(COUNTRIES)}",
        )
        _require(
            self.character in (None, *CHARACTERS),
            f"--character {self.character} is not known; choose from {', '.join(CHARACTERS)}",
        )

    def stream(self, part: int) -> np.random.Generator:
        """The random stream of one part of the scene."""
        return stream(self.seed, _SCENE, part)


@dataclass(frozen=True)
class Site:
    """Where a scene lies: the region, the orthophoto's grid, and the larger canvas of the world around it.

    Attributes:
        config: what was asked for.
        region: how the place looks; its `look_azimuth` counts from the north of the canvas.
        look: of the radar, from true north.
        centre: longitude and latitude, degrees.
        optical: grid of the orthophoto.
        margin: rows and columns of the canvas around it.
        base: ellipsoidal height of the lowest ground of the scene, metres.
        error: of the radar's geolocation.
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
        """Rows and columns of the orthophoto in the canvas."""
        rows, columns = (slice(margin, margin + self.config.size) for margin in self.margin)
        return rows, columns

    @property
    def canvas(self) -> GeoBox:
        """Grid of the canvas."""
        affine = self.optical.affine @ Affine.translation(-self.margin[1], -self.margin[0])
        return GeoBox(self.shape, affine, self.optical.crs)

    @property
    def reach(self) -> float:
        """Metres over which the world can lie over itself or cast shadow."""
        return max(self.margin) * self.config.gsd

    def on_map(self, column: Doubles, row: Doubles) -> tuple[Doubles, Doubles]:
        """Easting and northing of canvas pixels, whose centres lie at integers."""
        gsd, left, top = self.config.gsd, self.canvas.affine.c, self.canvas.affine.f
        return left + (column + 0.5) * gsd, top - (row + 0.5) * gsd


@dataclass(frozen=True)
class Acquisition:
    """A site and its radar image.

    Attributes:
        site: where.
        image: the exact geometry of the ground range image.
        heights: lowest and highest ellipsoidal height of anything on the canvas, metres.
        collect: corners (column, row) of the polygon that the image fills.
    """

    site: Site
    image: GroundRangeImage
    heights: tuple[float, float]
    collect: Doubles

    @property
    def claimed(self) -> GeoBox:
        """Grid that the radar's metadata state: the true one with the geolocation error."""
        affine = self.site.error.affine @ self.image.affine
        return GeoBox(self.image.shape, affine, f"EPSG:{self.image.epsg}")

    @cached_property
    def to_image(self) -> CubicMap:
        """Easting, northing, ellipsoidal height to column and row of the radar image, canvas-wide."""
        return CubicMap.of(self.image.to_image, *self.box)

    @cached_property
    def to_ground(self) -> CubicMap:
        """Column, row and ellipsoidal height to easting and northing."""
        rows, columns = self.image.shape
        low, high = self.heights
        return CubicMap.of(self.image.to_ground, (-1.0, -1.0, low), (columns, rows, high))

    @property
    def box(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Lowest and highest easting, northing and ellipsoidal height of the canvas."""
        rows, columns = self.site.shape
        left, top = self.site.on_map(np.array(-0.5), np.array(-0.5))
        right, bottom = self.site.on_map(np.array(columns - 0.5), np.array(rows - 0.5))
        low, high = self.heights
        return (float(left), float(bottom), low), (float(right), float(top), high)

    def slant(self) -> SlantRangeImage:
        """The slant range image of the same collect; its pixels cover as much ground as those of `image`."""
        across, down = self.collect.T
        height = np.full(across.shape, self.image.height)
        easting, northing = self.image.to_ground(across, down, height)
        gsd = self.site.config.gsd
        spacing = (gsd, gsd * math.sin(math.radians(self.site.look.incidence)))
        empty = SlantRangeImage(self.image.track, self.image.epsg, (0.0, 0.0), spacing, (1, 1))
        column, row = empty.to_image(easting, northing, height)
        first = (math.floor(row.min()) * spacing[0], math.floor(column.min()) * spacing[1])
        shape = (int(np.ptp(row)) + 2, int(np.ptp(column)) + 2)
        return replace(empty, first=first, shape=shape)


def choose_site(config: SceneConfig) -> Site:
    """Draw where the scene of `config` lies and how the place looks."""
    rng = config.stream(_PLACE)
    country = config.country or str(rng.choice(COUNTRIES))
    character: Character = config.character or CHARACTERS[int(rng.integers(len(CHARACTERS)))]
    place = draw_place(country, character, rng)
    drawn = draw_region(1, place, config.stream(_REGION))
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
    optical = GeoBox(
        (config.size, config.size), Affine(config.gsd, 0, left, 0, -config.gsd, top), f"EPSG:{place.epsg}"
    )
    base = _GEOID[country] + (rng.uniform(1, 3) if character == "coastal" else rng.uniform(10, 200))
    error = GeolocationError.draw((left + half, top - half), config.offset, config.stream(_ERROR))
    return Site(
        config, region, look, (place.lon, place.lat), optical, _margin(region, config), round(base, 2), error
    )


def aim(site: Site, ground: Raster, top: Raster) -> Acquisition:
    """Point the radar at the scene's centre and lay its image around everything the orthophoto shows.

    The image is projected on the height of the ground at the centre, to the metre. Its columns run along
    the look direction.

    Args:
        site: where.
        ground: height of the ground of the canvas over the site's base, metres.
        top: height of what stands on it, likewise.
    """
    config, region = site.config, site.region
    height = float(np.round(site.base + ground[site.shape[0] // 2, site.shape[1] // 2]))
    track = StraightTrack.over((*site.centre, height), site.look, ALTITUDE)
    epsg = region.epsg
    origin = turned_affine(site.error.centre, region.look_azimuth, config.gsd)
    image = GroundRangeImage(track, epsg, origin, height, (1, 1))
    inside = ground[site.core]
    heights = np.array([inside.min(), inside.max()], np.float64) + site.base
    rows = np.array([site.core[0].start, site.core[0].stop - 1.0])
    columns = np.array([site.core[1].start, site.core[1].stop - 1.0])
    corners = np.meshgrid(columns, rows, heights)
    seen = np.stack(image.to_image(*site.on_map(corners[0], corners[1]), corners[2]), axis=-1).reshape(-1, 2)
    hull = seen[ConvexHull(seen).vertices]
    outwards = hull - hull.mean(axis=0)
    hull = hull + outwards / np.linalg.norm(outwards, axis=1)[:, None] * BORDER
    first = np.floor(hull.min(axis=0)) - BORDER
    shape = np.ceil(np.ptp(hull, axis=0)).astype(int) + 2 * BORDER
    affine = origin @ Affine.translation(*first)
    low, high = site.base + float(ground.min()) - 5, site.base + float(top.max()) + 5
    image = replace(image, affine=affine, shape=(int(shape[1]), int(shape[0])))
    return Acquisition(site, image, (low, high), hull - first)


def _margin(region: Region, config: SceneConfig) -> tuple[int, int]:
    """Rows and columns of canvas on each side from which something can fall into the images."""
    tangent = math.tan(math.radians(config.incidence))
    along = (1 + 2 * OVERSHOOT) * config.relief / tangent + region.reach
    look = heading(region.look_azimuth)
    spare = 2 * BORDER + 8
    rows = math.ceil((abs(look.imag) * along + region.reach) / config.gsd) + spare
    columns = math.ceil((abs(look.real) * along + region.reach) / config.gsd) + spare
    return rows, columns


def _grid_north(lon: float, lat: float, epsg: int) -> float:
    """Grid azimuth of true north in degrees: the meridian convergence, its sign turned."""
    to_map = Transformer.from_crs(4326, epsg, always_xy=True)
    south, north = to_map.transform(lon, lat - 1e-4), to_map.transform(lon, lat + 1e-4)
    return math.degrees(math.atan2(north[0] - south[0], north[1] - south[1]))


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise InputError(sentence)
