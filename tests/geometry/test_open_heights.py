"""Voids of elevation models over the sea: no height, or that of the sea, whatever the heights count from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry.datum import Datum, DemVoid
from oemsar.geometry.open_heights import open_heights, open_surface, surface_of
from oemsar.geometry.terrain import Terrain

Write = Callable[..., Path]
WEST, NORTH, STEP = 139.9, 35.6, 1e-4
LAND, UNDULATION = 40.0, 36.5
GRID = {"crs": "EPSG:4326", "transform": Affine(STEP, 0, WEST, 0, -STEP, NORTH)}
SEA_POINT, LAND_POINT = (WEST + 10.5 * STEP, NORTH - 20 * STEP), (WEST + 50.5 * STEP, NORTH - 20 * STEP)
ELLIPSOID = {"tags": {"OEMSAR_VERTICAL_DATUM": "ellipsoid"}}


def shore(**options: Any) -> Any:
    heights = np.full((50, 70), LAND, np.float32)
    heights[:, :32] = options.get("void", -9999)
    return heights


@pytest.fixture
def geoid(write_scene: Write) -> Path:
    flat = np.full((12, 12), UNDULATION, np.float32)
    return write_scene("geoid.tif", flat, crs="EPSG:4326", transform=Affine(0.1, 0, 139.4, 0, -0.1, 36.1))


def heights_at(model: Any, point: tuple[float, float]) -> float:
    return float(model.at(np.array([point[0]]), np.array([point[1]]))[0])


@pytest.mark.parametrize(("void", "sea"), [("refuse", np.nan), ("sea", UNDULATION)])
def test_the_sea_of_an_orthometric_model_is_0_above_the_geoid(
    write_scene: Write, geoid: Path, void: DemVoid, sea: float
) -> None:
    dem = write_scene("dem.tif", shore(), nodata=-9999, **GRID)
    with open_heights(dem, Datum.ORTHOMETRIC, geoid, void) as heights:
        assert heights_at(heights, SEA_POINT) == pytest.approx(sea, nan_ok=True)
        assert heights_at(heights, LAND_POINT) == pytest.approx(LAND + UNDULATION)
        assert np.isnan(heights_at(heights, (WEST - 0.1, NORTH)))  # outside the frame
        assert heights.mean() == pytest.approx(
            UNDULATION + (LAND if void == "refuse" else LAND * 38 / 70), abs=0.6
        )


def test_the_sea_of_an_ellipsoidal_model_is_the_geoid(write_scene: Write, geoid: Path) -> None:
    dem = write_scene("dem.tif", shore(void=0), nodata=0, **ELLIPSOID, **GRID)
    with open_heights(dem, None, geoid, "sea") as heights:
        assert heights_at(heights, SEA_POINT) == pytest.approx(UNDULATION)
        assert heights_at(heights, LAND_POINT) == pytest.approx(LAND)
        utm = heights.on("EPSG:32654")
        x, y = (np.full((40, 40), value) for value in (3.9e5, 3.94e6))
        assert utm.at(x, y).shape == (40, 40)
    with pytest.raises(InputError, match=r"geoid.*dem_void: .*give the file of the geoid"):
        open_heights(dem, None, None, "sea")
    with pytest.raises(InputError, match="leave the geoid out"):
        open_heights(dem, None, geoid)


def test_a_model_of_sea_alone_has_the_height_of_the_sea(write_scene: Write, geoid: Path) -> None:
    dem = write_scene("dem.tif", np.full((50, 70), -9999, np.float32), nodata=-9999, **GRID)
    with open_heights(dem, Datum.ORTHOMETRIC, geoid, "sea") as heights:
        assert heights.mean() == pytest.approx(UNDULATION)
    with (
        open_heights(dem, Datum.ORTHOMETRIC, geoid) as heights,
        pytest.raises(InputError, match="no heights"),
    ):
        heights.mean()


def test_surfaces_have_their_sea_too(write_scene: Write, geoid: Path) -> None:
    plain = write_scene("a.tif", shore(), nodata=-9999, **GRID)
    tagged = write_scene("b.tif", shore(), nodata=-9999, **ELLIPSOID, **GRID)
    with surface_of(Terrain(plain, None, None, Datum.ORTHOMETRIC, "sea"), plain) as surface:
        assert heights_at(surface, SEA_POINT) == 0
        assert heights_at(surface, LAND_POINT) == LAND
    with surface_of(Terrain(plain, geoid, None, Datum.ORTHOMETRIC, "sea"), tagged) as surface:
        assert heights_at(surface, SEA_POINT) == pytest.approx(UNDULATION)
    with open_surface(plain) as surface:
        assert np.isnan(heights_at(surface, SEA_POINT))
    with pytest.raises(InputError, match="does not state its vertical datum"):
        open_surface(plain, void="sea")


def test_relief_counts_the_sea_and_reaches_metres_in_degrees(write_scene: Write) -> None:
    dem = write_scene("dem.tif", shore(), nodata=-9999, **GRID)
    inner = GeoBox((10, 10), Affine(STEP, 0, WEST + 45 * STEP, 0, -STEP, NORTH - 10 * STEP), "EPSG:4326")
    with open_surface(dem, Datum.ORTHOMETRIC, void="sea") as surface:
        assert surface.relief(inner, 20) == 0  # 13 pixels of 9 m to the sea
        assert surface.relief(inner, 300) == LAND
