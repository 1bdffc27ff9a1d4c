"""Polygons of a map on disk open in every format, with class, area on the ellipsoid, confidence and style."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from pyarrow import parquet
from pyproj import Geod
from rasterio import Affine

from oemsar import legend
from oemsar.errors import DiskFull, Failure, InputError
from oemsar.polygons import run
from oemsar.polygons.config import PolygonsConfig
from oemsar.polygons.run import polygonise_map
from oemsar.qgis_style import is_style

from ..commands import Command, Run
from ..conftest import FileLimit
from .test_stream import city, covers_once

ROTATED = Affine(-0.143, -0.5768, 337934.5, -0.5768, 0.143, 7840518.5)
ENDINGS = (".gpkg", ".fgb", ".parquet")


def write(path: Path, values: NDArray[np.uint8], **changes: object) -> Path:
    height, width = values.shape
    profile = {"driver": "GTiff", "count": 1, "height": height, "width": width, "dtype": values.dtype}
    place = {"crs": "EPSG:32759", "transform": ROTATED, "nodata": 0}
    with rasterio.open(path, "w", **{**profile, **place, **changes}) as dataset:
        dataset.write(values, 1)
    return path


def read(path: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path, engine="pyogrio")


@pytest.fixture
def values() -> NDArray[np.uint8]:
    return city((160, 230), 5)


@pytest.fixture
def land_cover(tmp_path: Path, values: NDArray[np.uint8]) -> Path:
    confidence = np.random.default_rng(0).integers(20, 101, values.shape).astype(np.uint8)
    write(tmp_path / "map_confidence.tif", np.where(values > 0, confidence, 0).astype(np.uint8))
    return write(tmp_path / "map.tif", values)


@pytest.mark.filterwarnings("ignore:More than one layer:UserWarning")
@pytest.mark.parametrize("ending", ENDINGS)
def test_polygons_open_with_their_crs_classes_areas_and_confidence(
    land_cover: Path, values: NDArray[np.uint8], ending: str
) -> None:
    out = land_cover.with_name(f"patches{ending}")
    summary = polygonise_map(land_cover, out)
    found = read(out)
    assert found.crs.to_epsg() == 32759
    assert covers_once(found.geometry.to_numpy())
    assert found.geometry.is_valid.all()
    assert all(polygon.exterior.is_ccw for polygon in found.geometry)
    pixel = abs(ROTATED.determinant)
    for entry in legend.CLASSES:
        own = found[found.class_id == entry.id]
        assert set(own.class_name) <= {entry.name}
        assert own.geometry.area.sum() == pytest.approx(
            np.count_nonzero(values == entry.id) * pixel, rel=2e-2
        )
        assert summary.classes[entry.name].polygons == len(own)
        assert summary.classes[entry.name].hectares == pytest.approx(own.area_m2.sum() / 1e4)
    degrees = gpd.GeoSeries(shapely.segmentize(found.geometry.to_numpy(), 5.0), crs=found.crs).to_crs(4326)
    ground = [abs(Geod(ellps="WGS84").geometry_area_perimeter(polygon)[0]) for polygon in degrees]
    np.testing.assert_allclose(found.area_m2, ground, rtol=1e-3)  # a tiny one suffers from degrees
    assert (found.confidence_min <= found.confidence_mean).all()
    assert 20 <= found.confidence_min.min() <= found.confidence_mean.max() <= 100
    assert summary.number == len(found) > 50
    assert summary.points == shapely.get_num_coordinates(found.geometry.to_numpy()).sum()
    assert json.loads(Path(f"{out}.json").read_text())["number"] == len(found)
    assert is_style(out.with_suffix(".qml"))
    assert not list(land_cover.parent.glob(".*"))


def test_the_map_is_that_of_an_array_and_lies_north_up_too(tmp_path: Path) -> None:
    values = np.full((40, 60), 2, np.uint8)
    values[10:20, 15:45] = 8
    up = write(tmp_path / "up.tif", values, transform=Affine(0.5, 0, 400_000, 0, -0.5, 4_000_000))
    polygonise_map(up, tmp_path / "up.fgb")
    (building,) = read(tmp_path / "up.fgb").query("class_id == 8").geometry
    assert building.equals(shapely.box(400_007.5, 3_999_990, 400_022.5, 3_999_995))
    assert "confidence_mean" not in read(tmp_path / "up.fgb")


def test_a_geopackage_holds_its_style_and_parquet_its_bounds(land_cover: Path) -> None:
    polygonise_map(land_cover, land_cover.with_suffix(".gpkg"))
    with sqlite3.connect(land_cover.with_suffix(".gpkg")) as database:
        rows = database.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        )
        ((table, column, style, default),) = rows.fetchall()
        assert database.execute("SELECT count(*) FROM rtree_map_geom").fetchone()[0] > 50
    assert (table, column, default) == ("map", "geom", 1)
    named = [entry.get("value") for entry in ET.fromstring(style).iter("category")]  # noqa: S314
    assert named == list(legend.NAMES)
    # one style serves the map and the polygons of one name
    both = ET.fromstring(land_cover.with_suffix(".qml").read_text())  # noqa: S314
    assert both.find("pipe") is not None
    assert both.find("renderer-v2") is not None
    polygonise_map(land_cover, land_cover.with_suffix(".parquet"))
    table = parquet.read_table(land_cover.with_suffix(".parquet"))
    frame = gpd.read_parquet(land_cover.with_suffix(".parquet"))
    boxes = np.array([list(box.values()) for box in table["bbox"].to_pylist()])
    np.testing.assert_allclose(boxes, frame.geometry.bounds.to_numpy())
    assert json.loads(table.schema.metadata[b"geo"])["version"] == "1.1.0"


@pytest.mark.parametrize("ending", ENDINGS)
def test_polygons_are_replaced_and_files_of_others_are_not(land_cover: Path, ending: str) -> None:
    out = land_cover.with_name(f"p{ending}")
    polygonise_map(land_cover, out)
    polygonise_map(land_cover, out, config=PolygonsConfig(simplify=0))
    frame = gpd.GeoDataFrame({"name": ["mine"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=32759)
    other = land_cover.with_name(f"other{ending}")
    frame.to_parquet(other) if ending == ".parquet" else frame.to_file(other, engine="pyogrio")
    before = other.read_bytes()
    with pytest.raises(InputError, match="is not a file of the polygons of a map alone"):
        polygonise_map(land_cover, other)
    assert other.read_bytes() == before
    if ending == ".gpkg":  # a layer that somebody put beside them
        frame.to_file(out, layer="mine", engine="pyogrio")
        with pytest.raises(InputError, match="is not a file of the polygons of a map alone"):
            polygonise_map(land_cover, out)
    land_cover.with_name("q.qml").write_text("<qgis/>")
    with pytest.raises(InputError, match=r"q\.qml is there and is not a style of this program"):
        polygonise_map(land_cover, land_cover.with_name(f"q{ending}"))


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no CRS": (
        lambda folder: write(folder / "w.tif", np.ones((9, 8), np.uint8), crs=None),
        "no CRS and affine",
    ),
    "16 bits": (lambda folder: write(folder / "w.tif", np.ones((9, 8), np.uint16)), "does not hold bytes"),
    "other classes": (
        lambda folder: write(folder / "w.tif", np.full((9, 8), 11, np.uint8)),
        "holds 11, and ids of classes go up to 8",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_raster_that_is_no_map_is_refused_before_anything_is_written(tmp_path: Path, case: str) -> None:
    make, sentence = WRONG[case]
    land_cover = make(tmp_path)
    with pytest.raises(InputError, match=sentence):
        polygonise_map(land_cover, tmp_path / "p.gpkg")
    assert [path.name for path in tmp_path.iterdir()] == ["w.tif"]


def test_wrong_names_and_a_confidence_of_another_grid_are_refused(land_cover: Path) -> None:
    with pytest.raises(InputError, match="names no format of polygons"):
        polygonise_map(land_cover, land_cover.with_name("p.shp"))
    other = write(land_cover.with_name("other.tif"), np.ones((9, 8), np.uint8))
    with pytest.raises(InputError, match="does not lie on the grid") as caught:
        polygonise_map(land_cover, land_cover.with_name("p.fgb"), config=PolygonsConfig(confidence=other))
    assert caught.value.options == ("confidence",)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_map_that_changes_meanwhile_keeps_the_former_polygons(
    land_cover: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ..inputs import changing

    out = land_cover.with_name(f"p{ending}")
    polygonise_map(land_cover, out)
    before, original = out.read_bytes(), run.patches

    def slow(*arguments: object) -> object:
        yield from original(*arguments)  # type: ignore[arg-type]
        land_cover.touch()

    monkeypatch.setattr(run, "patches", slow)
    with changing(land_cover), pytest.raises(Failure, match="changed while it was being read"):
        polygonise_map(land_cover, out)
    assert out.read_bytes() == before
    assert not list(land_cover.parent.glob(".*"))


def test_command_line_writes_and_counts(land_cover: Path, run_command: Run) -> None:
    out = land_cover.with_name("p.parquet")
    done = run_command(Command(("oemsar", "polygons", str(land_cover), "--out", str(out), "--json")))
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["number"] == len(read(out))
    wrong = run_command(
        Command(("oemsar", "polygons", str(land_cover), "--out", str(out), "--simplify", "99"))
    )
    assert wrong.code == 2
    assert "--simplify" in wrong.stderr


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("missing", [1500, 40_000])
def test_a_file_that_finds_no_room_for_its_end_is_not_published(
    land_cover: Path, ending: str, missing: int, file_limit: FileLimit
) -> None:
    """GDAL does not tell what it cannot write as it closes a file: the index of a GeoPackage, for one."""
    whole, out = land_cover.with_name(f"whole{ending}"), land_cover.with_name(f"cut{ending}")
    polygonise_map(land_cover, whole)
    with file_limit(max(whole.stat().st_size - missing, 4096)), pytest.raises(DiskFull, match="cut"):
        polygonise_map(land_cover, out)
    assert not list(land_cover.parent.glob("*cut*"))
    polygonise_map(land_cover, out)
    assert out.stat().st_size == whole.stat().st_size
