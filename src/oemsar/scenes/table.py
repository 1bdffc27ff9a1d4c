"""The table of scenes: GeoParquet on disk, a sequence of `Scene` in memory."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import shapely
from pydantic import JsonValue

from oemsar.config_file import parse_json
from oemsar.errors import InputError
from oemsar.files import atomic_write
from oemsar.folders import require_apart, require_own
from oemsar.limits import require_limit
from oemsar.locks import holds_output
from oemsar.scenes.scene import Scene, wkt_of

SceneTable: TypeAlias = Path | Sequence[Scene]
"""Scenes as verbs take them: the path of a table, or the scenes themselves."""

_TEXTS = ("name", "source", "licence", "attribution", "polarisation")
_NUMBERS = ("gsd", "look_azimuth", "incidence")
_TIMES = ("start", "end")


def _is_table(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


@holds_output(argument="path")
def write_scenes(scenes: Sequence[Scene], path: Path, *, inputs: Sequence[Path] = ()) -> None:
    """Write a table of scenes as GeoParquet, whole or not at all.

    The geometry is the footprint in EPSG:4326; the files of a scene are a column of JSON.

    Args:
        scenes: Scenes in the order of the rows.
        path: File to write.
        inputs: Files that the scenes were found by, which `path` must not replace.

    Raises:
        InputError: Two scenes of a source have one name, `path` is one of the inputs or something else than a
            table, or its folder cannot be written to.
    """
    import geopandas as gpd
    import pandas as pd

    _require_distinct(scenes, str(path))
    require_apart([path], inputs)
    require_own([path], _is_table, "a table of scenes")
    columns: dict[str, object] = {name: [getattr(s, name) for s in scenes] for name in _TEXTS}
    columns |= {name: pd.array([getattr(s, name) for s in scenes], dtype="Float64") for name in _NUMBERS}
    columns |= {name: pd.to_datetime([getattr(s, name) for s in scenes], utc=True) for name in _TIMES}
    columns["year"] = pd.array([scene.year for scene in scenes], dtype="Int64")
    columns["redistributable"] = [scene.redistributable for scene in scenes]
    columns["assets"] = [
        json.dumps([asset.model_dump(mode="json", exclude_none=True) for asset in scene.assets])
        for scene in scenes
    ]
    frame = gpd.GeoDataFrame(
        pd.DataFrame(columns), geometry=[scene.outline for scene in scenes], crs="EPSG:4326"
    )
    with atomic_write(path) as partial:
        frame.to_parquet(partial, index=False)


def read_scenes(path: Path) -> list[Scene]:
    """Read the scenes of a table in the order of its rows.

    Raises:
        InputError: The file is missing, is no table of scenes, or has two scenes of one source and name.
    """
    from pyarrow import ArrowException, parquet

    if not path.is_file():
        raise InputError(f"{path} does not exist; write it with `oemsar scenes find --out {path}`")
    require_limit(path.stat().st_size, "table_bytes", f"{path} has bytes:")
    try:
        require_limit(parquet.read_metadata(path).num_rows, "table_rows", f"{path} declares rows:")
        table = parquet.read_table(path)
    except (OSError, ValueError, OverflowError, ArrowException) as error:
        raise InputError(
            f"{path} is not a table of scenes in GeoParquet; write one with `oemsar scenes find`"
        ) from error
    wanted = (*_TEXTS, *_NUMBERS, *_TIMES, "year", "redistributable", "assets", "geometry")
    missing = [name for name in wanted if name not in table.column_names]
    table = table.select([name for name in wanted if name not in missing])
    if missing:
        raise InputError(f"{path} is not a table of scenes: column {missing[0]} is missing")
    scenes = []
    for number, row in enumerate(table.to_pylist(), 1):
        try:
            scenes.append(Scene.model_validate(_plain(row)))
        except (InputError, ValueError, TypeError, shapely.errors.GEOSException) as error:
            raise InputError(f"row {number} of {path} is no scene: {error}; find the scenes again") from error
    _require_distinct(scenes, str(path))
    return scenes


def as_scenes(table: SceneTable) -> list[Scene]:
    """Take the scenes of a table that is given as a path or as the scenes themselves.

    Raises:
        InputError: The file cannot be read as a table, or two scenes of a source have one name.
    """
    if isinstance(table, Path):
        return read_scenes(table)
    _require_distinct(list(table), "the table")
    return list(table)


def _plain(row: dict[str, JsonValue | bytes]) -> dict[str, JsonValue]:
    """Give a row as plain values, with the footprint as WKT."""
    outline, assets = row.pop("geometry"), row.pop("assets")
    plain = {name: value for name, value in row.items() if not isinstance(value, bytes)}
    footprint = wkt_of(shapely.from_wkb(outline))
    return {**plain, "footprint": footprint, "assets": parse_json(str(assets))}


def _require_distinct(scenes: Sequence[Scene], table: str) -> None:
    """Check that no two scenes of a source have one name: their files go by it."""
    counts = Counter((scene.source, scene.name) for scene in scenes)
    (source, name), count = next(iter(counts.most_common(1)), (("", ""), 0))
    if count > 1:
        raise InputError(f"{table} has {count} scenes of {source} named {name}; keep one of them")
