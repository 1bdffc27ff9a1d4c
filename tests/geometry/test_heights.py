from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.warp import transform

from oemsar.errors import InputError
from oemsar.geometry.datum import Datum
from oemsar.geometry.open_heights import open_heights

WEST, NORTH = 500_000, 3_940_000


def plane(x: Any, y: Any) -> Any:
    """Height in metres at easting and northing."""
    return 100 + 0.05 * (np.asarray(x) - WEST) - 0.02 * (np.asarray(y) - NORTH)


def dem(path: Path, crs: str = "EPSG:32654", tags: dict[str, str] | None = None, **options: Any) -> Path:
    rows, columns = np.mgrid[:80, :100]
    heights = plane(WEST + 10 * (columns + 0.5), NORTH - 10 * (rows + 0.5)).astype(np.float32)
    return write(path, heights, Affine(10, 0, WEST, 0, -10, NORTH), crs, tags or {}, **options)


def write(
    path: Path, values: NDArray[Any], affine: Affine, crs: str, tags: dict[str, str], **options: Any
) -> Path:
    profile = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1, **options}
    with rasterio.open(path, "w", crs=crs, transform=affine, dtype=values.dtype, **profile) as dataset:
        dataset.write(values, 1)
        dataset.update_tags(**tags)
    return path


def geoid(path: Path, first: float = 130.0, driver: str = "GTiff") -> Path:
    """Undulations 30 + lon - 139 - (lat - 35) / 2 around Japan."""
    lat, lon = np.meshgrid(np.arange(45, 25, -0.25), first + np.arange(0, 20, 0.25), indexing="ij")
    values = (30 + np.mod(lon, 360) - 139 - (lat - 35) / 2).astype(np.float32)
    affine = Affine(0.25, 0, first - 0.125, 0, -0.25, 45.125)
    return write(path, values, affine, "EPSG:4326", {}, driver=driver)


def places() -> tuple[NDArray[np.float64], ...]:
    rng = np.random.default_rng(0)
    x, y = WEST + rng.uniform(20, 980, (40, 30)), NORTH - rng.uniform(20, 780, (40, 30))
    lon, lat = transform("EPSG:32654", "EPSG:4326", x.ravel(), y.ravel())
    return x, y, np.array(lon).reshape(x.shape), np.array(lat).reshape(x.shape)


ELLIPSOID = {"OEMSAR_VERTICAL_DATUM": "ellipsoid"}


def test_a_plane_comes_back_at_any_place_by_any_coordinates(tmp_path: Path) -> None:
    x, y, lon, lat = places()
    with open_heights(dem(tmp_path / "dem.tif", tags=ELLIPSOID)) as heights:
        np.testing.assert_allclose(heights.at(lon, lat), plane(x, y), atol=1e-3)
        np.testing.assert_allclose(heights.on("EPSG:32654").at(x, y), plane(x, y), atol=1e-3)
        np.testing.assert_allclose(heights.on("EPSG:4326").at(lon, lat), plane(x, y), atol=1e-3)
        assert heights.mean() == pytest.approx(plane(WEST + 500, NORTH - 400), abs=1)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_compound_crs_names_the_sea(tmp_path: Path, version: str) -> None:
    path = dem(tmp_path / "dem.tif", "EPSG:32654+5773", GEOTIFF_VERSION=version)
    with (
        pytest.raises(InputError, match=r"geoid: .*EGM96 height.*give the file"),
        open_heights(path),
    ):
        pass
    with open_heights(path, geoid=geoid(tmp_path / "geoid.tif")) as heights:
        assert heights.vertical.datum is Datum.ORTHOMETRIC


def test_a_crs_of_three_dimensions_starts_at_the_ellipsoid(tmp_path: Path) -> None:
    path = write(
        tmp_path / "dem.tif", np.full((5, 5), 7, np.float32), Affine(1, 0, 138, 0, -1, 38), "EPSG:4979", {}
    )
    with open_heights(path) as heights:
        assert heights.vertical.datum is Datum.ELLIPSOID
        np.testing.assert_allclose(heights.at(np.array([140.0]), np.array([35.0])), 7)


def test_what_is_not_known_must_be_stated(tmp_path: Path) -> None:
    path = dem(tmp_path / "dem.tif")
    with (
        pytest.raises(InputError, match=r"dem_datum, geoid: .*does not state its vertical datum"),
        open_heights(path),
    ):
        pass
    with (
        pytest.raises(InputError, match=r"geoid: .*give the file"),
        open_heights(path, Datum.ORTHOMETRIC),
    ):
        pass
    with open_heights(path, Datum.ELLIPSOID) as heights:
        assert heights.geoid is None


