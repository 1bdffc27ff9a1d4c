"""Countries of known places, and of places the outlines miss."""

import pytest

from oemsar.dataset.countries import country_at, outlines
from oemsar.simulate.noise import stream
from oemsar.simulate.world.places import choose_places


@pytest.mark.parametrize(
    ("place", "country"),
    [
        ((2.35, 48.86), "FRA"),
        ((7.75, 48.58), "FRA"),  # Strasbourg, 3 km from the border
        ((55.45, -20.88), "FRA"),  # Saint-Denis, Réunion
        ((139.70, 35.69), "JPN"),
        ((127.68, 26.21), "JPN"),  # Naha
        ((-87.68, 41.85), "USA"),
        ((-149.90, 61.22), "USA"),  # Anchorage
        ((10.75, 59.91), "NOR"),
        ((33.36, 35.19), "CYP"),
    ],
)
def test_cities_lie_in_their_country(place: tuple[float, float], country: str) -> None:
    assert country_at(*place) == country


def test_a_place_off_the_coast_takes_the_nearest_country_within_the_tolerance() -> None:
    """The harbour of Nice is at 43.69 N; a degree of latitude is 111 km."""
    off_nice = (7.28, 43.60)
    assert country_at(*off_nice, tolerance_km=0) is None
    assert country_at(*off_nice, tolerance_km=2) is None
    assert country_at(*off_nice) == "FRA"
    assert country_at(-40.0, 40.0) is None


def test_the_tolerance_is_kilometres_also_where_degrees_of_longitude_are_short() -> None:
    """Vardø lies at 31.11 E, 70.37 N, where a degree of longitude is 37.5 km."""
    assert country_at(31.11 + 15 / 37.5, 70.37) == "NOR"
    assert country_at(31.11 + 60 / 37.5, 70.37) is None


def test_outlines_have_one_row_of_land_for_each_code() -> None:
    frame = outlines()
    assert frame.crs == "EPSG:4326"
    assert frame["country"].is_unique
    assert frame["country"].str.fullmatch("[A-Z]{3}").all()
    assert frame.geometry.is_valid.all()
    # areas from the CIA World Factbook, thousand km²; metropolitan France with overseas departments, 644
    areas = frame.set_index("country").geometry.to_crs("ESRI:54034").area / 1e9
    thousands = {"FRA": 644, "JPN": 378, "USA": 9600, "DEU": 357, "AUS": 7700, "RUS": 17098, "FJI": 18.3}
    for code, area in thousands.items():
        assert areas[code] == pytest.approx(area, rel=0.03)


def test_every_simulated_place_lies_in_its_country() -> None:
    for place in choose_places(80, stream(1)):
        assert country_at(place.lon, place.lat, tolerance_km=0) == place.country


@pytest.mark.parametrize(
    ("place", "country"),
    [
        ((20.0, 67.0), "SWE"),
        ((-150.0, 66.0), "USA"),
        ((-173.0, 66.5), "RUS"),
        ((100.0, 68.0), "RUS"),
        ((179.4, -16.7), "FJI"),
        ((-179.9, -16.6), "FJI"),
        ((-150.0, -16.53), None),
    ],
)
def test_a_country_across_the_antimeridian_does_not_reach_round_the_earth(
    place: tuple[float, float], country: str | None
) -> None:
    assert country_at(*place) == country


@pytest.mark.parametrize(
    ("place", "country"),
    [((179.99, -16.8), "FJI"), ((180.0, 68.0), "RUS"), ((178.0, 51.9), "USA"), ((-175.0, 66.5), "RUS")],
)
def test_longitudes_count_from_anywhere(place: tuple[float, float], country: str) -> None:
    lon, lat = place
    assert {country_at(lon + turns * 360, lat, 40) for turns in (-2, -1, 0, 1)} == {country}


def test_the_coast_beyond_the_antimeridian_is_as_near_as_on_this_side() -> None:
    # Chukotka ends at the cut: a point east of it whose nearest land lies west, and the other way round
    east, west = country_at(-179.999, 69.1, 40), country_at(179.999, 69.1, 40)
    assert east == west == "RUS"
