"""The contract of a source of scenes."""

import tempfile
from pathlib import Path

from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.progress import silent
from oemsar.scenes.area import parse_area
from oemsar.scenes.config import WebConfig
from oemsar.scenes.registry import SOURCES
from oemsar.scenes.scene import Scene
from oemsar.scenes.services import open_services
from oemsar.scenes.source import Order, Query, Services, Source
from oemsar.scenes.table import read_scenes, write_scenes
from oemsar.testing.expect import expect

_EMPTY_TIME = (1800, 1801)


def check_source(name: str, area: str, config: WebConfig = WebConfig()) -> None:
    """Check that a registered source of scenes keeps the contract.

    It bears its name and states its terms; every scene that it finds is its own, meets the area, has a name
    of its own, terms and files, and comes back from a table as it was; none is found in years before
    photography; a file that it proposes is fetched whole, and the same again.

    Args:
        name: Name in `oemsar.scenes.registry.SOURCES`.
        area: Area in which the source has a small scene, as W,S,E,N in degrees or a GeoJSON file.
        config: Addresses of services and the treatment of them; the usual ones by default.

    Raises:
        AssertionError: The source breaks the contract; the sentence says how.
        InputError: The source is not known, or the area is none.
        Failure: Its service cannot be reached.
    """
    source = SOURCES.find(name)
    expect(source.name == name, f"source {source.name} is registered under the name {name}")
    for field in ("summary", "licence", "attribution"):
        expect(bool(getattr(source, field).strip()), f"source {name} states no {field}")
    expect(len(source.assets) > 0, f"source {name} proposes no file to fetch")
    outline = parse_area(area)
    with open_services(config) as services:
        scenes = list(source.search(Query(outline), services))
        _check_scenes(name, scenes, Query(outline))
        _check_years(source, Query(outline), services)
        _check_fetch(source, scenes[0], services)


def _check_scenes(name: str, scenes: list[Scene], query: Query) -> None:
    expect(len(scenes) > 0, f"source {name} finds no scene in the area")
    names = [scene.name for scene in scenes]
    expect(len(set(names)) == len(names), f"source {name} gives two scenes one name: {names}")
    for scene in scenes:
        expect(scene.source == name, f"source {name} finds a scene of {scene.source}")
        expect(scene.outline.intersects(query.area), f"scene {scene.name} does not meet the area")
        expect(
            bool(scene.licence and scene.attribution), f"scene {scene.name} lacks its licence or attribution"
        )
        expect(len(scene.assets) > 0, f"scene {scene.name} has no file")
        for field in ("name", "file"):
            values = [getattr(asset, field) for asset in scene.assets]
            expect(len(set(values)) == len(values), f"scene {scene.name} has two files of one {field}")
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "scenes.parquet"
        write_scenes(scenes, table)
        expect(read_scenes(table) == scenes, f"the scenes of {name} do not come back from a table")


def _check_years(source: Source, query: Query, services: Services) -> None:
    """Check that a time is heeded."""
    from datetime import UTC, datetime

    start, end = (datetime(year, 1, 1, tzinfo=UTC) for year in _EMPTY_TIME)
    try:
        found = list(source.search(Query(query.area, start, end), services))
    except InputError:
        return
    expect(
        all(scene.start is None for scene in found),
        f"source {source.name} finds scenes of {_EMPTY_TIME[0]}, before photography",
    )


def _check_fetch(source: Source, scene: Scene, services: Services) -> None:
    """Fetch a proposed file twice."""
    proposed = [asset for asset in scene.assets if asset.name in source.assets]
    expect(len(proposed) > 0, f"scene {scene.name} has none of the files that {source.name} proposes")
    digests = []
    with tempfile.TemporaryDirectory() as folder:
        for number in ("first", "second"):
            target = Path(folder) / number / proposed[0].file
            target.parent.mkdir()
            source.fetch(Order(scene, proposed[0], target), services, silent)
            expect(target.is_file(), f"source {source.name} does not write {proposed[0].file}")
            left = [path.name for path in target.parent.iterdir() if path != target]
            expect(not [name for name in left if name.startswith(".")], f"source {source.name} leaves {left}")
            digests.append(checksum(target))
    expect(digests[0] == digests[1], f"source {source.name} fetches other bytes the second time")