def test_a_statement_against_the_file_and_a_geoid_too_many_are_refused(tmp_path: Path) -> None:
    path = dem(tmp_path / "dem.tif", tags=ELLIPSOID)
    with pytest.raises(InputError, match="not orthometric"), open_heights(path, Datum.ORTHOMETRIC):
        pass
    with pytest.raises(InputError, match=r"geoid: .*leave the geoid out"), open_heights(path, None, path):
        pass
    wrong = dem(tmp_path / "wrong.tif", tags={"OEMSAR_VERTICAL_DATUM": "sea"})
    with pytest.raises(InputError, match="'sea'"), open_heights(wrong):
        pass


@pytest.mark.parametrize("first", [130.0, -230.0])
def test_the_geoid_is_added_whatever_its_longitudes_count_from(tmp_path: Path, first: float) -> None:
    x, y, lon, lat = places()
    expected = plane(x, y) + 30 + lon - 139 - (lat - 35) / 2
    undulations = geoid(tmp_path / "geoid.tif", first)
    with open_heights(dem(tmp_path / "dem.tif"), Datum.ORTHOMETRIC, undulations) as heights:
        np.testing.assert_allclose(heights.at(lon, lat), expected, atol=1e-3)
        np.testing.assert_allclose(heights.on("EPSG:32654").at(x, y), expected, atol=1e-3)
        middle = plane(WEST + 500, NORTH - 400) + 30 + lon.mean() - 139 - (lat.mean() - 35) / 2
        assert heights.mean() == pytest.approx(middle, abs=1)


def test_proj_reads_the_same_undulation_from_a_gtx_file(tmp_path: Path) -> None:
    _, _, lon, lat = places()
    path = geoid(tmp_path / "geoid.gtx", driver="GTX")
    flat = write(
        tmp_path / "sea.tif", np.zeros((50, 50), np.float32), Affine(1, 0, 120, 0, -1, 60), "EPSG:4326", {}
    )
    pipeline = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        f"+step +proj=vgridshift +grids={path} +multiplier=1 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    expected = pipeline.transform(lon, lat, np.zeros_like(lon))[2]
    with open_heights(flat, Datum.ORTHOMETRIC, path) as heights:
        np.testing.assert_allclose(heights.at(lon, lat), expected, atol=1e-3)


def test_a_geoid_of_another_place_is_refused(tmp_path: Path) -> None:
    path = geoid(tmp_path / "geoid.tif", 0.0)
    with (
        open_heights(dem(tmp_path / "dem.tif"), Datum.ORTHOMETRIC, path) as heights,
        pytest.raises(InputError, match=r"geoid.*cover"),
    ):
        heights.at(np.array([141.0]), np.array([35.6]))


def test_feet_scale_and_offset_become_metres(tmp_path: Path) -> None:
    values = np.full((5, 5), 1000, np.int16)
    affine = Affine(1, 0, -80, 0, -1, 42)
    feet = write(tmp_path / "feet.tif", values, affine, "EPSG:6318+6360", {})
    tags = {"OEMSAR_VERTICAL_DATUM": "ellipsoid"}
    with rasterio.open(feet, "r+") as dataset:
        dataset.update_tags(**tags)
    with open_heights(feet) as heights:
        np.testing.assert_allclose(heights.at(np.array([-78.0]), np.array([40.0])), 1000 * 1200 / 3937)
    scaled = write(tmp_path / "scaled.tif", values, affine, "EPSG:4326", tags)
    with rasterio.open(scaled, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1,), (-50,)
    with open_heights(scaled) as heights:
        np.testing.assert_allclose(heights.at(np.array([-78.0]), np.array([40.0])), 50)
    with rasterio.open(scaled, "r+") as dataset:
        dataset.units = ("fathom",)
    with pytest.raises(InputError, match="fathom"), open_heights(scaled):
        pass


def test_holes_and_the_world_beyond_have_no_height(tmp_path: Path) -> None:
    path = dem(tmp_path / "dem.tif", tags=ELLIPSOID, nodata=-9999)
    with rasterio.open(path, "r+") as dataset:
        values = dataset.read(1)
        values[30:40, 30:40] = -9999
        dataset.write(values, 1)
    with open_heights(path) as heights:
        on = heights.on("EPSG:32654")
        found = on.at(np.array([WEST + 350.0, WEST - 50.0, WEST + 100.0]), np.full(3, NORTH - 350.0))
    assert np.isnan(found).tolist() == [True, True, False]
    empty = dem(tmp_path / "empty.tif", tags=ELLIPSOID, nodata=-9999)
    with rasterio.open(empty, "r+") as dataset:
        dataset.write(np.full((80, 100), -9999, np.float32), 1)
    with open_heights(empty) as heights, pytest.raises(InputError, match="no heights"):
        heights.mean()
