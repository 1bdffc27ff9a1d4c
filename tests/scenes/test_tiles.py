"""Tiles of services become one image on their own grid, with what was known of them."""

import hashlib
import logging
import multiprocessing
import random
import time
from collections.abc import Callable
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
from oemsar.testing.scene_sources import check_source

from .server import BUSY, LOGIN, PAGE, Answer, Fault, Server
from .tiles import Wms, Wmts, World, Xyz, image_bytes, world_with_a_building

FAST: dict[str, Any] = {"rate": 1000, "tries": 6, "first_wait": 0.01, "timeout": 5}
PARIS, TOKYO = (2.3522, 48.8566), (139.7671, 35.6812)
Serve = Callable[[str], tuple[World, tuple[float, float], tuple[str, ...], str]]


@pytest.fixture
def serve(server: Server) -> Serve:
    """Serves the world of a source: the world, its building, its addresses, and an area around it."""

    def start(source: str) -> tuple[World, tuple[float, float], tuple[str, ...], str]:
        centre, crs = (TOKYO, "EPSG:3857") if source == "gsi" else (PARIS, "EPSG:2154")
        world, building = world_with_a_building(crs, centre, side=900)
        server.routes += [Xyz(world), Wmts(world), Wms(world)]
        base = server.address
        endpoint = (f"gsi_tiles={base}/xyz", f"ign_wmts={base}/wmts", f"ign_wms={base}/wms")
        lon, lat = centre
        return world, building, endpoint, f"{lon - 6e-4},{lat - 4e-4},{lon + 6e-4},{lat + 4e-4}"

    return start


def bring(source: str, endpoint: tuple[str, ...], around: str, folder: Path, **options: Any) -> Path:
    """Find and fetch the only file of an area."""
    config = FindConfig(source=source, endpoint=endpoint, **FAST)
    find_scenes(around, folder / "s.parquet", config=config)
    fetch = FetchConfig(endpoint=endpoint, **FAST, **options)
    (file,) = fetch_scenes(folder / "s.parquet", folder / "out", config=fetch).files
    return file.path


def building_in(path: Path) -> tuple[float, float]:
    """Column and row of the middle of the building in an image."""
    with rasterio.open(path) as dataset:
        bright = dataset.read([1, 2, 3]).min(axis=0) > 190
    row, column = ndimage.center_of_mass(bright)
    return column + 0.5, row + 0.5


def column_and_row(path: Path, lon: float, lat: float) -> tuple[float, float]:
    with rasterio.open(path) as dataset:
        x, y = Transformer.from_crs("EPSG:4326", dataset.crs, always_xy=True).transform(lon, lat)
        column, row = ~dataset.transform @ (x, y)
    return column, row


@pytest.mark.parametrize(
    ("source", "asset", "crs", "size"),
    [
        ("gsi", "tiles", 3857, 2 * 20_037_508.342789244 / (256 << 18)),
        ("ign", "l93", 2154, 0.2),
        ("ign", "pm", 3857, 2 * 20_037_508.342789244 / (256 << 19)),
        ("ign", "wms", 2154, 0.2),
    ],
)
def test_a_building_lies_where_the_world_put_it_on_the_grid_of_the_service(
    source: str, asset: str, crs: int, size: float, *, serve: Serve, tmp_path: Path
) -> None:
    _, place, endpoint, area = serve(source)
    path = bring(source, endpoint, area, tmp_path, asset=(asset,))
    with rasterio.open(path) as dataset:
        assert dataset.crs.to_epsg() == crs
        assert dataset.transform.a == -dataset.transform.e
        assert dataset.transform.a == pytest.approx(size, rel=1e-12)
        assert dataset.count == 3
        assert dataset.profile["tiled"]
        if source == "ign" and crs == 2154:  # on multiples of the pixel, as the tiles are
            assert dataset.transform.c / size == pytest.approx(round(dataset.transform.c / size), abs=1e-4)
    assert building_in(path) == pytest.approx(column_and_row(path, *place), abs=0.5)


def test_tiles_of_lambert_93_are_not_resampled(serve: Serve, tmp_path: Path) -> None:
    world, _, endpoint, area = serve("ign")
    path = bring("ign", endpoint, area, tmp_path)
    with rasterio.open(path) as dataset:
        expected = world.show("EPSG:2154", dataset.transform, dataset.shape)
        assert expected is not None
        difference = np.abs(dataset.read().astype(int) - expected[:3])
    assert np.median(difference) <= 2
    assert difference.mean() < 2  # of JPEG alone


