"""Cloud Optimized GeoTIFF: overviews, colour table and class names, whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import rasterio.shutil
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError

from oemsar.errors import Failure
from oemsar.files import workplace
from oemsar.raster.canvas import Canvas
from oemsar.raster.georeference import Georeference
from oemsar.raster.vrt import add_band, virtual_raster

TILE = 512
"""Side of the tiles of a published file."""


@dataclass(frozen=True)
class Layer:
    """How the values of a raster are to be understood.

    Attributes:
        nodata: value of pixels that carry no data; None where every pixel does.
        palette: colour of each value as (red, green, blue); for class maps.
        categories: name of each value from 0; for class maps.
        tags: metadata items of the file.
        description: name of the band.
        bands: name of each band, where there are several.
    """

    nodata: float | None = None
    palette: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    categories: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    bands: Sequence[str] = ()


def write_cog(path: Path, pixels: NDArray[Any], grid: GeoBox | None, layer: Layer | None = None) -> None:
    """Write an array to `path` as a Cloud Optimized GeoTIFF.

    Args:
        path: the file; its folder is made where it is missing.
        pixels: shape (height, width) or (bands, height, width), any integer, floating or complex type.
        grid: CRS and affine; None for a raster without georeferencing.
        layer: how the values are to be understood.

    Raises:
        InputError: the folder cannot be written to.
        Failure: the disk is full.
    """
    bands = pixels if pixels.ndim == 3 else pixels[None]
    with workplace(path) as folder:
        canvases = []
        for number, band in enumerate(bands):
            canvas = Canvas(folder / f"band{number}.raw", band.shape, band.dtype)
            canvas.write(0, 0, band)
            canvases.append(canvas)
        publish_cog(canvases, path, grid, layer or Layer())


def publish_cog(canvases: Sequence[Canvas], path: Path, grid: GeoBox | None, layer: Layer) -> None:
    """Turn canvases of one folder, one a band, into a Cloud Optimized GeoTIFF at `path`.

    The pixels are streamed; memory does not grow with the raster. Class names go into a `.aux.xml` file
    beside the map, where GDAL and QGIS look for them. Overviews of a raster with a palette take the most
    frequent value, others the mean.

    Raises:
        Failure: the disk is full.
    """
    folder = canvases[0].path.parent
    recipe = folder / f"{path.name}.vrt"
    made = folder / path.name
    recipe.write_text(_recipe(canvases, grid, layer), encoding="utf-8")
    copy_as_cog(
        recipe,
        made,
        path,
        COMPRESS="DEFLATE",
        PREDICTOR="NO" if layer.palette or canvases[0].dtype.kind == "c" else "YES",
        OVERVIEW_RESAMPLING="MODE" if layer.palette else "AVERAGE",
    )


def copy_as_cog(recipe: Path, made: Path, path: Path, **options: str) -> None:
    """Copy a raster into the Cloud Optimized GeoTIFF `made` and rename that to `path`, with its class names.

    Args:
        recipe: what to copy.
        made: a file to write first, on the disk of `path`.
        path: the file to publish.
        **options: of GDAL's COG driver.

    Raises:
        Failure: the disk is full.
    """
    common = {"BLOCKSIZE": str(TILE), "BIGTIFF": "IF_SAFER", "NUM_THREADS": "ALL_CPUS"}
    try:
        rasterio.shutil.copy(recipe, made, driver="COG", **common, **options)
    except RasterioError as error:
        raise Failure(f"{path} could not be written ({error}); free disk space and run again") from error
    _replace_with_sidecar(made, path)


def _replace_with_sidecar(made: Path, path: Path) -> None:
    """Rename the raster and its class names into place, the names first."""
    sidecar = path.with_name(path.name + ".aux.xml")
    made_sidecar = made.with_name(made.name + ".aux.xml")
    if made_sidecar.exists():
        made_sidecar.replace(sidecar)
    else:
        sidecar.unlink(missing_ok=True)
    made.replace(path)


def _recipe(canvases: Sequence[Canvas], grid: GeoBox | None, layer: Layer) -> str:
    """A virtual raster of canvases with the meaning of their values."""
    root = virtual_raster(canvases[0].shape, Georeference(grid), layer.tags)
    for number, canvas in enumerate(canvases, start=1):
        _explain(add_band(root, number, canvas), number, layer)
    return ET.tostring(root, encoding="unicode")


def _explain(band: ET.Element, number: int, layer: Layer) -> None:
    """Say what the values of a band mean."""
    description = layer.bands[number - 1] if layer.bands else layer.description
    if description:
        ET.SubElement(band, "Description").text = description
    if layer.nodata is not None:
        ET.SubElement(band, "NoDataValue").text = repr(layer.nodata)
    if layer.palette:
        ET.SubElement(band, "ColorInterp").text = "Palette"
        table = ET.SubElement(band, "ColorTable")
        for value in range(max(layer.palette) + 1):
            red, green, blue = layer.palette.get(value, (0, 0, 0))
            ET.SubElement(table, "Entry", c1=str(red), c2=str(green), c3=str(blue), c4="255")
    if layer.categories:
        names = ET.SubElement(band, "CategoryNames")
        for name in layer.categories:
            ET.SubElement(names, "Category").text = name
