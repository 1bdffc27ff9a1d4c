"""The transfer of the files of scenes, gone on with where it broke off."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from shapely.geometry.base import BaseGeometry

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.files import checksum, require_writable
from oemsar.folders import require_apart
from oemsar.locks import holds_output
from oemsar.scenes.area import parse_area
from oemsar.scenes.config import FetchConfig
from oemsar.scenes.fetched import RECORD, FetchedFile, Ledger, file_key
from oemsar.scenes.registry import SOURCES
from oemsar.scenes.scene import Asset, Scene
from oemsar.scenes.services import open_services
from oemsar.scenes.source import Order, Services
from oemsar.scenes.table import SceneTable, as_scenes
from oemsar.web.watch import Watch, unwatched

_log = logging.getLogger(__name__)

_ALL = "all"


class SceneFile(Value):
    """A file of a scene after a transfer."""

    scene: str
    """Name of the scene."""
    asset: str
    """Name of the file within the scene."""
    path: Path
    """The file."""
    state: Literal["fetched", "fetched before"]
    """Whether it was fetched now or had been before."""


class FetchSummary(Value):
    """Files of scenes after a transfer."""

    destination: Path
    """Folder of the files."""
    nothing_done: bool
    """Whether everything had been there before."""
    files: tuple[SceneFile, ...]
    """Files in the order of the scenes."""


@holds_output()
def fetch_scenes(
    scenes: SceneTable, out: Path, *, config: FetchConfig = FetchConfig(), watch: Watch = unwatched
) -> FetchSummary:
    """Bring the files of scenes to disk, at `OUT/SOURCE/SCENE/FILE`, and record them in `OUT/fetched.json`.

    A file that an earlier call brought is not fetched again, however that call ended, and one that broke off
    is gone on with.

    Args:
        scenes: Table of scenes, or scenes.
        out: Folder of the files; created where it is missing.
        config: Scenes and files to fetch.
        watch: Opens the report of each piece of work.

    Raises:
        InputError: The table, a scene or a file is not known, or the folder holds files of another origin.
        DiskFull: The disk has no room left.
        Failure: The network or the disk fails, or a checksum is wrong. The same call goes on from there.
    """
    window = None if config.area is None else parse_area(config.area)
    orders = [
        Order(scene, asset, out / scene.source / scene.name / asset.file, window)
        for scene, asset in _assets(_choose(as_scenes(scenes), config.scene, window), config.asset)
    ]
    inputs = _read(scenes, config)
    require_apart([out / RECORD, *(order.target for order in orders)], inputs)
    require_writable(out)
    ledger = Ledger.open(out, config, inputs)
    with open_services(config) as services:
        files = tuple(_bring(order, services, ledger, watch) for order in orders)
    nothing_done = all(file.state == "fetched before" for file in files)
    return FetchSummary(destination=out, nothing_done=nothing_done, files=files)


def _bring(order: Order, services: Services, ledger: Ledger, watch: Watch) -> SceneFile:
    """Fetch one file unless it is there, and record it."""
    scene, asset = order.scene, order.asset
    name = order.target.relative_to(ledger.folder).as_posix()
    key = file_key(order)
    if ledger.has(name, key):
        return SceneFile(scene=scene.name, asset=asset.name, path=order.target, state="fetched before")
    ledger.begin(name, key)
    require_writable(order.target.parent)
    with watch(f"Fetching {asset.file}") as report:
        SOURCES.find(scene.source).fetch(order, services, report)
    ledger.finish(
        FetchedFile(
            file=name,
            key=key,
            size=order.target.stat().st_size,
            sha256=checksum(order.target),
            source=scene.source,
            scene=scene.name,
            asset=asset.name,
            address=asset.address,
            year=scene.year if scene.start is None else scene.start.year,
            licence=scene.licence,
            attribution=scene.attribution,
            redistributable=scene.redistributable,
        )
    )
    return SceneFile(scene=scene.name, asset=asset.name, path=order.target, state="fetched")


def _choose(scenes: Sequence[Scene], names: Sequence[str], window: BaseGeometry | None) -> list[Scene]:
    """Choose scenes by name, and those that meet the part to fetch."""
    known = [scene.name for scene in scenes]
    for name in names:
        if name not in known:
            raise InputError(f"the table has no scene {name}; it has {', '.join(known[:20])}", option="scene")
    chosen = [scene for scene in scenes if not names or scene.name in names]
    met = [scene for scene in chosen if window is None or scene.outline.intersects(window)]
    if not met:
        raise InputError("no scene of the table meets the area; give another part of them", option="area")
    for scene in chosen:
        if scene not in met:
            _log.info("%s does not meet the area and is left out", scene.name)
    return met


def _assets(scenes: Sequence[Scene], names: Sequence[str]) -> Iterator[tuple[Scene, Asset]]:
    """Choose the files of scenes: by name, all of them, or those that their sources propose.

    A scene that has none of them is left out.
    """
    known = dict.fromkeys(asset.name for scene in scenes for asset in scene.assets)
    for name in names:
        if name != _ALL and name not in known:
            raise InputError(f"no scene has a file {name}; they have {', '.join(known)}", option="asset")
    found = False
    for scene in scenes:
        wanted = names or SOURCES.find(scene.source).assets
        chosen = [asset for asset in scene.assets if asset.name in wanted or _ALL in names]
        if not chosen:
            _log.info("%s has none of the files %s and is left out", scene.name, ", ".join(wanted))
        for asset in chosen:
            found = True
            yield scene, asset
    if not found:
        raise InputError(
            "the scenes have none of the files that are fetched by themselves; name one of "
            f"{', '.join(known) or 'none'}",
            option="asset",
        )


def _read(scenes: SceneTable, config: FetchConfig) -> list[Path]:
    """List the files that are read: the table, and those of the area and of the addresses."""
    named = [config.area or "", *config.endpoint]
    files = [Path(name) for name in named if name and Path(name).is_file()]
    return [scenes, *files] if isinstance(scenes, Path) else files
