"""Options on geometry that belong together."""

from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.geometry.terrain import Terrain
from oemsar.prepare.geometry_options import GeometryOptions


def test_a_look_is_two_angles() -> None:
    assert GeometryOptions().look is None
    assert GeometryOptions(look_azimuth=110, incidence=35).look == Look(110, 35)


@pytest.mark.parametrize("given", [{"look_azimuth": 0.0}, {"incidence": 35.0}])
def test_one_angle_is_no_look(given: dict[str, float]) -> None:
    with pytest.raises(InputError, match="belong together") as raised:
        GeometryOptions.model_validate(given).look  # noqa: B018 (raises)
    assert raised.value.options == ("look_azimuth", "incidence")


def test_elevation_models_by_what_they_hold() -> None:
    dem, geoid, dsm = Path("dem.tif"), Path("geoid.tif"), Path("dsm.tif")
    assert GeometryOptions().terrain is None
    assert GeometryOptions(dem=dem, geoid=geoid, dsm=dsm).terrain == Terrain(dem, geoid, dsm)


@pytest.mark.parametrize("name", ["dsm", "geoid"])
def test_no_model_goes_without_the_bare_ground(name: str) -> None:
    with pytest.raises(InputError, match="bare ground; add it") as raised:
        GeometryOptions.model_validate({name: Path("model.tif")})
    assert raised.value.options == ("dem",)
