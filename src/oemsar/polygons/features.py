"""Files of features: GeoPackage, FlatGeobuf and GeoParquet, written batch by batch."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from odc.geo.geobox import GeoBox
from pyarrow import parquet
from pyproj import CRS

from oemsar import legend
from oemsar.disk import broken_write, disk_error
from oemsar.errors import Failure, InputError
from oemsar.files import scratch_folder
from oemsar.polygons.rings import Polygons
from oemsar.polygons.stream import Patches
from oemsar.qgis_style import document, filled, legend_entries

DRIVERS = {".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".parquet": "Parquet"}
"""Formats by the ending of the file."""
NAME = "class_name"
"""Attribute by which polygons are coloured."""
_FIELDS = ("class_id", NAME, "area_m2")
_JOURNALS = ("-wal", "-shm", "-journal")
"""Endings of what SQLite keeps beside a database that is open."""
_STYLES = """CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
f_table_catalog TEXT, f_table_schema TEXT, f_table_name TEXT, f_geometry_column TEXT, styleName TEXT,
styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT, ui TEXT,
update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""


class Written(NamedTuple):
    """Features that were written: number of polygons and square metres of each class, and points of all."""

    polygons: dict[int, int]
    square_metres: dict[int, float]
    points: int


def require_format(out: Path, option: str) -> None:
    """Check that the ending of a file names a format.

    Raises:
        InputError: It names none.
    """
    if out.suffix.lower() not in DRIVERS:
        raise InputError(
            f"{out} names no format of polygons; end it with {', '.join(DRIVERS)}", option=option
        )
    if out.is_dir():
        raise InputError(f"{out} is a folder; give the name of the file to write", option=option)


def feature_files(out: Path) -> list[Path]:
    """List the files that are written or removed with a file of polygons."""
    journals = _JOURNALS if out.suffix.lower() == ".gpkg" else ()
    return [out, *(out.with_name(out.name + ending) for ending in journals)]


def is_polygons(path: Path) -> bool:
    """Tell whether a file holds polygons as this module writes them, and no layer beside."""
    import pyogrio

    try:
        if path.suffix.lower() == ".parquet":
            return set(_FIELDS) <= set(parquet.read_schema(path).names)
        layers = [name for name, kind in pyogrio.list_layers(path) if kind is not None]
        fields = pyogrio.read_info(path, layer=layers[0])["fields"] if len(layers) == 1 else ()
        return set(_FIELDS) <= set(fields)
    except (OSError, ValueError, RuntimeError, pa.ArrowException):
        return False


def write_features(out: Path, batches: Iterator[Patches], grid: GeoBox, *, confidence: bool) -> Written:
    """Write polygons as they come, whole or not at all.

    Args:
        out: File to write.
        batches: Patches, columns as x and rows as y.
        grid: CRS and affine.
        confidence: Whether patches have a confidence.

    Raises:
        DiskFull: The disk is full.
        Failure: The file could not be written.
    """
    schema, crs = _schema(out, confidence), _crs(grid)
    counted = Written({}, {}, 0)
    errors: list[BaseException] = []

    def tables() -> Iterator[pa.RecordBatch]:
        nonlocal counted
        try:
            for batch in batches:
                if batch.classes.size:
                    placed = _placed(batch.polygons, grid)
                    counted = _counted(counted, batch, placed)
                    yield _table(batch, placed, schema)
        except BaseException as error:  # a stream would make another of it
            errors.append(error)
            raise

    with scratch_folder(out) as folder:
        made = folder / out.name
        try:
            _write(made, tables(), schema, crs)
            whole = _is_whole(made, sum(counted.polygons.values()))
        except Exception as error:
            if errors:
                raise errors[0] from None
            found = disk_error(error, out)
            raise found or Failure(
                f"{out} could not be written ({error}); see whether the disk has room and run the command "
                "again"
            ) from error
        if not whole:
            raise broken_write(out)
        for journal in feature_files(out)[1:]:
            journal.unlink(missing_ok=True)
        made.replace(out)
    return counted


def _crs(grid: GeoBox) -> CRS:
    if grid.crs is None:
        raise ValueError("polygons of a grid without CRS would lie nowhere")
    return CRS.from_wkt(grid.crs.to_wkt())


def _write(made: Path, tables: Iterator[pa.RecordBatch], schema: pa.Schema, crs: CRS) -> None:
    import pyogrio

    driver = DRIVERS[made.suffix.lower()]
    if driver == "Parquet":
        geo = schema.with_metadata({"geo": json.dumps(_geo(crs))})
        with parquet.ParquetWriter(made, geo, compression="zstd") as writer:
            for table in tables:
                writer.write_batch(table.replace_schema_metadata(geo.metadata))
        return
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(schema, tables),
        made,
        driver=driver,
        layer=made.stem,
        geometry_name="geometry",
        geometry_type="Polygon",
        crs=crs.to_wkt(),
    )
    if driver == "GPKG":
        _style(made)


