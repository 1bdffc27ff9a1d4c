"""The contract of a source of scenes tells what is broken."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oemsar.progress import Report
from oemsar.scenes.registry import SOURCES
from oemsar.scenes.scene import Asset, Scene
from oemsar.scenes.source import Order, Query, Services
from oemsar.testing.scene_sources import check_source

SCENE = Scene(
    name="a",
    source="fake",
    footprint="POLYGON ((2 48, 3 48, 3 49, 2 49, 2 48))",
    licence="CC0",
    attribution="nobody",
    assets=(Asset(name="image", file="a.tif", address="https://a.example/a.tif"),),
)
AREA = "2.1,48.1,2.2,48.2"


class Fake:
    """A source of one scene, which keeps the contract unless it is changed."""

    name = "fake"
    summary = "nothing"
    licence = "CC0"
    attribution = "nobody"
    assets = ("image",)
    endpoints: tuple[str, ...] = ()
    has_levels = False
    scenes: tuple[Scene, ...] = (SCENE,)
    heeds_time = True

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        yield from self.scenes if query.takes_time(None) or not self.heeds_time else ()

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        order.target.write_bytes(b"pixels")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fake:
    source = Fake()
    monkeypatch.setattr(SOURCES, "find", lambda name: source)
    monkeypatch.setenv("OEMSAR_CACHE", str(tmp_path))
    return source


def test_a_source_that_keeps_it_passes(fake: Fake) -> None:
    check_source("fake", AREA)


def _writes_nothing(order: Order, services: Services, report: Report) -> None:
    """Write no file."""


def _leaves_scratch(order: Order, services: Services, report: Report) -> None:
    order.target.write_bytes(b"pixels")
    order.target.with_name(".scratch").touch()


def _differs(order: Order, services: Services, report: Report) -> None:
    order.target.write_text(str(order.target))


def _set(**changes: object) -> Callable[[Fake], None]:
    def change(fake: Fake) -> None:
        for name, value in changes.items():
            setattr(fake, name, value)

    return change


def _scene(**changes: object) -> Callable[[Fake], None]:
    return _set(scenes=(SCENE.model_copy(update=changes),))


ELSEWHERE = "POLYGON ((20 48, 21 48, 21 49, 20 49, 20 48))"
BROKEN: dict[str, Callable[[Fake], None]] = {
    "is registered under the name fake": _set(name="other"),
    "source fake states no licence": _set(licence=" "),
    "proposes no file to fetch": _set(assets=()),
    "finds no scene in the area": _set(scenes=()),
    "gives two scenes one name": _set(scenes=(SCENE, SCENE)),
    "finds a scene of other": _scene(source="other"),
    "does not meet the area": _scene(footprint=ELSEWHERE),
    "lacks its licence or attribution": _scene(attribution=""),
    "scene a has no file": _scene(assets=()),
    "has two files of one name": _scene(assets=SCENE.assets * 2),
    "finds scenes of 1800, before photography": _set(
        heeds_time=False, scenes=(SCENE.model_copy(update={"start": datetime(2020, 1, 1, tzinfo=UTC)}),)
    ),
    "has none of the files that fake proposes": _set(assets=("other",)),
    "does not write a.tif": _set(fetch=_writes_nothing),
    "leaves ": _set(fetch=_leaves_scratch),
    "fetches other bytes the second time": _set(fetch=_differs),
}


@pytest.mark.parametrize("words", BROKEN)
def test_what_is_broken_is_told(words: str, fake: Fake) -> None:
    BROKEN[words](fake)
    with pytest.raises(AssertionError, match=words.replace(".", r"\.")):
        check_source("fake", AREA)
