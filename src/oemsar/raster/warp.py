"""Rasters resampled onto another grid, window by window as they are read."""

from collections.abc import Iterator
from contextlib import contextmanager

from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from oemsar.errors import InputError
from oemsar.raster.grid import same_grid
from oemsar.raster.longitude import outline, turned_source
from oemsar.raster.read import Dataset, Raster


@contextmanager
def on_grid(
    dataset: DatasetReader, raster: Raster, grid: GeoBox | None, shape: tuple[int, int]
) -> Iterator[Dataset]:
    """Yield `dataset` resampled bilinearly onto `grid`, or as it is where it lies there already.

    Args:
        dataset: Open raster.
        raster: Facts that its file states.
        grid: Grid of the result; None for pixels without georeferencing.
        shape: Rows and columns of the result.

    Raises:
        InputError: Only one of the two is georeferenced, or neither is and their sizes differ, or they
            share no ground.
    """
    if lies_on(raster, grid, shape) or raster.grid is None or grid is None or grid.crs is None:
        yield dataset
        return
    options = {
        "crs": grid.crs.to_wkt(),
        "transform": grid.affine,
        "height": shape[0],
        "width": shape[1],
        "resampling": Resampling.bilinear,
        "add_alpha": not raster.tells_nodata,
    }
    turned = turned_source(raster.grid, grid)
    if turned is not None:
        options |= {"src_crs": turned[0], "src_transform": turned[1]}
    with WarpedVRT(dataset, **options) as warped:
        yield warped


def lies_on(raster: Raster, grid: GeoBox | None, shape: tuple[int, int]) -> bool:
    """Tell whether a raster lies on a grid pixel by pixel, after a check that both are of the same ground.

    Args:
        raster: Facts that its file states.
        grid: Grid; None for pixels without georeferencing.
        shape: Rows and columns of the grid.

    Raises:
        InputError: Only one of the two is georeferenced, or neither is and their sizes differ, or they
            share no ground.
    """
    if raster.grid is None or raster.grid.crs is None or grid is None or grid.crs is None:
        _require_same_pixels(raster, grid, shape)
        return True
    if same_grid(raster.grid, grid):
        return True
    if not outline(raster.grid).intersects(outline(grid)):
        raise InputError(f"{raster.path} covers no ground of the scene; give an image of the same ground")
    return False


def _require_same_pixels(raster: Raster, grid: GeoBox | None, shape: tuple[int, int]) -> None:
    georeferenced = [found is not None and found.crs is not None for found in (raster.grid, grid)]
    if any(georeferenced):
        without = "the scene" if georeferenced[0] else str(raster.path)
        raise InputError(
            f"{without} has no CRS with an affine while the other image has; run `oemsar prepare ortho` on "
            "an image with an RPC, `gdalwarp -tps` on one with control points, or give both or neither with "
            "georeferencing"
        )
    if raster.shape != shape:
        sizes = f"{raster.shape[0]} x {raster.shape[1]} against {shape[0]} x {shape[1]} pixels"
        raise InputError(f"{raster.path} is not georeferenced and differs in size from the scene: {sizes}")