def _is_whole(made: Path, number: int) -> bool:
    """Tell whether all features are there: what GDAL cannot write as it closes a file, it does not tell."""
    import pyogrio

    if made.suffix.lower() == ".parquet" or not number:
        return True
    try:
        found = pyogrio.read_info(made, layer=made.stem, force_feature_count=True)["features"]
        _, last = pyogrio.read_bounds(made, layer=made.stem, skip_features=number - 1, max_features=1)
    except (OSError, ValueError, RuntimeError):
        return False
    complete = bool(found == number and last.shape[1] == 1)
    return complete and (made.suffix.lower() != ".gpkg" or _indexed(made) == number)


def _indexed(made: Path) -> int:
    """Count the features in the spatial index of a GeoPackage, which GDAL makes last."""
    try:
        with closing(sqlite3.connect(made)) as database:
            table = made.stem.replace('"', '""')
            found = database.execute(f'SELECT count(*) FROM "rtree_{table}_geom"')  # noqa: S608
            return int(found.fetchone()[0])
    except sqlite3.Error:
        return 0


def _style(made: Path) -> None:
    """Put the style into a GeoPackage, where QGIS looks for that of its layers."""
    text = document(filled(legend_entries(), NAME))
    with closing(sqlite3.connect(made)) as database, database:
        database.execute(_STYLES)
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES "
            "('layer_styles', 'attributes', 'layer_styles')"
        )
        database.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, styleSLD, useAsDefault, description, owner) "
            "SELECT '', '', table_name, column_name, 'land cover', ?, '', 1, '', '' "
            "FROM gpkg_geometry_columns",
            (text,),
        )
        with suppress(sqlite3.Error):  # a table of GDAL's own
            database.execute("INSERT INTO gpkg_ogr_contents VALUES ('layer_styles', 1)")


def _schema(out: Path, confidence: bool) -> pa.Schema:
    fields = [("class_id", pa.int32()), (NAME, pa.string()), ("area_m2", pa.float64())]
    if confidence:
        fields += [("confidence_mean", pa.float64()), ("confidence_min", pa.int32())]
    fields.append(("geometry", pa.binary()))
    if out.suffix.lower() == ".parquet":
        fields.append(("bbox", pa.struct([(name, pa.float64()) for name in _BOX])))
    return pa.schema(fields)


_BOX = ("xmin", "ymin", "xmax", "ymax")


def _geo(crs: CRS) -> dict[str, object]:
    """Describe the geometry as GeoParquet 1.1 does."""
    covering = {name: ["bbox", name] for name in _BOX}
    column = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "crs": crs.to_json_dict(),
        "covering": {"bbox": covering},
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _placed(polygons: Polygons, grid: GeoBox) -> Polygons:
    """Lay polygons of pixels on the ground, outlines counter-clockwise."""
    a, b, c, d, e, f = (float(value) for value in grid.affine[:6])
    placed: Polygons = shapely.transform(
        polygons, lambda p: np.column_stack([a * p[:, 0] + b * p[:, 1] + c, d * p[:, 0] + e * p[:, 1] + f])
    )
    turned: Polygons = placed if a * e - b * d < 0 else shapely.reverse(placed)
    return turned


def _table(batch: Patches, placed: Polygons, schema: pa.Schema) -> pa.RecordBatch:
    names = np.array(legend.category_names(), np.object_)
    columns = {
        "class_id": pa.array(batch.classes.astype(np.int32)),
        NAME: pa.array(names[batch.classes], pa.string()),
        "area_m2": pa.array(batch.area, mask=np.isnan(batch.area)),
        "confidence_mean": pa.array(batch.confidence, mask=np.isnan(batch.confidence)),
        "confidence_min": pa.array(batch.lowest.astype(np.int32), mask=batch.lowest == 0),
        "geometry": pa.array(shapely.to_wkb(placed, flavor="iso"), pa.binary()),
    }
    if "bbox" in schema.names:
        bounds = shapely.bounds(placed)
        columns["bbox"] = pa.StructArray.from_arrays([pa.array(side) for side in bounds.T], names=_BOX)
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _counted(counted: Written, batch: Patches, placed: Polygons) -> Written:
    for identifier in np.unique(batch.classes).tolist():
        chosen = batch.classes == identifier
        polygons, metres = counted.polygons, counted.square_metres
        polygons[identifier] = polygons.get(identifier, 0) + int(chosen.sum())
        metres[identifier] = metres.get(identifier, 0.0) + float(batch.area[chosen].sum())
    return counted._replace(points=counted.points + int(shapely.get_num_coordinates(placed).sum()))
