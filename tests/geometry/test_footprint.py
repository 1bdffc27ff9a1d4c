from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry.flat import GroundRangeModel
from oemsar.geometry.footprint import Outline, footprint, outline
from oemsar.geometry.look import Look
from oemsar.geometry.mapping import projection
from oemsar.geometry.open_heights import open_heights
from oemsar.raster.border import CELL
from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.collect import filled_cells
from oemsar.raster.pixels import RasterPixels

CRS, EAST, NORTH = "EPSG:32654", 380_000.0, 3_940_000.0
GRID = GeoBox((400, 400), Affine(0.5, 0, EAST, 0, -0.5, NORTH), CRS)


def steep(path: Path, left: float) -> Path:
    """A slope that rises 0.3 m for each metre to the east, from `left` on, 10 km long."""
    values = np.broadcast_to(0.3 * (left - EAST + 5 * (np.arange(2000) + 0.5)), (400, 2000)).astype(
        np.float32
    )
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": CRS}
    affine = Affine(5, 0, left, 0, -5, NORTH + 900)
    with rasterio.open(path, "w", height=400, width=2000, transform=affine, **profile) as dataset:
        dataset.write(values, 1)
        dataset.update_tags(OEMSAR_VERTICAL_DATUM="ellipsoid")
    return path


def test_the_outline_is_followed_to_the_terrain_it_shows(tmp_path: Path) -> None:
    # looking east: a point at h appears h / tan 45 too far west
    model = GroundRangeModel.from_grid(GRID, Look(90.0 - 0.76, 45.0), 0.0)
    x, y = np.array([-0.5, 399.5]), np.array([200.0, 200.0])
    edge = Outline(x, y, x, y)
    with open_heights(steep(tmp_path / "dem.tif", EAST - 2000)) as heights:
        found = footprint(model, heights, edge)
    east, _ = projection("EPSG:4326", CRS)(found.lon, found.lat)
    # x = image + 0.3 (x - EAST), so that x - EAST = image / 0.7
    np.testing.assert_allclose(east - EAST, [0, 200 / 0.7], atol=0.5)


def test_a_terrain_that_ends_within_the_scene_is_refused(tmp_path: Path) -> None:
    model = GroundRangeModel.from_grid(GRID, Look(90.0, 45.0), 0.0)
    with (
        open_heights(steep(tmp_path / "dem.tif", EAST + 50)) as heights,
        pytest.raises(InputError, match=r"dem\.tif does not cover the scene"),
    ):
        footprint(model, heights, outline((400, 400), None))


def test_the_outline_goes_around_what_carries_data(tmp_path: Path) -> None:
    pixels = np.zeros((10 * CELL - 5, 12 * CELL), np.uint8)
    pixels[2 * CELL + 3 : 7 * CELL, 3 * CELL : 9 * CELL - 1] = 5
    pixels[6 * CELL :, 8 * CELL :] = 0
    write_cog(tmp_path / "sar.tif", pixels, None, Layer(nodata=0))
    with rasterio.open(tmp_path / "sar.tif") as dataset:
        filled = filled_cells(RasterPixels.first(dataset))
    edge = outline(pixels.shape, filled)
    assert (edge.x.min(), edge.x.max()) == (3 * CELL - 0.5, 9 * CELL - 0.5)
    assert (edge.y.min(), edge.y.max()) == (2 * CELL - 0.5, 7 * CELL - 0.5)
    corner = (edge.x == 9 * CELL - 0.5) & (edge.y == 7 * CELL - 0.5)
    assert not corner.any()
    assert (pixels[np.rint(edge.inner_y).astype(int), np.rint(edge.inner_x).astype(int)] == 5).all()


def test_the_outline_of_a_full_scene_is_its_edge() -> None:
    edge = outline((100, 200), np.ones((4, 7), bool))
    assert (edge.x.min(), edge.x.max(), edge.y.min(), edge.y.max()) == (-0.5, 199.5, -0.5, 99.5)
    assert ((edge.x == -0.5) | (edge.x == 199.5) | (edge.y == -0.5) | (edge.y == 99.5)).all()
