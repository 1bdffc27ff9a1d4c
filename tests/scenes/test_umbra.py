"""Umbra's catalogue errs; the bucket behind it holds the scenes, and all of them are found and fetched."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from oemsar.errors import Failure, InputError
from oemsar.products.umbra import recognises
from oemsar.products.umbra_metadata import beside
from oemsar.scenes.config import FetchConfig, FindConfig
from oemsar.scenes.fetch import fetch_scenes
from oemsar.scenes.find import FoundScenes, find_scenes
from oemsar.scenes.table import read_scenes

from .server import BUSY, LOGIN, Answer, Fault, Server
from .umbra_bucket import HERE, Planted, plant

AREA = "2.2,48.8,2.3,48.85"
FAST: dict[str, Any] = {"rate": 1000, "tries": 3, "first_wait": 0.01, "timeout": 5}


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant()


@pytest.fixture
def umbra(server: Server, planted: Planted) -> Server:
    server.routes.append(planted.bucket)
    return server


def endpoints(server: Server) -> tuple[str, ...]:
    bucket = f"{server.address}/umbra-open-data-catalog"
    return (f"umbra_bucket={bucket}", f"umbra_catalog={bucket}/stac/catalog.json")


def find(server: Server, out: Path, area: str = AREA, **options: Any) -> FoundScenes:
    config = FindConfig(source="umbra", endpoint=endpoints(server), **FAST, **options)
    return find_scenes(area, out, config=config)


def test_scenes_of_all_layouts_are_found_whatever_their_links_say(
    umbra: Server, planted: Planted, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "oemsar"):
        found = find(umbra, tmp_path / "scenes.parquet")
    names = [planted.older, planted.right, planted.empty, planted.wrong, planted.newer]
    assert [scene.name for scene in found.scenes] == names
    assert "no file of Umbra's item i-lost is in the bucket" in caplog.text
    assert f"{planted.far} lies elsewhere than its item says" in caplog.text
    assert read_scenes(tmp_path / "scenes.parquet") == list(found.scenes)
    for scene in found.scenes:
        file = next(asset for asset in scene.assets if asset.name == "GEC")
        key = file.address.partition("umbra-open-data-catalog/")[2].replace("%20", " ").replace("%2C", ",")
        content = planted.bucket.files[key]
        assert file.size == len(content)
        known = scene.name != planted.wrong  # stored in parts: its mark is no checksum
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert file.md5 == (digest if known else None)


def test_facts_are_those_of_either_version_of_the_metadata(
    umbra: Server, planted: Planted, tmp_path: Path
) -> None:
    found = {scene.name: scene for scene in find(umbra, tmp_path / "scenes.parquet").scenes}
    right, newer, older = found[planted.right], found[planted.newer], found[planted.older]
    assert right.outline.bounds == HERE
    assert (right.incidence, right.gsd, right.polarisation, right.year) == (47.4, 0.55, "VV", 2023)
    # the satellite stands east of the target and looks west
    assert (newer.incidence, newer.look_azimuth) == (40.0, 270.0)
    assert older.start is not None
    assert older.start.isoformat() == "2023-02-11T12:00:00.431000+00:00"
    assert right.licence.startswith("CC BY 4.0")


def test_days_out_of_the_time_are_not_asked_for(umbra: Server, planted: Planted, tmp_path: Path) -> None:
    found = find(umbra, tmp_path / "s.parquet", from_="2023-05-02", to="2023-05-02")
    assert [scene.name for scene in found.scenes] == [planted.empty, planted.wrong]
    assert not umbra.asked("/2024/")
    assert not umbra.asked("/2023-02/")
    with pytest.raises(InputError, match=r"umbra has no scene of this area.* widen them") as raised:
        find(umbra, tmp_path / "none.parquet", from_="2020-01-01", to="2020-12-31")
    assert raised.value.options == ("area",)
    assert not (tmp_path / "none.parquet").exists()


def test_a_second_search_asks_for_nothing(umbra: Server, tmp_path: Path) -> None:
    first = find(umbra, tmp_path / "a.parquet")
    asked = len(umbra.requests)
    second = find(umbra, tmp_path / "b.parquet")
    assert second.scenes == first.scenes
    assert len(umbra.requests) == asked
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_search_gets_over_busy_servers_resets_and_pages(
    umbra: Server, planted: Planted, tmp_path: Path
) -> None:
    umbra.fail("stac/2023", BUSY, LOGIN)
    umbra.fail("list-type", Fault(after=100), Fault(after=50, reset=True))
    found = find(umbra, tmp_path / "s.parquet")
    assert len(found.scenes) == 5
    assert all(
        request.headers["User-Agent"].startswith("oemsar/") and "mapping" in request.headers["User-Agent"]
        for request in umbra.requests
    )


def test_an_area_without_scenes_and_a_service_that_is_offline_are_told(umbra: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="umbra has no scene of this area"):
        find(umbra, tmp_path / "s.parquet", "-30,40,-29,41")
    config = FindConfig(
        source="umbra", endpoint=("umbra_catalog=http://127.0.0.1:9/catalog.json",), **(FAST | {"tries": 1})
    )
    with pytest.raises(Failure, match=r"http://127.0.0.1:9/catalog.json does not answer"):
        find_scenes(AREA, tmp_path / "s.parquet", config=config)
    config = FindConfig(source="umbra", endpoint=(f"umbra_catalog={umbra.address}/moved.json",), **FAST)
    with pytest.raises(Failure, match="is no STAC catalogue; see whether the service has moved") as raised:
        find_scenes(AREA, tmp_path / "s.parquet", config=config)
    assert raised.value.options == ("endpoint",)
    assert not (tmp_path / "s.parquet").exists()


def test_files_are_fetched_under_the_names_that_readers_know(
    umbra: Server, planted: Planted, tmp_path: Path
) -> None:
    found = find(umbra, tmp_path / "s.parquet")
    config = FetchConfig(endpoint=endpoints(umbra), **FAST)
    summary = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)
    assert [file.state for file in summary.files] == ["fetched"] * 9
    for scene in found.scenes:
        folder = tmp_path / "out" / "umbra" / scene.name
        image = next(iter(folder.glob("*.tif")))
        assert image.read_bytes() in planted.bucket.files.values()
        assert recognises(image) is not None
        if scene.name != planted.older:
            assert beside(image) is not None
    assert not list((tmp_path / "out").rglob(".*"))


def test_a_window_is_cut_on_the_grid_of_the_scene(umbra: Server, planted: Planted, tmp_path: Path) -> None:
    find(umbra, tmp_path / "s.parquet")
    with rasterio.open(_key(planted, planted.right, tmp_path)) as dataset:
        whole, affine, crs = dataset.read(), dataset.transform, dataset.crs
    from pyproj import Transformer

    x, y = affine @ (100.5, 60.5)
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    config = FetchConfig(
        endpoint=endpoints(umbra),
        scene=(planted.right,),
        asset=("GEC",),
        area=f"{lon - 1e-4},{lat - 1e-4},{lon + 1e-4},{lat + 1e-4}",
        **FAST,
    )
    summary = fetch_scenes(tmp_path / "s.parquet", tmp_path / "cut", config=config)
    with rasterio.open(summary.files[0].path) as dataset:
        part, moved = dataset.read(), dataset.transform
        assert dataset.crs == crs
        assert "Umbra Lab" in dataset.tags()["TIFFTAG_COPYRIGHT"]
    column, row = ~affine @ (moved.c, moved.f)
    assert (column, row) == pytest.approx((round(column), round(row)), abs=1e-6)
    column, row = round(column), round(row)
    assert 0 < part.shape[1] < whole.shape[1]
    assert np.array_equal(part, whole[:, row : row + part.shape[1], column : column + part.shape[2]])
    assert row <= 60 < row + part.shape[1]
    assert column <= 100 < column + part.shape[2]


def test_a_network_that_fails_while_a_window_is_read_leaves_no_wrong_pixels(
    umbra: Server, planted: Planted, tmp_path: Path
) -> None:
    find(umbra, tmp_path / "s.parquet")
    broken = Fault(Answer(status=500))
    umbra.fail(f"{planted.right}_GEC.tif", Fault(), *[broken] * 3)
    options: dict[str, Any] = {"scene": (planted.right,), "asset": ("GEC",), "area": "2.29,48.84,2.31,48.86"}
    config = FetchConfig(endpoint=endpoints(umbra), **FAST, **options)
    with pytest.raises(Failure, match=r"does not answer as it should \(500"):
        fetch_scenes(tmp_path / "s.parquet", tmp_path / "cut", config=config)
    assert not list((tmp_path / "cut").rglob("*.tif"))
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "cut", config=config).files
    with rasterio.open(file.path) as dataset:
        assert dataset.read().any()


def _key(planted: Planted, name: str, folder: Path) -> Path:
    content = next(c for k, c in planted.bucket.files.items() if k.endswith(f"{name}_GEC.tif"))
    (folder / "whole.tif").write_bytes(content)
    return folder / "whole.tif"
