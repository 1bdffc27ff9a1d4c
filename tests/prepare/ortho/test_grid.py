"""The sampling distance of a grid is metres on the ground, or the CRS is refused."""

import logging

import numpy as np
import pytest
from pyproj import CRS

from oemsar.errors import InputError
from oemsar.geometry.footprint import Footprint
from oemsar.prepare.ortho.grid import grid_over, metric_crs

AROUND = np.array([0.0, 0.004, 0.004, 0.0])
UP = np.array([0.0, 0.0, 0.002, 0.002])


def over(crs: str, lon: float, lat: float) -> None:
    grid_over(Footprint(lon + AROUND, lat + UP), metric_crs(crs), 0.5, 1 << 20)


@pytest.mark.parametrize(
    ("crs", "lon", "lat"),
    [("EPSG:32632", 10, 60), ("EPSG:2154", 3, 46.5), ("EPSG:3857", 10, 0.5), ("EPSG:32601", 179.998, 52)],
)
def test_maps_that_are_true_to_scale_are_taken_without_a_word(
    crs: str, lon: float, lat: float, caplog: pytest.LogCaptureFixture
) -> None:
    over(crs, lon, lat)
    assert caplog.text == ""


@pytest.mark.parametrize(("lat", "scale"), [(60, "2"), (-41, "1.33"), (20, "1.07")])
def test_web_mercator_is_refused_where_its_metre_is_none(lat: float, scale: str) -> None:
    with pytest.raises(InputError, match=f"^crs: .*metre on the ground is {scale}.* such as UTM"):
        over("EPSG:3857", 10, lat)


def test_a_scale_that_is_off_by_a_percent_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        over("EPSG:3857", 10, 8)
    assert "1.013 m on WGS 84 / Pseudo-Mercator" in caplog.text


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:4978"])
def test_other_units_are_refused(crs: str) -> None:
    with pytest.raises(InputError, match="is not a map in metres"):
        metric_crs(crs)


def test_a_height_does_not_hinder(caplog: pytest.LogCaptureFixture) -> None:
    over("EPSG:32632+3855", 10, 60)
    assert CRS.from_wkt(metric_crs("EPSG:32632+3855")).to_epsg() == 32632
    assert caplog.text == ""
