"""A region of the simulated world: where it lies, how it looks, and how it was seen."""

import math
from dataclasses import dataclass

import numpy as np
from pyproj import Transformer

from oemsar.simulate.world.character import Character
from oemsar.simulate.world.places import Place


@dataclass(frozen=True)
class Region:
    """Everything the tiles of one region share.

    Attributes:
        name: Stable name, such as `region_01`.
        country: ISO 3166 alpha-3 code.
        character: Character of the land use.
        lon: Longitude of the centre, degrees.
        lat: Latitude of the centre, degrees.
        epsg: EPSG code of the UTM zone its tiles are georeferenced in.
        gsd: Ground sampling distance in metres.
        look_azimuth: Ground direction in which the radar looks, degrees clockwise from north.
        incidence_angle: Angle between the radar ray and the vertical at the ground, degrees.
        looks: Number of looks averaged into the radar intensity.
        radar_gain: Digital numbers per unit of radar amplitude.
        radar_offset: Digital number of zero amplitude.
        sun_azimuth: Direction of the sun, degrees clockwise from north.
        sun_elevation: Height of the sun above the horizon, degrees.
        dryness: 0 for lush to 1 for dry vegetation.
        haze: Share of the optical signal that is scattered light.
        street_azimuth: Main direction of the streets, degrees clockwise from north.
        winding: Distance in metres by which streets swing from straight.
        skew: Standard deviation of street crossings from the right angle, radians.
        relief: Standard deviation of the terrain height, metres.
        tallest: Height of the tallest building, metres.
    """

    name: str
    country: str
    character: Character
    lon: float
    lat: float
    epsg: int
    gsd: float
    look_azimuth: float
    incidence_angle: float
    looks: int
    radar_gain: float
    radar_offset: float
    sun_azimuth: float
    sun_elevation: float
    dryness: float
    haze: float
    street_azimuth: float
    winding: float
    skew: float
    relief: float
    tallest: float

    @property
    def reach(self) -> float:
        """Metres over which the tallest building can displace its image or cast a shadow.

        Layover h / tan(incidence) and radar shadow h * tan(incidence) (Woodhouse 2006, Introduction to
        Microwave Remote Sensing, chapter 10); sun shadow h / tan(elevation).
        """
        tangent = math.tan(math.radians(self.incidence_angle))
        sun = math.tan(math.radians(self.sun_elevation))
        return self.tallest * max(1 / tangent, tangent, 1 / sun)


_TALLEST: dict[Character, float] = {"urban": 27, "suburban": 16, "rural": 11, "coastal": 18}
_RELIEF: dict[Character, float] = {"urban": 0.8, "suburban": 1.2, "rural": 3.0, "coastal": 1.0}
_WINDING = {"FRA": 7.0, "JPN": 3.0, "USA": 2.0}
_SKEW = {"FRA": 0.16, "JPN": 0.06, "USA": 0.0}
_DRYNESS = {"FRA": 0.35, "JPN": 0.2, "USA": 0.55}


def draw_region(number: int, place: Place, rng: np.random.Generator) -> Region:
    """Draw how region `number` (counted from 1) at `place` looks and was seen.

    Ground sampling distance 0.15 to 0.5 m as published. The radar flies a near-polar orbit and looks
    to either side, hence mostly east or west. The sun stands in the south within three hours of noon.
    """
    country, character = place.country, place.character
    winding = _WINDING[country] * rng.uniform(0.3, 1.7) * (1.8 if character == "rural" else 1.0)
    return Region(
        name=f"region_{number:02d}",
        country=country,
        character=character,
        lon=place.lon,
        lat=place.lat,
        epsg=place.epsg,
        gsd=round(float(np.clip(rng.triangular(0.15, 0.32, 0.5), 0.15, 0.5)), 3),
        look_azimuth=round(float(rng.choice([90, 270]) + rng.normal(0, 18)) % 360, 2),
        incidence_angle=round(float(rng.uniform(33, 50)), 2),
        looks=int(rng.choice([1, 2, 2, 3])),
        radar_gain=round(float(rng.uniform(125, 195)), 2),
        radar_offset=round(float(rng.choice([0, 2, 4, 12])), 2),
        sun_azimuth=round(float(rng.uniform(125, 235)), 2),
        sun_elevation=round(float(rng.uniform(40, 64)), 2),
        dryness=round(float(np.clip(_DRYNESS[country] + rng.normal(0, 0.15), 0, 1)), 3),
        haze=round(float(rng.uniform(0.0, 0.08)), 3),
        street_azimuth=round(float(rng.uniform(0, 90)), 2),
        winding=round(float(winding), 2),
        skew=_SKEW[country] * (1.6 if character == "rural" else 1.0),
        relief=round(float(_RELIEF[character] * rng.uniform(0.5, 1.6)), 2),
        tallest=_TALLEST[character],
    )


def centre_in_utm(region: Region) -> tuple[float, float]:
    """Project the region's centre to easting and northing in its UTM zone, metres."""
    transformer = Transformer.from_crs("EPSG:4326", f"EPSG:{region.epsg}", always_xy=True)
    easting, northing = transformer.transform(region.lon, region.lat)
    return float(easting), float(northing)
