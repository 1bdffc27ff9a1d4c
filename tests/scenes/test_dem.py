"""Tiles of the elevation model get their datum, and are heights that the program can stand on."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import CRS
from rasterio import Affine

from oemsar.errors import Failure, InputError
from oemsar.geometry.datum import Datum
from oemsar.geometry.open_heights import open_heights
from oemsar.geometry.vertical import vertical_of
from oemsar.scenes.config import FetchConfig, FindConfig
from oemsar.scenes.dem import tile_name
from oemsar.scenes.fetch import fetch_scenes
from oemsar.scenes.find import find_scenes
from oemsar.testing.scene_sources import check_source

from .server import Fault, Server
from .static import Bucket

FAST: dict[str, Any] = {"rate": 1000, "tries": 2, "first_wait": 0.01, "timeout": 5}
SHAPE = (60, 40)
AREA = "2.2,48.9,2.3,49.1"


def tile(south: int, west: int, folder: Path) -> bytes:
    """A tile whose pixels are points, as published: float heights over WGS 84 without a vertical datum."""
    rows, columns = np.indices(SHAPE)
    heights = (south * 100 + rows * 2 + columns * 0.5).astype(np.float32)
    step_x, step_y = 1 / SHAPE[1], 1 / SHAPE[0]
    affine = Affine(step_x, 0, west - step_x / 2, 0, -step_y, south + 1 + step_y / 2)
    path = folder / "tile.tif"
    profile = {"driver": "GTiff", "count": 1, "height": SHAPE[0], "width": SHAPE[1], "dtype": "float32"}
    with rasterio.open(path, "w", crs="EPSG:4326", transform=affine, tiled=True, **profile) as dataset:
        dataset.write(heights[None])
        dataset.update_tags(AREA_OR_POINT="Point")
    return path.read_bytes()


@pytest.fixture
def bucket(server: Server, tmp_path: Path) -> Bucket:
    bucket = Bucket("copernicus-dem-30m")
    for south in (48, 49):
        name = tile_name(south, 2)
        bucket.files[f"{name}/{name}.tif"] = tile(south, 2, tmp_path)
        bucket.files[f"{name}/AUXFILES/{name}_EDM.tif"] = b"mask"
    server.routes.append(bucket)
    return bucket


@pytest.fixture
def geoid(tmp_path: Path) -> Path:
    """A grid of undulations of 45 m around the area."""
    path = tmp_path / "geoid.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 40, "width": 50, "dtype": "float32"}
    with rasterio.open(
        path, "w", crs="EPSG:4326", transform=Affine(0.5, 0, -10, 0, -0.5, 60), **profile
    ) as dataset:
        dataset.write(np.full((1, 40, 50), 45, np.float32))
    return path


def endpoint(server: Server, geoid: Path | None = None) -> tuple[str, ...]:
    return (
        f"dem_bucket={server.address}/copernicus-dem-30m",
        f"geoid={geoid or server.address + '/us_nga_egm08_25.tif'}",
    )


def find(server: Server, out: Path, area: str = AREA, geoid: Path | None = None) -> list[Any]:
    config = FindConfig(source="dem", endpoint=endpoint(server, geoid), **FAST)
    return list(find_scenes(area, out, config=config).scenes)


def test_tiles_are_named_by_their_corner() -> None:
    assert tile_name(48, 2) == "Copernicus_DSM_COG_10_N48_00_E002_00_DEM"
    assert tile_name(-1, -79) == "Copernicus_DSM_COG_10_S01_00_W079_00_DEM"


def test_the_tiles_of_an_area_and_their_geoid_are_found(
    server: Server, bucket: Bucket, tmp_path: Path
) -> None:
    found = {scene.name: scene for scene in find(server, tmp_path / "s.parquet")}
    assert set(found) == {tile_name(48, 2), tile_name(49, 2), "us_nga_egm08_25"}
    content = bucket.files[f"{tile_name(48, 2)}/{tile_name(48, 2)}.tif"]
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert found[tile_name(48, 2)].assets[0].md5 == digest
    # a tile of the sea beside one of the land is missing and no fault
    assert len(find(server, tmp_path / "b.parquet", "1.5,48.1,2.5,48.2")) == 2
    with pytest.raises(InputError, match="dem has no tile of this area: it lies in the open sea"):
        find(server, tmp_path / "c.parquet", "-30,40,-29.5,40.5")
    with pytest.raises(InputError, match="the area holds 2500 tiles of a degree"):
        find(server, tmp_path / "c.parquet", "0,0,50,50")


def test_a_tile_states_its_datum_and_keeps_its_heights_and_places(
    server: Server, bucket: Bucket, geoid: Path, tmp_path: Path
) -> None:
    find(server, tmp_path / "s.parquet")
    config = FetchConfig(endpoint=endpoint(server), scene=(tile_name(48, 2),), **FAST)
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    (tmp_path / "original.tif").write_bytes(bucket.files[f"{tile_name(48, 2)}/{tile_name(48, 2)}.tif"])
    with rasterio.open(tmp_path / "original.tif") as before, rasterio.open(file.path) as after:
        assert np.array_equal(before.read(), after.read())
        assert after.transform.almost_equals(before.transform, 1e-9)
        crs = CRS.from_wkt(after.crs.to_wkt())
        assert crs.sub_crs_list[1].to_epsg() == 3855
        assert vertical_of(after, None).datum is Datum.ORTHOMETRIC
        assert after.tags()["OEMSAR_GEOID"] == "EGM2008"
        assert "Airbus" in after.tags()["OEMSAR_ATTRIBUTION"]
        heights = after.read(1)
        assert after.profile["tiled"]
    with open_heights(file.path, geoid=geoid) as opened:
        middle = opened.at(np.array([2.5]), np.array([48.5]))
    assert middle == pytest.approx(heights[SHAPE[0] // 2, SHAPE[1] // 2] + 45, abs=2)
    assert not list((tmp_path / "out").rglob(".*"))


def test_a_part_of_a_tile_is_the_same_heights(server: Server, bucket: Bucket, tmp_path: Path) -> None:
    find(server, tmp_path / "s.parquet")
    config = FetchConfig(endpoint=endpoint(server), area="2.4,48.4,2.6,48.5", **FAST)
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    (tmp_path / "original.tif").write_bytes(bucket.files[f"{tile_name(48, 2)}/{tile_name(48, 2)}.tif"])
    with rasterio.open(tmp_path / "original.tif") as whole, rasterio.open(file.path) as part:
        column, row = (round(each) for each in ~whole.transform @ (part.transform.c, part.transform.f))
        height, width = part.shape
        assert (height, width) < whole.shape
        expected = whole.read()[:, row : row + height, column : column + width]
        assert np.array_equal(part.read(), expected)


def test_the_geoid_comes_from_an_address_or_a_file(
    server: Server, bucket: Bucket, geoid: Path, tmp_path: Path
) -> None:
    config = FetchConfig(asset=("geoid",), **FAST)
    find(server, tmp_path / "s.parquet", geoid=geoid)
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    assert file.path.read_bytes() == geoid.read_bytes()
    bucket.files["us_nga_egm08_25.tif"] = geoid.read_bytes()
    config = FindConfig(
        source="dem",
        endpoint=(
            f"dem_bucket={server.address}/copernicus-dem-30m",
            f"geoid={server.address}/copernicus-dem-30m/us_nga_egm08_25.tif",
        ),
        **FAST,
    )
    find_scenes(AREA, tmp_path / "t.parquet", config=config)
    fetch = FetchConfig(asset=("geoid",), **FAST)
    (file,) = fetch_scenes(tmp_path / "t.parquet", tmp_path / "web", config=fetch).files
    assert file.path.read_bytes() == geoid.read_bytes()


def test_a_tile_that_broke_off_goes_on(server: Server, bucket: Bucket, tmp_path: Path) -> None:
    find(server, tmp_path / "s.parquet")
    name = tile_name(48, 2)
    server.fail(f"{name}.tif", Fault(after=5000), Fault(after=0), Fault(after=0))
    config = FetchConfig(endpoint=endpoint(server), scene=(name,), **FAST)
    with pytest.raises(Failure, match="run the same command again"):
        fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)
    sent = server.sent
    fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)
    assert server.sent - sent == len(bucket.files[f"{name}/{name}.tif"]) - 5000


@pytest.mark.usefixtures("bucket")
def test_the_contract_is_kept(server: Server, geoid: Path) -> None:
    check_source("dem", AREA, FindConfig(source="dem", endpoint=endpoint(server, geoid), **FAST))