def test_terms_are_in_the_file_and_a_year_that_is_not_told_is_warned_of(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, _, endpoint, area = serve("gsi")
    with caplog.at_level(logging.WARNING, "oemsar"):
        path = bring("gsi", endpoint, area, tmp_path)
    assert "gsi does not tell when" in caplog.text
    with rasterio.open(path) as dataset:
        tags = dataset.tags()
    assert "国土地理院" in tags["OEMSAR_ATTRIBUTION"]
    assert "year of the data not stated" in tags["OEMSAR_ATTRIBUTION"]
    assert "Public Data License" in tags["OEMSAR_LICENCE"]
    assert "OEMSAR_YEAR" not in tags
    assert tags["TIFFTAG_COPYRIGHT"].startswith("出典")


def test_missing_tiles_are_told_by_an_alpha_band(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world, _, endpoint, _ = serve("gsi")
    lon, lat = TOKYO
    with caplog.at_level(logging.WARNING, "oemsar"):
        path = bring("gsi", endpoint, f"{lon},{lat - 3e-4},{lon + 3e-3},{lat + 3e-4}", tmp_path)
    assert "have no imagery, as its alpha band tells" in caplog.text
    with rasterio.open(path) as dataset:
        assert [colour.name for colour in dataset.colorinterp] == ["red", "green", "blue", "alpha"]
        pixels = dataset.read()
    assert set(np.unique(pixels[3])) == {0, 255}
    assert not pixels[:3, pixels[3] == 0].any()
    assert world.pixels.shape[0] == 4


@pytest.mark.parametrize("source", ["gsi", "ign"])
def test_faults_of_a_service_pass(source: str, serve: Serve, server: Server, tmp_path: Path) -> None:
    _, _, endpoint, area = serve(source)
    good = bring(source, endpoint, area, tmp_path).read_bytes()
    (tmp_path / "cache").rename(tmp_path / "old")
    part = "/xyz/" if source == "gsi" else "GetTile"
    server.fail(part, LOGIN, BUSY, Fault(after=500), Fault(after=300, reset=True))
    cut = Fault(Answer(image_bytes(np.zeros((3, 256, 256), np.uint8))[:-40], "image/jpeg"))
    server.fail(part, cut)
    again = bring(source, endpoint, area, tmp_path / "again").read_bytes()
    assert again == good


def test_a_transfer_that_was_given_up_asks_only_for_what_is_missing(
    serve: Serve, server: Server, tmp_path: Path
) -> None:
    _, _, endpoint, _ = serve("ign")
    area = f"{PARIS[0] - 1e-3},{PARIS[1] - 7e-4},{PARIS[0] + 1e-3},{PARIS[1] + 7e-4}"
    find_scenes(area, tmp_path / "s.parquet", config=FindConfig(source="ign", endpoint=endpoint, **FAST))
    config = FetchConfig(endpoint=endpoint, **(FAST | {"tries": 2}))
    server.fail("GetTile", *[Fault()] * 2, *[LOGIN] * 100)
    with pytest.raises(Failure, match="sends a web page in place of data"):
        fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)
    server.faults.clear()
    before = len(server.requests)
    fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config)
    asked = [tuple(request.query.items()) for request in server.requests[before:]]
    assert len(asked) > 5
    assert len(set(asked)) == len(asked)
    whole = fetch_scenes(tmp_path / "s.parquet", tmp_path / "whole", config=config)
    assert len(server.requests) == before + len(asked)
    assert (
        whole.files[0].path.read_bytes()
        == (tmp_path / "out" / whole.files[0].path.relative_to(tmp_path / "whole")).read_bytes()
    )


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments_no_tile_that_came_is_asked_for_again(
    kills: int, serve: Serve, server: Server, cache: Path, tmp_path: Path
) -> None:
    _, _, endpoint, _ = serve("ign")
    area = f"{PARIS[0] - 9e-4},{PARIS[1] - 6e-4},{PARIS[0] + 9e-4},{PARIS[1] + 6e-4}"
    table, out = tmp_path / "s.parquet", tmp_path / "out"
    find_scenes(area, table, config=FindConfig(source="ign", endpoint=endpoint, **FAST))
    config = FetchConfig(endpoint=endpoint, **FAST)
    rng, server.pause = random.Random(5), 0.02
    for _ in range(kills):
        kept, before = kept_answers(cache), len(server.asked("GetTile"))
        process = multiprocessing.get_context("fork").Process(
            target=fetch_scenes, args=(table, out), kwargs={"config": config}
        )
        process.start()
        time.sleep(rng.uniform(0, 0.4))
        process.kill()
        process.join()
        asked = {_whole_address(request, server) for request in server.asked("GetTile")[before:]}
        assert not asked & kept
    (file,) = fetch_scenes(table, out, config=config).files
    (fresh,) = fetch_scenes(table, tmp_path / "fresh", config=config).files
    assert file.path.read_bytes() == fresh.path.read_bytes()
    assert not [path for path in out.rglob(".*") if path.name != ".oemsar-folder.lock"]


