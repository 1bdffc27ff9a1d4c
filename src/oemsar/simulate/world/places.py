"""Places on earth for the regions of a simulated world: real towns and countryside of the three countries."""

import math
from dataclasses import dataclass

import numpy as np

from oemsar.dataset.countries import country_at
from oemsar.errors import InputError
from oemsar.simulate.world.character import CHARACTERS, COUNTRIES, Character

MIN_DISTANCE_KM = 30.0
"""No two centres of regions lie closer than this, so that footprints tell the regions apart.

The tiles of a region reach up to 7 km from its centre, which leaves 16 km between the tiles of two regions.
"""

_TRIES = 5000
"""Places looked at beside a given one before its country is taken to be full."""

_FARTHEST_KM = 2000.0
_EARTH_RADIUS_KM = 6371.0
_ZONE_MARGIN = 0.15
"""Degrees of longitude kept free on both sides of a UTM zone boundary."""


@dataclass(frozen=True)
class Place:
    """A place on earth: ISO 3166 alpha-3 country, character, longitude and latitude in degrees (WGS 84)."""

    country: str
    character: Character
    lon: float
    lat: float

    @property
    def epsg(self) -> int:
        """EPSG code of the UTM zone (WGS 84, northern hemisphere) that the longitude lies in."""
        return 32601 + math.floor((self.lon + 180) / 6)


_TABLE: dict[tuple[str, Character], tuple[tuple[float, float], ...]] = {
    ("FRA", "urban"): ((2.35, 48.86), (4.84, 45.75), (1.44, 43.60)),
    ("FRA", "suburban"): ((-1.68, 48.11), (5.04, 47.32), (1.90, 47.90)),
    ("FRA", "rural"): ((1.48, 48.25), (3.20, 45.95), (0.62, 43.72)),
    ("FRA", "coastal"): ((-2.76, 47.66), (3.88, 43.58), (0.25, 49.51)),
    ("JPN", "urban"): ((139.70, 35.69), (135.50, 34.68), (136.91, 35.17)),
    ("JPN", "suburban"): ((141.35, 43.06), (139.88, 36.56), (133.92, 34.67)),
    ("JPN", "rural"): ((143.10, 42.90), (138.95, 37.75), (130.75, 32.78)),
    ("JPN", "coastal"): ((140.92, 38.25), (130.40, 33.56), (134.04, 34.31)),
    ("USA", "urban"): ((-87.68, 41.85), (-95.37, 29.76), (-75.17, 39.97)),
    ("USA", "suburban"): ((-111.95, 33.40), (-82.95, 40.02), (-96.75, 33.05)),
    ("USA", "rural"): ((-93.60, 42.20), (-97.60, 38.30), (-119.60, 36.60)),
    ("USA", "coastal"): ((-82.50, 27.97), (-76.25, 36.85), (-117.12, 32.80)),
}

BOUNDS = {
    "FRA": (-5.2, 41.3, 9.6, 51.1),
    "JPN": (128.5, 30.9, 146.0, 45.6),
    "USA": (-125.0, 24.5, -66.9, 49.4),
}
"""Bounding box of each country's mainland: west, south, east, north in degrees."""


def choose_places(count: int, rng: np.random.Generator) -> list[Place]:
    """Choose `count` places, countries and characters in turn, none closer than `MIN_DISTANCE_KM` to another.

    Any three consecutive places lie in three countries and any four have four characters. The first
    36 come from the table in an order drawn from `rng`; further ones lie beside them in the same country, 30
    to 90 km off as long as there is room.

    Raises:
        InputError: A country has no room for so many.
    """
    orders = {key: rng.permutation(len(entries)) for key, entries in _TABLE.items()}
    places: list[Place] = []
    for number in range(count):
        country = COUNTRIES[number % len(COUNTRIES)]
        character = CHARACTERS[number % len(CHARACTERS)]
        entries = _TABLE[country, character]
        turn = number // (len(COUNTRIES) * len(CHARACTERS))
        lon, lat = entries[orders[country, character][turn % len(entries)]]
        place = Place(country, character, lon, lat)
        places.append(place if turn < len(entries) else _beside(place, places, rng))
    return places


def draw_place(country: str, character: Character, rng: np.random.Generator) -> Place:
    """Draw a place of a country (`COUNTRIES`) and a character, from the table."""
    entries = _TABLE[country, character]
    lon, lat = entries[int(rng.integers(len(entries)))]
    return Place(country, character, lon, lat)


def distance_km(first: Place, second: Place) -> float:
    """Compute the great-circle distance between two places in kilometres (haversine on a sphere)."""
    lat1, lat2 = math.radians(first.lat), math.radians(second.lat)
    haversine = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(second.lon - first.lon) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(haversine))


def _beside(place: Place, taken: list[Place], rng: np.random.Generator) -> Place:
    """Find a free place near `place`, ever farther away."""
    reach = 3 * MIN_DISTANCE_KM
    for _ in range(_TRIES):
        reach = min(reach * 1.02, _FARTHEST_KM)
        distance, azimuth = rng.uniform(MIN_DISTANCE_KM, reach), rng.uniform(0, 2 * math.pi)
        lat = place.lat + math.degrees(distance * math.cos(azimuth) / _EARTH_RADIUS_KM)
        east = math.degrees(distance * math.sin(azimuth) / _EARTH_RADIUS_KM)
        lon = place.lon + east / math.cos(math.radians(lat))
        found = Place(place.country, place.character, round(lon, 4), round(lat, 4))
        if _usable(found) and all(distance_km(found, other) >= MIN_DISTANCE_KM for other in taken):
            return found
    raise InputError(
        f"{len(taken)} regions {MIN_DISTANCE_KM:g} km apart leave no room for another in {place.country}; "
        "ask for fewer regions",
        option="regions",
    )


def _usable(place: Place) -> bool:
    west, south, east, north = BOUNDS[place.country]
    inside = west + 0.2 < place.lon < east - 0.2 and south + 0.2 < place.lat < north - 0.2
    if not inside or not _ZONE_MARGIN < place.lon % 6 < 6 - _ZONE_MARGIN:
        return False
    return country_at(place.lon, place.lat, tolerance_km=0) == place.country
