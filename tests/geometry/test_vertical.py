"""Heights are scale times value plus offset above a datum that the file or a person states."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry.datum import Datum
from oemsar.geometry.open_heights import open_heights, open_surface
from oemsar.geometry.vertical import DATUM_TAG, relative, vertical_of

Write = Callable[..., Path]
DEM: dict[str, Any] = {
    "crs": "EPSG:32654",
    "transform": Affine(8, 1, 380_000, 2, -10, 3_940_000),
    "tags": {DATUM_TAG: "ellipsoid"},
}


def _scaled(path: Path, scale: float, offset: float) -> Path:
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (scale,), (offset,)
    return path


@pytest.mark.parametrize("offset", [-150.0, 42.5])
def test_scale_and_offset_count_in_heights_and_in_their_mean(write_scene: Write, offset: float) -> None:
    values = np.random.default_rng(0).uniform(200, 400, (30, 50)).astype(np.float32)
    path = _scaled(write_scene("dem.tif", values, **DEM), 0.5, offset)
    affine: Affine = DEM["transform"]
    with open_heights(path) as heights:
        assert heights.mean() == pytest.approx(values.mean() * 0.5 + offset, abs=0.01)
        x, y = affine @ (np.array([[20.5, 33.5]]), np.array([[7.5, 21.5]]))
        np.testing.assert_allclose(
            heights.on("EPSG:32654").at(x, y), [[values[7, 20] * 0.5 + offset, values[21, 33] * 0.5 + offset]]
        )


def test_depths_count_downwards(write_scene: Write) -> None:
    # EGM96 depth: a vertical CRS whose axis points down
    path = write_scene("dem.tif", np.full((30, 50), 12.0, np.float32), crs="EPSG:32654+5715")
    with rasterio.Env(GTIFF_REPORT_COMPD_CS=True), rasterio.open(path) as dataset:
        assert relative(dataset).scale == -1
        assert vertical_of(dataset, None).datum is Datum.ORTHOMETRIC


def test_relief_is_that_around_an_oblong_grid(write_scene: Write) -> None:
    values = np.zeros((60, 120), np.float32)
    values[30, 100] = 25  # 400 m east of the grid below
    values[55, 30] = -300  # 205 m south of it
    path = write_scene("dem.tif", values, crs="EPSG:32654", transform=Affine(10, 0, 0, 0, -10, 600))
    grid = GeoBox((10, 30), Affine(10, 0, 300, 0, -10, 350), "EPSG:32654")
    with open_surface(path) as surface:
        assert surface.relief(grid, 50) == 0
        assert surface.relief(grid, 150) == 0
        assert surface.relief(grid, 320) == 300
        assert surface.relief(grid, 450) == 325


def test_the_errors_name_the_options_they_are_about(write_scene: Write) -> None:
    untold = {**DEM, "tags": {}}
    path = write_scene("dem.tif", np.ones((30, 50), np.float32), **untold)
    with pytest.raises(InputError, match="does not state its vertical datum") as raised, open_heights(path):
        pass
    assert raised.value.options == ("dem_datum", "geoid")
    with (
        pytest.raises(InputError, match="has heights above mean sea level") as raised,
        open_heights(path, Datum.ORTHOMETRIC),
    ):
        pass
    assert raised.value.options == ("geoid",)
