"""What is written as a Cloud Optimized GeoTIFF comes back, georeferencing, colours and names included."""

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar import legend
from oemsar.errors import InputError
from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.grid import grid_of
from oemsar.raster.raw_raster import RawRaster

ROTATED = Affine(
    -0.14299987236417117, -0.5767759114507439, 337934.4836350695, -0.5767759114507457, 0.142, 7e6
)


@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "uint16", "float32", "float64", "complex64", "complex128", "int32"]
)
def test_pixels_of_every_type_come_back(tmp_path: Path, dtype: str) -> None:
    pixels = (np.random.default_rng(0).normal(size=(2, 70, 90)) * 100).astype(dtype)
    write_cog(tmp_path / "a.tif", pixels, None)
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.dtypes == (dtype, dtype)
        np.testing.assert_array_equal(dataset.read(), pixels)


@pytest.mark.parametrize(
    "affine", [ROTATED, Affine(0.3, 0, 5e5, 0, -0.3, 4e6), Affine(0.3, 0, 5e5, 0, 0.3, 4e6)]
)
def test_crs_and_affine_come_back_exactly(tmp_path: Path, affine: Affine) -> None:
    grid = GeoBox((70, 90), affine, "EPSG:32759")
    write_cog(tmp_path / "a.tif", np.ones((70, 90), np.uint8), grid)
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.transform == affine
        assert dataset.crs.to_epsg() == 32759
        assert grid_of(dataset) == grid


def test_class_map_is_cloud_optimized_with_colours_names_and_nodata(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 9, (1300, 1100), np.uint8)
    layer = Layer(nodata=0, palette=legend.palette(), categories=legend.category_names(), tags={"A": "b"})
    write_cog(tmp_path / "a.tif", ids, None, layer)
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.overviews(1) == [2, 4]
        assert dataset.nodata == 0
        assert dataset.tags()["A"] == "b"
        colours = dataset.colormap(1)
        assert all(colours[entry.id][:3] == entry.colour for entry in legend.CLASSES)
    names = ET.parse(tmp_path / "a.tif.aux.xml").findall(".//CategoryNames/Category")  # noqa: S314
    assert [name.text for name in names] == ["Unknown", *legend.NAMES]


def test_overviews_of_a_class_map_never_invent_a_class(tmp_path: Path) -> None:
    ids = np.where(np.indices((1200, 1200)).sum(0) % 3, 8, 1).astype(np.uint8)
    write_cog(tmp_path / "a.tif", ids, None, Layer(nodata=0, palette=legend.palette()))
    with rasterio.open(tmp_path / "a.tif", overview_level=0) as dataset:
        assert set(np.unique(dataset.read(1))) <= {1, 8}


def test_nothing_is_left_but_the_file(tmp_path: Path) -> None:
    write_cog(tmp_path / "a.tif", np.ones((10, 10), np.uint8), None)
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]


def test_a_rewritten_raster_without_classes_loses_the_old_names(tmp_path: Path) -> None:
    write_cog(tmp_path / "a.tif", np.ones((9, 9), np.uint8), None, Layer(categories=("x", "y")))
    assert (tmp_path / "a.tif.aux.xml").exists()
    write_cog(tmp_path / "a.tif", np.ones((9, 9), np.uint8), None)
    assert not (tmp_path / "a.tif.aux.xml").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="not a folder"):
        write_cog(tmp_path / "file" / "a.tif", np.ones((9, 9), np.uint8), None)


def test_canvas_keeps_blocks_and_refuses_those_over_its_edge(tmp_path: Path) -> None:
    expected = np.zeros((20, 30), np.uint8)
    expected[3:8, 4:10] = 7
    RawRaster(tmp_path / "c.raw", (20, 30), np.uint8).write(3, 4, expected[3:8, 4:10])
    again = RawRaster(tmp_path / "c.raw", (20, 30), np.uint8)
    np.testing.assert_array_equal(again.read_rows(0, 20), expected)
    with pytest.raises(ValueError, match="reaches over"):
        again.write(18, 0, np.ones((3, 3), np.uint8))
