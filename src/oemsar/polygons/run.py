"""The polygons of a class map on disk."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from odc.geo.geobox import GeoBox

from oemsar import legend
from oemsar.config_file import Value
from oemsar.files import require_writable, write_json
from oemsar.folders import is_record, require_apart, require_own
from oemsar.geometry.ground import pixel_areas
from oemsar.locks import holds_output
from oemsar.polygons.config import OutlineConfig, PolygonsConfig
from oemsar.polygons.features import (
    NAME,
    Written,
    feature_files,
    is_polygons,
    require_format,
    write_features,
)
from oemsar.polygons.source import confidence_path, open_map
from oemsar.polygons.stream import Outlining, Patches, Rows, patches
from oemsar.progress import Report, silent
from oemsar.qgis_style import filled, is_style, legend_entries, paletted, style_path, write_style
from oemsar.raster.cache import gdal_cache
from oemsar.raster.read import files_of
from oemsar.raster.state import watch_rasters
from oemsar.record import RunRecord, run_record


class ClassPolygons(Value):
    """Polygons of one class."""

    polygons: int
    """Number of polygons."""
    hectares: float | None
    """Area of the polygons on the ellipsoid in hectares; None where they do not lie on the earth."""


class MapPolygons(Value):
    """Polygons of a map: the content of `POLYGONS.json`, after the whole name of the file."""

    format: Literal[1] = 1
    """Version of the format."""
    polygons: str
    """Path of the file of polygons."""
    map: str
    """Path of the class map."""
    confidence: str | None
    """Path of the confidence; None without."""
    number: int
    """Number of polygons."""
    points: int
    """Number of points of all polygons, those that neighbours share counted for each."""
    classes: dict[str, ClassPolygons]
    """Polygons of each class by its name."""
    record: RunRecord
    """Command, configuration and versions of the run."""


def summary_path(out: Path) -> Path:
    """Name the summary of a file of polygons: that of a map of the same stem is another."""
    return out.with_name(f"{out.name}.json")


def _held(out: Path) -> list[Path]:
    return [out, summary_path(out), style_path(out)]


@holds_output(_held)
def polygonise_map(
    land_cover: Path, out: Path, *, config: PolygonsConfig = PolygonsConfig(), report: Report = silent
) -> MapPolygons:
    """Turn a class map into polygons that leave no gap and do not overlap, one for each patch of a class.

    Write `out` with class id and name, area on the ellipsoid, mean and lowest confidence of each polygon,
    `.json` after its whole name, the summary, and the style of QGIS beside it. The map is read strip by
    strip; memory is that of a strip and of the polygons that reach its last row.

    Args:
        land_cover: Class ids 1..8, 0 without data.
        out: File to write, ending in .gpkg, .fgb or .parquet.
        config: Outlines, and the confidence of the map.
        report: Called with the rows done and in all.

    Raises:
        InputError: The map or its confidence is no such raster, has no CRS, or would be replaced.
        Failure: An input changed meanwhile.
        DiskFull: The disk is full.
    """
    require_format(out, "out")
    beside = confidence_path(land_cover)
    confidence = config.confidence or (beside if beside.exists() else None)
    read = [land_cover] if confidence is None else [land_cover, confidence]
    written = [*feature_files(out), summary_path(out), style_path(out)]
    require_apart(written, [file for raster in read for file in files_of(raster)])
    require_own_polygons(out)
    require_own([summary_path(out)], _is_summary, "the summary of polygons")
    require_own([style_path(out)], is_style, "a style of this program")
    require_writable(out.parent)
    watched = watch_rasters(read)
    with gdal_cache(), open_map(land_cover, confidence) as source:
        layers = (source.classes, source.confidence, source.grid)
        made = write_polygons(out, *layers, config, check=watched.require, report=report)
    result = MapPolygons(
        polygons=str(out),
        map=str(land_cover),
        confidence=None if confidence is None else str(confidence),
        number=sum(made.polygons.values()),
        points=made.points,
        classes=class_polygons(made),
        record=run_record(config),
    )
    write_json(summary_path(out), result.model_dump(mode="json"))
    of_map = [paletted(legend_entries())] if style_path(land_cover) == style_path(out) else []
    write_style(out, *of_map, filled(legend_entries(), NAME))
    return result


def require_own_polygons(out: Path) -> None:
    """Check that what lies at `out` is a file of polygons that this program wrote."""
    require_own([out], is_polygons, "a file of the polygons of a map alone")


def write_polygons(
    out: Path,
    classes: Rows,
    confidence: Rows | None,
    grid: GeoBox,
    config: OutlineConfig,
    *,
    check: Callable[[], None] = lambda: None,
    report: Report = silent,
) -> Written:
    """Write the polygons of layers that are read by rows.

    Args:
        out: File to write.
        classes: Class ids, 0 without data.
        confidence: Percent, 0 where there is none; None without.
        grid: CRS and affine of the layers.
        config: Outlines.
        check: Called before the file gets its name; what it raises keeps the former one.
        report: Called with the rows done and in all.
    """
    outlining = Outlining(config.simplify, config.sheet)
    rows = classes.shape[0]

    def batches() -> Iterator[Patches]:
        report(0, rows)
        for done, batch in patches(classes, confidence, pixel_areas(grid), outlining):
            yield batch
            report(done, rows)
        check()

    return write_features(out, batches(), grid, confidence=confidence is not None)


def class_polygons(made: Written) -> dict[str, ClassPolygons]:
    """Sum up polygons by the name of their class."""
    found = {}
    for entry in legend.CLASSES:
        metres = made.square_metres.get(entry.id, 0.0)
        hectares = None if math.isnan(metres) else metres / 10_000
        found[entry.name] = ClassPolygons(polygons=made.polygons.get(entry.id, 0), hectares=hectares)
    return found


def _is_summary(path: Path) -> bool:
    return is_record(path, "polygons", "classes", "points")
