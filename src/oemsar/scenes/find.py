"""The search for scenes of a source in an area and a time."""

import logging
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.folders import require_apart
from oemsar.locks import holds_output
from oemsar.progress import Report, silent
from oemsar.scenes.area import parse_area
from oemsar.scenes.config import EndpointConfig, FindConfig
from oemsar.scenes.registry import SOURCES
from oemsar.scenes.scene import Scene
from oemsar.scenes.services import known_endpoints, open_services
from oemsar.scenes.source import Query
from oemsar.scenes.table import write_scenes

_log = logging.getLogger(__name__)


class FoundScenes(Value):
    """Scenes that a search found."""

    table: Path
    """Table of scenes that was written."""
    scenes: tuple[Scene, ...]
    """The scenes, those of the earliest acquisition first."""


class SourceSummary(Value):
    """A source of scenes."""

    name: str
    """Name that chooses the source."""
    summary: str
    """Imagery that it offers."""
    licence: str
    """Terms of the data."""
    attribution: str
    """Words that whoever publishes the data must carry."""
    assets: tuple[str, ...]
    """Names of the files that are fetched unless others are named."""
    endpoints: dict[str, str]
    """Addresses that it asks, by name."""


def list_sources(*, config: EndpointConfig = EndpointConfig()) -> list[SourceSummary]:
    """List the sources of scenes, those of other packages included.

    Args:
        config: Addresses instead of the usual ones.

    Raises:
        InputError: An address that overrides another is wrong.
    """
    known = known_endpoints(config)
    return [
        SourceSummary(
            name=name,
            summary=source.summary,
            licence=source.licence,
            attribution=source.attribution,
            assets=tuple(source.assets),
            endpoints={each: known.of(each) for each in source.endpoints},
        )
        for name, source in ((name, SOURCES.find(name)) for name in SOURCES)
    ]


@holds_output()
def find_scenes(
    area: str | Path | BaseGeometry, out: Path, *, config: FindConfig, report: Report = silent
) -> FoundScenes:
    """Look for the scenes of a source that meet an area and a time, and write the table of scenes.

    Args:
        area: W,S,E,N in degrees, a GeoJSON file, or a polygon in EPSG:4326.
        out: Table of scenes to write, GeoParquet.
        config: Source, time and sampling distance.
        report: Called with the scenes found so far.

    Raises:
        InputError: The area is none, the source has nothing there, or `out` cannot be written to.
        Failure: The service cannot be reached or does not answer as it should.
    """
    searched = area if isinstance(area, BaseGeometry) else parse_area(area)
    source = SOURCES.find(config.source)
    if config.level is not None and not source.has_levels:
        raise InputError(f"{config.source} has no levels of tiles; leave the level out", option="level")
    require_apart([out], _read(area))
    query = Query(searched, config.start, config.end, config.gsd_max, config.level)
    scenes: list[Scene] = []
    with open_services(config) as services:
        for scene in source.search(query, services):
            scenes.append(scene)
            report(len(scenes), len(scenes))
    if not scenes:
        raise InputError(
            f"{config.source} has no scene of this area, time and sampling distance; widen them or choose "
            "another source",
            option="area",
        )
    for name in sorted({scene.name for scene in scenes if scene.year is None and scene.start is None}):
        _log.warning(
            "%s does not tell when %s was acquired: no year can be stated for it", config.source, name
        )
    scenes.sort(key=lambda scene: (scene.start is None, scene.start and scene.start.timestamp(), scene.name))
    write_scenes(scenes, out, inputs=_read(area))
    return FoundScenes(table=out, scenes=tuple(scenes))


def _read(area: str | Path | BaseGeometry) -> list[Path]:
    """List the file of an area, where it is one."""
    return [Path(area)] if isinstance(area, str | Path) and Path(area).is_file() else []
