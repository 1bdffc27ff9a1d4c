"""The search of an alignment reaches as many metres on the ground as it is told, in any CRS."""

import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.geometry.mapping import affine_map
from oemsar.prepare.align.run import _range
from oemsar.prepare.align.scene.geometry import Geometry

GRIDS = {
    "metres": (Affine(0.5, 0, 399690, 0, -0.5, 4046730), "EPSG:32654", 200.0),
    "feet": (Affine(2, 0, 1e6, 0, -2, 2e5), "EPSG:2263", 100 / (2 * 1200 / 3937)),
    "Web Mercator at 60 degrees": (Affine(1, 0, 1113194.9, 0, -1, 8399737.9), "EPSG:3857", 199.7),
    "degrees at 60 degrees": (Affine(5e-6, 0, 10, 0, -5e-6, 60), "EPSG:4326", 358.4),
}


@pytest.mark.parametrize("name", GRIDS)
def test_a_search_in_metres_reaches_so_many_pixels(name: str) -> None:
    affine, crs, pixels = GRIDS[name]
    grid = GeoBox((90, 260), affine, crs)
    geometry = Geometry(grid, (90, 260), affine_map(Affine.identity()), False, None, None, None)
    assert _range(geometry, 100.0).along == pytest.approx(pixels, rel=1e-3)
    assert _range(geometry, None).along == pytest.approx(0.8 * pixels, rel=1e-3)


def test_without_georeferencing_it_counts_pixels() -> None:
    geometry = Geometry(None, (90, 260), affine_map(Affine.identity()), False, None, None, None)
    assert _range(geometry, 100.0).along == 100
