import math
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.geometry.look import Look, look_from_angles, look_tags, read_look, read_projection_height


def write(path: Path, tags: dict[str, str]) -> Path:
    with rasterio.open(path, "w", driver="GTiff", height=2, width=2, count=1, dtype="uint8") as dataset:
        dataset.update_tags(**tags)
    return path


@pytest.mark.parametrize(
    ("azimuth", "expected"),
    [
        (0, (0, -1)),
        (90, (-1, 0)),
        (180, (0, 1)),
        (270, (1, 0)),
        (30, (-0.5, -math.sqrt(0.75))),
        (240, (math.sqrt(0.75), 0.5)),
    ],
)
def test_the_sensor_lies_opposite_to_the_look(azimuth: float, expected: tuple[float, float]) -> None:
    assert Look(azimuth, 35).towards_sensor() == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("incidence", [20.0, 35.0, 45.0, 60.0])
def test_a_displaced_point_has_the_range_of_the_raised_one(incidence: float) -> None:
    height, angle = 30.0, math.radians(incidence)
    moved = float(Look(0, incidence).displacement(height))
    # distance along the ray of a plane wave: x sin(incidence) - z cos(incidence), x away from the sensor
    assert -moved * math.sin(angle) == pytest.approx(-height * math.cos(angle))


def test_height_moves_a_target_by_itself_at_45_degrees() -> None:
    np.testing.assert_allclose(Look(10, 45).displacement(np.array([-5.0, 0.0, 30.0])), [-5, 0, 30])


def test_a_look_comes_back_from_the_tags_of_a_raster(tmp_path: Path) -> None:
    look = Look(281.25, 38.7)
    with rasterio.open(write(tmp_path / "sar.tif", look_tags(look, 151.5))) as dataset:
        assert read_look(dataset) == look
        assert read_projection_height(dataset) == 151.5


def test_a_raster_without_tags_has_no_look(tmp_path: Path) -> None:
    with rasterio.open(write(tmp_path / "sar.tif", {})) as dataset:
        assert read_look(dataset) is None
        assert read_projection_height(dataset) is None


@pytest.mark.parametrize(
    "tags",
    [
        {"OEMSAR_LOOK_AZIMUTH": "10"},
        {"OEMSAR_INCIDENCE": "35"},
        {"OEMSAR_LOOK_AZIMUTH": "0"},
        {"OEMSAR_LOOK_AZIMUTH": "10", "OEMSAR_INCIDENCE": "steep"},
        {"OEMSAR_LOOK_AZIMUTH": "10", "OEMSAR_INCIDENCE": "95"},
        {"OEMSAR_LOOK_AZIMUTH": "nan", "OEMSAR_INCIDENCE": "35"},
    ],
)
def test_half_a_look_and_wrong_angles_are_refused(tmp_path: Path, tags: dict[str, str]) -> None:
    with rasterio.open(write(tmp_path / "sar.tif", tags)) as dataset, pytest.raises(InputError):
        read_look(dataset)


def test_two_angles_make_a_look_and_north_is_an_azimuth() -> None:
    assert look_from_angles(None, None) is None
    assert look_from_angles(0.0, 35.0) == Look(0.0, 35.0)


@pytest.mark.parametrize("angles", [(None, 35.0), (0.0, None), (210.0, None)])
def test_one_angle_alone_is_refused(angles: tuple[float | None, float | None]) -> None:
    with pytest.raises(InputError, match="belong together") as raised:
        look_from_angles(*angles)
    assert raised.value.options == ("look_azimuth", "incidence")


@pytest.mark.parametrize(
    ("azimuth", "incidence", "option"),
    [(math.inf, 35, "look_azimuth"), (10, 0, "incidence"), (10, 90, "incidence"), (10, -5, "incidence")],
)
def test_angles_out_of_range_name_their_option(azimuth: float, incidence: float, option: str) -> None:
    with pytest.raises(InputError, match="angle") as raised:
        Look(azimuth, incidence)
    assert raised.value.options == (option,)
