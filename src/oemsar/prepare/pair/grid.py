"""The grid that both images of a pair are put on."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.heights import GEOGRAPHIC
from oemsar.geometry.mapping import (
    affine_map,
    between_grids,
    centre_affine,
    compose,
    crs_of,
    projection,
)
from oemsar.prepare.ortho.grid import metric_crs, require_true_scale
from oemsar.prepare.ortho.rasters import Source
from oemsar.prepare.pair.placement import aligned
from oemsar.prepare.pair.sources import Sources
from oemsar.raster.border import CELL
from oemsar.raster.grid import grid_of, grid_on_multiples, multiples_around
from oemsar.raster.image import open_colours
from oemsar.raster.read import open_raster

_EDGE = 33
"""Points along each side of the orthophoto from which its extent is computed."""
_LARGEST_GROWTH = 100
"""Pixels of the pair for a pixel of the larger image above which the sampling distance must be a mistake."""
_SMALLEST_SIDE = 16
_ON_EDGE = 1e-6
"""Pixels by which a bound may miss a multiple of the sampling distance and still lie on it."""
STEP = 16
"""Pixels between the points at which the common ground is sought; the pair reaches one step beyond it."""
_ROWS = 64

Hit = Callable[[Doubles, Doubles], NDArray[np.bool_]]


def whole_grid(sources: Sources) -> GeoBox:
    """Make the grid of the given extent, or else over the whole orthophoto.

    Its edges lie on multiples of the sampling distance.

    Raises:
        InputError: CRS, sampling distance or extent make no sense for the images.
    """
    region = sources.region
    with open_raster(region.optical.path) as dataset:
        optical = _grid(grid_of(dataset))
        pixels = dataset.width * dataset.height
    crs = metric_crs(_utm(optical) if region.crs.strip().lower() == "auto" else region.crs)
    found = _bounds(optical, crs)
    if not np.isfinite(found).all():
        raise InputError(
            f"{region.crs} is not defined where {region.optical.path} lies; choose another", option="crs"
        )
    wanted = region.extent or found
    if not (wanted[0] < found[2] and found[0] < wanted[2] and wanted[1] < found[3] and found[1] < wanted[3]):
        reach = ", ".join(f"{value:.1f}" for value in found)
        raise InputError(
            f"the extent does not meet {region.optical.path}, whose left, bottom, right and top are {reach}; "
            "give the extent in the CRS of the pair",
            option="extent",
        )
    require_true_scale(crs, (wanted[0] + wanted[2]) / 2, (wanted[1] + wanted[3]) / 2)
    gsd = region.gsd
    left, bottom, right, top = multiples_around(wanted, gsd, _ON_EDGE)
    rows, columns = top - bottom, right - left
    with open_raster(sources.found.path) as dataset:
        pixels = max(pixels, dataset.width * dataset.height, 1 << 16)
    if rows * columns > _LARGEST_GROWTH * pixels:
        raise InputError(
            f"{gsd:g} m would make {columns} x {rows} pixels from {pixels}; give the ground sampling "
            "distance of the pair in metres",
            option="gsd",
        )
    if min(rows, columns) < _SMALLEST_SIDE:
        raise InputError(
            f"{gsd:g} m leaves {columns} x {rows} pixels; give the ground sampling distance of the pair in "
            "metres, or a larger extent",
            option="gsd",
        )
    return grid_on_multiples(gsd, crs, (left, top), (rows, columns))


def common_grid(sources: Sources, transform: Path, whole: GeoBox) -> GeoBox:
    """Make the grid of the pair: of the given extent, or else of the ground that both images show.

    Args:
        sources: Inputs of the pair.
        transform: `transform.json` of the alignment.
        whole: Grid from `whole_grid`.

    Raises:
        InputError: The two share no ground once they are aligned.
    """
    if sources.region.extent is not None:
        return whole
    with ExitStack() as files:
        hits = _radar(sources, transform, whole, files), _optical(sources, whole)
        rows = np.unique(np.append(np.arange(0, whole.shape[0], STEP), whole.shape[0] - 1))
        columns = np.unique(np.append(np.arange(0, whole.shape[1], STEP), whole.shape[1] - 1))
        shared = np.concatenate(
            [_shared(rows[start : start + _ROWS], columns, hits) for start in range(0, rows.size, _ROWS)]
        )
    if not shared.any():
        raise InputError(
            f"{sources.found.path} and {sources.region.optical.path} share no ground once they are aligned; "
            "look at the alignment's report"
        )
    top, bottom = _reach(rows[shared.any(1)], whole.shape[0])
    left, right = _reach(columns[shared.any(0)], whole.shape[1])
    gsd = sources.region.gsd
    first = round(whole.affine.c / gsd) + left, round(whole.affine.f / gsd) - top
    return grid_on_multiples(gsd, crs_of(whole), first, (bottom - top, right - left))


def _shared(rows: NDArray[np.intp], columns: NDArray[np.intp], hits: tuple[Hit, ...]) -> NDArray[np.bool_]:
    x, y = np.meshgrid(columns.astype(np.float64), rows.astype(np.float64))
    shared: NDArray[np.bool_] = np.logical_and.reduce([hit(x, y) for hit in hits])
    return shared


def _reach(indices: NDArray[np.intp], size: int) -> tuple[int, int]:
    """Give the first pixel and the one behind the last, a step beyond the shared ones."""
    return max(0, int(indices[0]) - STEP), min(size, int(indices[-1]) + STEP + 1)


def _radar(sources: Sources, transform: Path, grid: GeoBox, files: ExitStack) -> Hit:
    """Make the test whether the radar image carries data at pixels of the grid."""
    alignment = files.enter_context(aligned(sources, transform, grid))
    with open_raster(sources.sar) as dataset:
        source = Source.from_dataset(dataset, sources.sar, sources.radar_statement)
        filled, shape = source.filled, dataset.shape

    def hit(x: Doubles, y: Doubles) -> NDArray[np.bool_]:
        return _in_cells(*alignment(x, y), filled, shape)

    return hit


def _optical(sources: Sources, grid: GeoBox) -> Hit:
    """Make the test whether the orthophoto carries data at pixels of the grid."""
    path = sources.region.optical.path
    with open_raster(path) as dataset:
        mapping, shape = between_grids(grid, _grid(grid_of(dataset))), dataset.shape
        image = open_colours(dataset, path, sources.optical_statement, strict=False)
        filled = image.filled(thorough=False)

    def hit(x: Doubles, y: Doubles) -> NDArray[np.bool_]:
        return _in_cells(*mapping(x, y), filled, shape)

    return hit


def _in_cells(
    column: Doubles, row: Doubles, filled: NDArray[np.bool_], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        inside = (column > -0.5) & (column < shape[1] - 0.5) & (row > -0.5) & (row < shape[0] - 0.5)
    rows = np.where(inside, row + 0.5, 0).astype(np.intp) // CELL
    columns = np.where(inside, column + 0.5, 0).astype(np.intp) // CELL
    found: NDArray[np.bool_] = inside & filled[rows, columns]
    return found


def _bounds(optical: GeoBox, crs: str) -> tuple[float, float, float, float]:
    """Compute left, bottom, right and top of an orthophoto in another CRS."""
    rows, columns = optical.shape
    along = np.linspace(0, 1, _EDGE)
    ends = np.zeros(_EDGE), np.ones(_EDGE)
    x = np.concatenate([along, ends[1], along, ends[0]]) * columns - 0.5
    y = np.concatenate([ends[0], along, ends[1], along]) * rows - 0.5
    to_world = affine_map(centre_affine(optical))
    east, north = compose(to_world, projection(crs_of(optical), crs))(x, y)
    return float(east.min()), float(north.min()), float(east.max()), float(north.max())


def _utm(optical: GeoBox) -> str:
    """Find the UTM zone of an orthophoto's centre."""
    rows, columns = optical.shape
    to_lonlat = compose(affine_map(centre_affine(optical)), projection(crs_of(optical), GEOGRAPHIC))
    lon, lat = to_lonlat(np.array([(columns - 1) / 2]), np.array([(rows - 1) / 2]))
    try:
        return f"EPSG:{CRS.utm(float(lon[0]), float(lat[0])).to_epsg()}"
    except (ValueError, IndexError) as error:
        raise InputError(
            f"there is no UTM zone at longitude {lon[0]:.3f}, latitude {lat[0]:.3f}; give EPSG:N",
            option="crs",
        ) from error


def _grid(grid: GeoBox | None) -> GeoBox:
    if grid is None:
        raise ValueError("the orthophoto has no georeferencing")
    return grid
