"""NAIP comes through signed links that expire, or from an image service on the raster's own grid."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from scipy import ndimage

from oemsar.errors import Failure, InputError
from oemsar.scenes.config import FetchConfig, FindConfig
from oemsar.scenes.fetch import fetch_scenes
from oemsar.scenes.find import find_scenes
from oemsar.scenes.naip import projected_outline
from oemsar.scenes.stac import Item
from oemsar.testing.scene_sources import check_source

from .server import Answer, Fault, Server
from .stac_api import StacApi
from .tiles import ImageService, World, tiff_bytes, world_with_a_building

FAST: dict[str, Any] = {"rate": 1000, "tries": 3, "first_wait": 0.01, "timeout": 5}
ATLANTA = (-84.388, 33.749)
AREA = "-84.3885,33.7487,-84.3875,33.7493"


@pytest.fixture(scope="module")
def ground() -> tuple[World, tuple[float, float]]:
    """A world on the grid of a quarter quadrangle, and its building."""
    return world_with_a_building("EPSG:26916", ATLANTA, gsd=0.6, side=300)


def item(name: str, base: str, world: World, **properties: Any) -> dict[str, Any]:
    _, height, width = world.pixels.shape
    left, top = world.affine @ (0, 0)
    right, bottom = world.affine @ (width, height)
    to_degrees = Transformer.from_crs(world.crs, "EPSG:4326", always_xy=True)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    ring = [list(to_degrees.transform(*corner)) for corner in corners]
    lon, lat = zip(*ring, strict=True)
    return {
        "type": "Feature",
        "id": name,
        "collection": "naip",
        "bbox": [min(lon), min(lat), max(lon), max(lat)],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "datetime": "2021-11-14T16:00:00Z",
            "gsd": 0.6,
            "naip:year": "2021",
            "proj:epsg": 26916,
            "proj:bbox": [left, bottom, right, top],
            **properties,
        },
        "assets": {"image": {"href": f"{base}/blob/m_{name}.tif", "type": "image/tiff"}},
    }


@pytest.fixture
def api(server: Server, ground: tuple[World, tuple[float, float]]) -> StacApi:
    world, _ = ground
    api = StacApi(server.address)
    api.items = [item(name, server.address, world) for name in ("a", "b", "c")]
    api.items[1]["properties"] |= {"datetime": "2015-07-25T00:00:00Z", "naip:year": "2015", "gsd": 1.0}
    del api.items[2]["geometry"], api.items[2]["bbox"]  # as published: a place in its projection alone
    content = tiff_bytes(world.pixels, world.crs, world.affine)
    api.files = {f"m_{name}.tif": content for name in "abc"}
    server.routes.append(api)
    return api


def endpoint(server: Server) -> tuple[str, ...]:
    base = server.address
    return (f"naip_stac={base}/api/stac", f"naip_sign={base}/api/sign", f"naip_images={base}/ImageServer")


def find(server: Server, out: Path, **options: Any) -> list[Any]:
    config = FindConfig(endpoint=endpoint(server), **({"source": "naip"} | FAST | options))
    return list(find_scenes(AREA, out, config=config).scenes)


def test_items_of_all_pages_are_found_with_their_years(server: Server, api: StacApi, tmp_path: Path) -> None:
    found = {scene.name: scene for scene in find(server, tmp_path / "s.parquet")}
    assert found.keys() == {"a", "b", "c"}
    assert [found[name].year for name in "abc"] == [2021, 2015, 2021]
    assert found["c"].outline.bounds == pytest.approx(found["a"].outline.bounds, abs=1e-9)
    assert found["a"].assets[0].file == "m_a.tif"
    late = find(server, tmp_path / "late.parquet", from_="2020-01-01", to="2022-01-01")
    assert {scene.name for scene in late} == {"a", "c"}
    fine = find(server, tmp_path / "fine.parquet", gsd_max=0.7)
    assert {scene.name for scene in fine} == {"a", "c"}


def test_a_link_that_expires_is_signed_anew_and_no_key_stays_anywhere(
    server: Server, api: StacApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    find(server, tmp_path / "s.parquet")
    api.uses = 1
    server.fail("/blob/m_a.tif", Fault(), Fault(after=50_000))
    config = FetchConfig(endpoint=endpoint(server), scene=("a",), **FAST)
    with caplog.at_level(logging.DEBUG):
        (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    assert file.path.read_bytes() == api.files["m_a.tif"]
    assert api.signed >= 2
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"secret" in path.read_bytes()]
    assert "secret" not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("oemsar")
    )


def test_links_of_a_short_life_are_not_used_beyond_it(server: Server, api: StacApi, tmp_path: Path) -> None:
    find(server, tmp_path / "s.parquet")
    api.seconds = 30  # less than the minute that a link has to be valid
    config = FetchConfig(endpoint=endpoint(server), scene=("a",), **FAST)
    fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)
    assert api.signed == sum(request.path.startswith("/blob/") for request in server.requests)


def test_the_part_in_a_window_has_an_infrared_band_and_the_terms(
    server: Server, api: StacApi, ground: tuple[World, tuple[float, float]], tmp_path: Path
) -> None:
    world, place = ground
    find(server, tmp_path / "s.parquet")
    area = f"{place[0] - 1e-4},{place[1] - 1e-4},{place[0] + 1e-4},{place[1] + 1e-4}"
    config = FetchConfig(endpoint=endpoint(server), scene=("a",), area=area, **FAST)
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    with rasterio.open(file.path) as dataset:
        assert dataset.crs.to_epsg() == 26916
        assert [colour.name for colour in dataset.colorinterp] == ["red", "green", "blue", "undefined"]
        assert dataset.tags()["OEMSAR_YEAR"] == "2021"
        assert dataset.tags()["OEMSAR_ATTRIBUTION"].endswith("U.S. Department of Agriculture, 2021")
        expected = world.show("EPSG:26916", dataset.transform, dataset.shape)
        assert np.array_equal(dataset.read(), expected)


def test_a_service_that_signs_nothing_or_another_address_is_told(
    server: Server, api: StacApi, tmp_path: Path
) -> None:
    find(server, tmp_path / "s.parquet")
    config = FetchConfig(endpoint=endpoint(server), scene=("a",), **FAST)
    for body in (b"{}", b'{"href": "http://elsewhere.example/m_a.tif?sig=1"}'):
        server.fail("/api/sign", Fault(Answer(body, "application/json")))
        with pytest.raises(Failure, match="does not sign links") as raised:
            fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)
        assert raised.value.options == ("endpoint",)


def test_what_is_no_api_is_told(server: Server, tmp_path: Path) -> None:
    server.routes.append(lambda request: Answer(b'{"code": "NotFound"}', "application/json"))
    with pytest.raises(Failure, match="does not answer as a STAC API"):
        find(server, tmp_path / "s.parquet")
    with pytest.raises(Failure, match="does not list its rasters"):
        find(server, tmp_path / "s.parquet", source="naip-usgs")


def test_a_place_in_a_projection_alone_is_read() -> None:
    stated = {"proj:bbox": [500_000.0, 0.0, 500_100.0, 100.0], "proj:code": "EPSG:32631"}
    outline = projected_outline(Item(id="a", properties=stated))
    assert outline is not None
    assert outline.bounds[:2] == pytest.approx((3, 0), abs=1e-9)
    for wrong in ({"proj:bbox": [1, 2, 3]}, {"proj:code": "EPSG:none"}, {"proj:bbox": ["x"] * 4}):
        assert projected_outline(Item(id="a", properties={**stated, **wrong})) is None


@pytest.fixture
def images(server: Server) -> tuple[ImageService, tuple[float, float]]:
    """An image service whose raster has pixels of 0.72 m in Web Mercator, 0.6 m on the ground."""
    world, place = world_with_a_building("EPSG:3857", ATLANTA, gsd=0.72, side=300)
    service = ImageService(world)
    server.routes.append(service)
    return service, place


def test_the_image_service_gives_one_raster_on_its_own_grid(
    server: Server, images: tuple[ImageService, tuple[float, float]], tmp_path: Path
) -> None:
    service, place = images
    (scene,) = find(server, tmp_path / "s.parquet", source="naip-usgs", from_="2021-03-01", to="2021-09-30")
    assert (scene.name, scene.year) == ("m_3", 2021)
    assert scene.gsd == pytest.approx(0.72 * np.cos(np.radians(ATLANTA[1])), rel=1e-3)
    config = FetchConfig(endpoint=endpoint(server), **FAST)
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    with rasterio.open(file.path) as dataset:
        assert dataset.crs.to_epsg() == 3857
        assert dataset.transform.almost_equals(service.world.affine, 1e-6)
        pixels = dataset.read()
        column, row = ~dataset.transform @ Transformer.from_crs(4326, 3857, always_xy=True).transform(*place)
        assert dataset.tags()["OEMSAR_YEAR"] == "2021"
    assert np.array_equal(pixels, service.world.pixels)
    middle = ndimage.center_of_mass(pixels.min(axis=0) > 200)
    assert (middle[1] + 0.5, middle[0] + 0.5) == pytest.approx((column, row), abs=0.5)
    with pytest.raises(InputError, match="naip-usgs has no scene"):
        find(server, tmp_path / "none.parquet", source="naip-usgs", from_="2022-01-01")


def test_an_image_of_another_grid_is_refused(
    server: Server, images: tuple[ImageService, tuple[float, float]], tmp_path: Path
) -> None:
    service, _ = images
    find(server, tmp_path / "s.parquet", source="naip-usgs")
    world = service.world
    other = tiff_bytes(world.pixels[:, :-1], world.crs, world.affine)
    server.fail("exportImage", Fault(Answer(other, "image/tiff")))
    config = FetchConfig(endpoint=endpoint(server), **FAST)
    with pytest.raises(Failure, match=r"300 x 299 pixels and 4 bands that does not lie on the grid"):
        fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)


@pytest.mark.usefixtures("api", "images")
@pytest.mark.parametrize("source", ["naip", "naip-usgs"])
def test_the_contract_is_kept(source: str, server: Server) -> None:
    check_source(source, AREA, FindConfig(source=source, endpoint=endpoint(server), **FAST))