def kept_answers(cache: Path) -> set[str]:
    """Names of the answers that are kept whole, by the digest of their address."""
    return {path.name for path in cache.rglob("*") if path.is_file() and len(path.name) == 64}


def _whole_address(request: Any, server: Server) -> str:
    """The name under which the answer to a request is kept."""
    return hashlib.sha256(f"{server.address}{request.line}".encode()).hexdigest()


def test_a_part_of_a_scene_is_the_same_pixels(serve: Serve, tmp_path: Path) -> None:
    _, _, endpoint, area = serve("ign")
    whole = bring("ign", endpoint, area, tmp_path)
    lon, lat = PARIS
    small = f"{lon - 1e-4},{lat - 1e-4},{lon + 2e-4},{lat + 1e-4}"
    part = bring("ign", endpoint, area, tmp_path / "part", area=small)
    with rasterio.open(whole) as outer, rasterio.open(part) as inner:
        column, row = (round(each) for each in ~outer.transform @ (inner.transform.c, inner.transform.f))
        height, width = inner.shape
        assert width < outer.width
        assert np.array_equal(inner.read(), outer.read()[:, row : row + height, column : column + width])


@pytest.mark.parametrize(
    ("source", "area", "words"),
    [
        ("gsi", "140.5,34.0,140.501,34.001", "gsi has no imagery in this area: it lies in the sea"),
        ("gsi", "2.35,48.85,2.36,48.86", "choose the service of its country"),
        ("ign", "-5.0,47.0,-4.999,47.001", "ign has no imagery in this area: it lies in the sea"),
        ("ign", "139.7,35.6,139.8,35.7", "ign covers France"),
    ],
)
def test_an_area_in_the_sea_or_of_another_country_is_told(
    source: str, area: str, words: str, serve: Serve, tmp_path: Path
) -> None:
    _, _, endpoint, _ = serve(source)
    with pytest.raises(InputError, match=words) as raised:
        find_scenes(area, tmp_path / "s.parquet", config=FindConfig(source=source, endpoint=endpoint, **FAST))
    assert "area" in raised.value.options
    assert not (tmp_path / "s.parquet").exists()


def test_levels_and_times_that_a_service_has_not_are_told(serve: Serve, tmp_path: Path) -> None:
    _, _, endpoint, area = serve("ign")

    def find(source: str, **options: Any) -> str:
        config = FindConfig(source=source, endpoint=endpoint, **FAST, **options)
        with pytest.raises(InputError) as raised:
            find_scenes(area, tmp_path / "s.parquet", config=config)
        return str(raised.value)

    config = FindConfig(source="gsi", endpoint=endpoint, **FAST)
    with pytest.raises(InputError, match=r"the area holds \d+ tiles of gsi, more than the 50000"):
        find_scenes("135,35,136,36", tmp_path / "s.parquet", config=config)
    assert find("gsi", level=19) == "level: the service has the levels 2 to 18, no 19"
    assert "has no level 7; it has 18, 19, 20" in find("ign", level=7)
    assert find("ign", from_="2020-01-01").startswith("from_, to: ign does not tell when")
    assert "ign has no scene of this area, time and sampling distance" in find("ign", gsd_max=0.1)


def test_what_is_no_service_is_told(server: Server, tmp_path: Path) -> None:
    answers: dict[str, tuple[bytes, str]] = {
        "is a page": (PAGE, "sends a web page in place of data"),
        "is other": (b"<a/>", "does not say what a WMTS has"),
        "is empty": (
            b'<Capabilities xmlns="http://www.opengis.net/wmts/1.0"><Contents/></Capabilities>',
            "has no layer HR.ORTHOIMAGERY.ORTHOPHOTOS.L93",
        ),
    }
    for number, (body, words) in enumerate(answers.values()):
        server.routes[:] = [lambda request, body=body: Answer(body, "text/xml")]
        config = FindConfig(source="ign", endpoint=(f"ign_wmts={server.address}/{number}",), **FAST)
        with pytest.raises(Failure, match=words):
            find_scenes("2.35,48.85,2.36,48.86", tmp_path / "s.parquet", config=config)


@pytest.mark.parametrize("source", ["gsi", "ign"])
def test_the_contract_is_kept(source: str, serve: Serve) -> None:
    _, _, endpoint, area = serve(source)
    check_source(source, area, FindConfig(source=source, endpoint=endpoint, **FAST))
