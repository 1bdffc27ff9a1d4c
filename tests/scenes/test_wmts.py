"""Capabilities of a WMTS: levels without the rounding of their scales, styles, limits, and what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oemsar.errors import Failure
from oemsar.scenes.tile_matrix import web_mercator
from oemsar.scenes.wmts import Capabilities
from oemsar.web.client import Web, open_web
from oemsar.web.retry import RetryPolicy

from .server import Answer, Server
from .tiles import Wmts, world_with_a_building


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    policy = RetryPolicy(tries=2, first_wait=0.01)
    with open_web(policy=policy, timeout=3, rate=1000, at_once=2, cache=tmp_path / "kept") as opened:
        yield opened


def text() -> str:
    world, _ = world_with_a_building("EPSG:2154", (2.35, 48.85), side=120)
    return Wmts(world).capabilities()


def ask(server: Server, web: Web, content: str) -> Capabilities:
    server.routes.append(lambda request: Answer(content.encode(), "application/xml"))
    return Capabilities.ask(web, f"{server.address}/wmts")


def test_levels_are_exact_though_scales_are_rounded(server: Server, web: Web) -> None:
    content = text().replace(f"{0.2 / 0.00028:.10f}", "714.285714")
    found = ask(server, web, content)
    layer = found.layer("HR.ORTHOIMAGERY.ORTHOPHOTOS.L93", "EPSG:2154")
    assert layer is not None
    assert (layer.style, layer.format, layer.set_name) == ("normal", "image/jpeg", "2154_10cm_10_20")
    assert {name: level.resolution for name, level in layer.levels.items()} == {
        "18": 0.4,
        "19": 0.2,
        "20": 0.1,
    }
    assert layer.levels["19"].columns == range(int(14_410 / 51.2), int(1_300_132 / 51.2) + 1)
    mercator = found.layer("HR.ORTHOIMAGERY.ORTHOPHOTOS", "EPSG:3857")
    assert mercator is not None
    assert mercator.levels["19"].resolution == web_mercator(19).resolution
    assert mercator.levels["17"].columns == range(1 << 17)


def test_layers_and_grids_that_are_not_there_are_none(server: Server, web: Web) -> None:
    found = ask(server, web, text())
    assert found.layer("NONE", "EPSG:2154") is None
    assert found.layer("HR.ORTHOIMAGERY.ORTHOPHOTOS", "EPSG:2154") is None


def test_a_tile_is_addressed_key_by_key(server: Server, web: Web) -> None:
    layer = ask(server, web, text()).layer("HR.ORTHOIMAGERY.ORTHOPHOTOS.L93", "EPSG:2154")
    assert layer is not None
    assert layer.address("https://data.geopf.fr/wmts", "19")(7, 9) == (
        "https://data.geopf.fr/wmts?SERVICE=WMTS&VERSION=1.0.0&REQUEST=GetTile"
        "&LAYER=HR.ORTHOIMAGERY.ORTHOPHOTOS.L93&STYLE=normal&FORMAT=image/jpeg"
        "&TILEMATRIXSET=2154_10cm_10_20&TILEMATRIX=19&TILEROW=9&TILECOL=7"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<TileWidth>256</TileWidth>", "<TileWidth>0</TileWidth>"),
        ("<TileWidth>256</TileWidth>", "<TileWidth>512</TileWidth>"),
        ("<TopLeftCorner>0.0 12000000.0</TopLeftCorner>", "<TopLeftCorner>0.0</TopLeftCorner>"),
        (f"{0.2 / 0.00028:.10f}", "-5"),
        (f"{0.2 / 0.00028:.10f}", "many"),
    ],
)
def test_a_grid_that_cannot_be_meant_is_told(old: str, new: str, server: Server, web: Web) -> None:
    content = text()
    assert old in content
    found = ask(server, web, content.replace(old, new))
    with pytest.raises(Failure, match=r"describes the grid of .* in a way that cannot be read"):
        found.layer("HR.ORTHOIMAGERY.ORTHOPHOTOS.L93", "EPSG:2154")
