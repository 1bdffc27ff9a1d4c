"""Elevation models and geoids opened from disk, with what their heights count from."""

from contextlib import ExitStack
from pathlib import Path

import rasterio
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.geometry.datum import Datum, DemVoid
from oemsar.geometry.geoid import Geoid
from oemsar.geometry.heights import Heights, Sea
from oemsar.geometry.terrain import Terrain
from oemsar.geometry.vertical import Vertical, relative, states_datum, vertical_of
from oemsar.raster.grid import grid_of
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import open_raster


def open_heights(
    path: Path, datum: Datum | None = None, geoid: Path | None = None, void: DemVoid = "refuse"
) -> Heights:
    """Open an elevation model so that it gives heights above the ellipsoid.

    Args:
        path: Any raster with a CRS; its first band is heights.
        datum: Zero of the heights, where the file does not say.
        geoid: Grid of undulations in metres, longitude and latitude (EGM96, EGM2008; GeoTIFF or .gtx);
            needed where heights are counted from the sea or voids are sea, and refused elsewhere.
        void: `refuse` gives voids no height, `sea` that of the geoid.

    Raises:
        InputError: The model has no CRS, does not say its datum, or lacks its geoid.
    """
    with ExitStack() as files:
        dataset, crs = _open(path, files)
        vertical = vertical_of(dataset, datum)
        _require_fitting_geoid(path, vertical, geoid, void)
        undulations = None if geoid is None else _open_geoid(geoid, files)
        from_sea = vertical.datum is Datum.ORTHOMETRIC
        return Heights(
            path,
            *_first_band(dataset),
            crs,
            vertical,
            undulations if from_sea else None,
            files.pop_all(),
            Sea(None if from_sea else undulations) if void == "sea" else None,
        )


def open_surface(
    path: Path, datum: Datum | None = None, geoid: Path | None = None, void: DemVoid = "refuse"
) -> Heights:
    """Open an elevation model of any vertical datum, whose heights count only by their differences.

    Args:
        path: Any raster with a CRS; its first band is heights.
        datum: Zero of the heights where the file does not say; asked for only where voids are sea.
        geoid: Grid of undulations; read only where voids are sea and heights count from the ellipsoid.
        void: `refuse` gives voids no height, `sea` that of the geoid.

    Raises:
        InputError: The model has no CRS or an unknown unit; or voids are sea, and it does not say its datum
            or lacks its geoid.
    """
    with ExitStack() as files:
        dataset, crs = _open(path, files)
        sea = None
        if void == "sea":
            vertical = vertical_of(dataset, None if states_datum(dataset) else datum)
            from_sea = vertical.datum is Datum.ORTHOMETRIC
            if not from_sea:
                _require_fitting_geoid(path, vertical, geoid, void)
            sea = Sea(None if from_sea or geoid is None else _open_geoid(geoid, files))
        return Heights(path, *_first_band(dataset), crs, relative(dataset), None, files.pop_all(), sea)


def surface_of(terrain: Terrain, path: Path) -> Heights:
    """Open an elevation model of an area, whose heights count only by their differences.

    Args:
        terrain: Elevation models of the area, which say how voids are read.
        path: Model to open, of the ground or of the surface.

    Raises:
        InputError: As for `open_surface`.
    """
    return open_surface(path, terrain.datum, terrain.geoid, terrain.void)


def _open_geoid(path: Path, files: ExitStack) -> Geoid:
    return Geoid(path, *_first_band(files.enter_context(open_raster(path))))


def _open(path: Path, files: ExitStack) -> tuple[DatasetReader, str]:
    """Open a raster with its whole CRS in view, and give the horizontal part of it as WKT."""
    # without the option GDAL hides the vertical part of the CRS of GeoTIFF 1.0
    with rasterio.Env(GTIFF_REPORT_COMPD_CS=True):
        dataset = files.enter_context(open_raster(path))
        if dataset.crs is None:
            raise InputError(f"{path} has no CRS; give an elevation model with georeferencing")
        return dataset, CRS.from_wkt(dataset.crs.to_wkt()).to_2d().to_wkt()


def _require_fitting_geoid(path: Path, vertical: Vertical, geoid: Path | None, void: DemVoid) -> None:
    if vertical.datum is Datum.ORTHOMETRIC and geoid is None:
        raise InputError(
            f"{path} has heights above mean sea level ({vertical.name}); give the file of the geoid",
            option="geoid",
        )
    if vertical.datum is not Datum.ELLIPSOID:
        return
    if geoid is None and void == "sea":
        raise InputError(
            f"{path} has heights above the ellipsoid ({vertical.name}), where the sea has the height of the "
            "geoid; give the file of the geoid",
            option=("geoid", "dem_void"),
        )
    if geoid is not None and void != "sea":
        raise InputError(
            f"{path} has heights above the ellipsoid ({vertical.name}); leave the geoid out",
            option="geoid",
        )


def _first_band(dataset: DatasetReader) -> tuple[RasterPixels, GeoBox]:
    """Take the first band of an open raster, and its grid."""
    grid = grid_of(dataset)
    if grid is None:
        raise InputError(f"{dataset.name} has no georeferencing; give one that has")
    return RasterPixels.first(dataset), grid
