"""Places on earth: apart, in their country, and in the middle of a UTM zone."""

import itertools

import numpy as np
import pytest
from pyproj import Geod

from oemsar.dataset.countries import country_at
from oemsar.errors import InputError
from oemsar.simulate.noise import stream
from oemsar.simulate.world.character import CHARACTERS, COUNTRIES
from oemsar.simulate.world.places import (
    BOUNDS,
    MIN_DISTANCE_KM,
    Place,
    choose_places,
    distance_km,
    draw_place,
)


@pytest.fixture(scope="module")
def many() -> list[Place]:
    return choose_places(80, stream(3))


def test_regions_are_far_apart_and_inside_their_utm_zone(many: list[Place]) -> None:
    assert all(distance_km(a, b) >= MIN_DISTANCE_KM for a, b in itertools.combinations(many, 2))
    for place in many:
        zone = place.epsg - 32600
        assert abs(place.lon - (6 * zone - 183)) < 3


def test_countries_and_characters_take_turns(many: list[Place]) -> None:
    for first in range(len(many) - 4):
        assert {place.country for place in many[first : first + 3]} == set(COUNTRIES) == set(BOUNDS)
        assert {place.character for place in many[first : first + 4]} == set(CHARACTERS)


def test_places_lie_in_their_country(many: list[Place]) -> None:
    for place in many[36:]:  # those beside the ones of the table; of the table some lie at the shore
        west, south, east, north = BOUNDS[place.country]
        assert west < place.lon < east
        assert south < place.lat < north
        assert country_at(place.lon, place.lat, tolerance_km=0) == place.country
        zone_edge = place.lon % 6
        assert 0.15 < zone_edge < 5.85


def test_further_places_lie_beside_those_of_the_table(many: list[Place]) -> None:
    table = many[:36]
    near = [
        min(distance_km(place, other) for other in table if other.country == place.country)
        for place in many[36:]
    ]
    assert min(near) >= MIN_DISTANCE_KM
    assert np.median(near) < 4 * MIN_DISTANCE_KM


def test_paris_lies_in_zone_31_and_tokyo_in_zone_54() -> None:
    places = {(round(p.lon, 2), round(p.lat, 2)): p.epsg for p in choose_places(36, stream(0))}
    assert places[2.35, 48.86] == 32631
    assert places[139.7, 35.69] == 32654
    assert len(places) == 36
    assert Place("USA", "rural", -180.0, 40.0).epsg == 32601


def test_distance_is_that_of_the_geodesic_to_half_a_percent(many: list[Place]) -> None:
    geod = Geod(ellps="WGS84")
    for first, second in itertools.pairwise(many):
        _, _, metres = geod.inv(first.lon, first.lat, second.lon, second.lat)
        assert distance_km(first, second) == pytest.approx(metres / 1000, rel=0.006)


def test_a_drawn_place_is_of_the_country_and_character() -> None:
    found = [draw_place("JPN", "coastal", stream(seed)) for seed in range(20)]
    assert {(place.country, place.character) for place in found} == {("JPN", "coastal")}
    assert {(place.lon, place.lat) for place in found} == {(140.92, 38.25), (130.40, 33.56), (134.04, 34.31)}


def test_a_country_that_is_full_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.simulate.world.places._TRIES", 20)
    monkeypatch.setattr("oemsar.simulate.world.places.MIN_DISTANCE_KM", 1500.0)
    with pytest.raises(InputError, match=r"^regions: .*leave no room for another in "):
        choose_places(60, stream(0))
