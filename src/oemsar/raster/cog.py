"""Cloud Optimized GeoTIFF: overviews, colour table and class names, whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import rasterio.shutil
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from oemsar.disk import disk_errors, probe_room
from oemsar.errors import Failure
from oemsar.files import scratch_folder
from oemsar.folders import SIDE_ENDINGS
from oemsar.raster.georeference import Georeference
from oemsar.raster.halving import means, modes
from oemsar.raster.pyramid import TILE, Pyramid
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.vrt import add_band, virtual_raster
from oemsar.raster.whole import require_whole

ZSTANDARD = {"COMPRESS": "ZSTD", "LEVEL": "1"}
"""Packs speckle as tightly as DEFLATE, more than twice as fast (`benchmarks/radiometry.py --packing`)."""
_DIRECTORIES = 1 << 16
_TILE_ENTRY = 64
"""Bytes that are more than the directories of a raster take, and its tiles in them."""
_DEFLATE = {"COMPRESS": "DEFLATE", "LEVEL": "1"}
"""Every tool reads it. Level 6 takes five times as long for maps a sixth smaller, confidence no smaller."""


@dataclass(frozen=True)
class Layer:
    """Meaning of the values of a raster.

    Attributes:
        nodata: Value of pixels that carry no data; None where every pixel does.
        palette: Colour of each value as (red, green, blue); for class maps, which are bytes with 0 = no data.
        categories: Name of each value from 0; for class maps.
        labels: Whether values without a palette are names rather than quantities, which have no mean.
        tags: Metadata items of the file.
        description: Name of the band.
        bands: Name of each band, where there are several.
        colours: Colour of each band, such as `Red`; for images of colour.
        scale: Factor of stored values; None where they are the values themselves.
        offset: Value that is added to stored values times `scale`.
    """

    nodata: float | None = None
    palette: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    categories: Sequence[str] = ()
    labels: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    bands: Sequence[str] = ()
    colours: Sequence[str] = ()
    scale: float | None = None
    offset: float = 0.0


def write_cog(path: Path, pixels: NDArray[Any], grid: GeoBox | None, layer: Layer | None = None) -> None:
    """Write an array to `path` as a Cloud Optimized GeoTIFF.

    Args:
        path: File to write; its folder is made where it is missing.
        pixels: Shape (height, width) or (bands, height, width), any integer, floating or complex type.
        grid: CRS and affine; None for a raster without georeferencing.
        layer: Meaning of the values.

    Raises:
        InputError: The folder cannot be written to.
        DiskFull: The disk is full.
    """
    bands = pixels if pixels.ndim == 3 else pixels[None]
    with scratch_folder(path) as folder:
        raws = []
        for number, band in enumerate(bands):
            raw = RawRaster(folder / f"band{number}.raw", band.shape, band.dtype)
            raw.write(0, 0, band)
            raws.append(raw)
        publish_cog(raws, path, grid, layer or Layer())


def publish_cog(
    bands: Sequence[RawRaster], path: Path, grid: GeoBox | Georeference | None, layer: Layer
) -> None:
    """Turn raw rasters of one folder, one a band, into a Cloud Optimized GeoTIFF at `path`.

    The pixels are streamed; memory does not grow with the raster. Class names go into a `.aux.xml` file
    beside the map, where GDAL and QGIS look for them. Overviews of a raster with a palette or of labels take
    the most frequent value, others the mean.

    Args:
        bands: Raw rasters of one shape and type.
        path: File to write.
        grid: CRS and affine, or all that a file carries; None for a raster without georeferencing.
        layer: Meaning of the values.

    Raises:
        DiskFull: The disk is full.
    """
    georeference = grid if isinstance(grid, Georeference) else Georeference(grid)
    named = bool(layer.palette) or layer.labels
    if named or (layer.nodata == 0 and bands[0].dtype == np.uint8):
        predictor = "NO" if named else "YES"
        pyramid = Pyramid.over(bands, modes if named else means)
        try:
            publish_pyramid(pyramid, path, georeference, layer, _DEFLATE | {"PREDICTOR": predictor})
        finally:
            pyramid.remove_overviews()
        return
    recipe = bands[0].path.parent / f"{path.name}.vrt"
    recipe.write_text(_recipe(bands, georeference, layer), encoding="utf-8")
    predictor = "NO" if bands[0].dtype.kind == "c" else "YES"
    _copy(recipe, path, bands, COMPRESS="DEFLATE", PREDICTOR=predictor, OVERVIEW_RESAMPLING="AVERAGE")


def cog_files(path: Path) -> list[Path]:
    """List the files that are written or removed with the Cloud Optimized GeoTIFF `path`."""
    return [path, *(path.with_name(path.name + ending) for ending in SIDE_ENDINGS)]


def publish_pyramid(
    pyramid: Pyramid,
    path: Path,
    georeference: Georeference,
    layer: Layer,
    packing: Mapping[str, str] = ZSTANDARD,
) -> None:
    """Turn a pyramid into the Cloud Optimized GeoTIFF `path`, as `publish_cog` does.

    Args:
        pyramid: Pixels and their overviews.
        path: File to publish.
        georeference: Georeferencing of the file.
        layer: Meaning of the values.
        packing: Options of GDAL's COG driver that say how the pixels are compressed.

    Raises:
        DiskFull: The disk is full.
    """
    folder = pyramid.levels[0][0].path.parent
    recipe, *overviews = (f"{path.name}.{level}.vrt" for level in range(len(pyramid.levels)))
    for name, bands in zip(overviews, pyramid.levels[1:], strict=True):
        (folder / name).write_text(_recipe(bands, Georeference(), layer), encoding="utf-8")
    full = _recipe(pyramid.levels[0], georeference, layer, overviews)
    (folder / recipe).write_text(full, encoding="utf-8")
    _copy(folder / recipe, path, pyramid.levels[0], OVERVIEWS="AUTO", **packing)


def _copy(recipe: Path, path: Path, bands: Sequence[RawRaster], **options: str) -> None:
    """Copy a virtual raster into a Cloud Optimized GeoTIFF and rename that to `path`, with class names.

    What a failed copy leaves is removed: the folder may be one that a later run goes on in.

    Args:
        recipe: Virtual raster.
        path: File to publish.
        bands: Raw rasters that the virtual raster describes.
        options: Options of GDAL's COG driver.
    """
    made = recipe.with_name(path.name)
    common = {"BLOCKSIZE": str(TILE), "BIGTIFF": "IF_SAFER", "NUM_THREADS": "ALL_CPUS"}
    rows, columns = (-(-size // TILE) for size in bands[0].shape)
    try:
        with disk_errors(path):
            # GDAL crashes where not even the directories find room
            probe_room(made, _DIRECTORIES + _TILE_ENTRY * rows * columns * len(bands))
            rasterio.shutil.copy(recipe, made, driver="COG", **common, **options)
        require_whole(made, path)
    except (RasterioError, CPLE_BaseError) as error:
        _remove_made(made)
        raise Failure(
            f"{path} could not be written ({error}); see whether the disk has room and run the command again"
        ) from error
    except BaseException:
        _remove_made(made)
        raise
    _replace_with_sidecar(made, path)


def _remove_made(made: Path) -> None:
    """Remove a raster and the files that GDAL makes on the way to it."""
    for file in made.parent.iterdir():
        if file.name.startswith(made.name):
            file.unlink()


def _replace_with_sidecar(made: Path, path: Path) -> None:
    """Rename the raster and its class names to their final names, the class names first.

    Overviews and masks that stand beside an earlier raster of the name go: they would be read with this one.
    """
    for ending in SIDE_ENDINGS:
        sidecar, made_sidecar = (raster.with_name(raster.name + ending) for raster in (path, made))
        if made_sidecar.exists():
            made_sidecar.replace(sidecar)
        else:
            sidecar.unlink(missing_ok=True)
    made.replace(path)


def _recipe(
    bands: Sequence[RawRaster], georeference: Georeference, layer: Layer, overviews: Sequence[str] = ()
) -> str:
    """Describe raw rasters and the meaning of their values as a virtual raster.

    Args:
        bands: Raw rasters of one shape and type.
        georeference: Georeferencing of the raster.
        layer: Meaning of the values.
        overviews: Names of virtual rasters of the overviews, beside this one.
    """
    root = virtual_raster(bands[0].shape, georeference, layer.tags)
    for number, raw in enumerate(bands, start=1):
        band = add_band(root, number, raw)
        _explain(band, number, layer)
        for name in overviews:
            overview = ET.SubElement(band, "Overview")
            ET.SubElement(overview, "SourceFilename", relativeToVRT="1").text = name
            ET.SubElement(overview, "SourceBand").text = str(number)
    return ET.tostring(root, encoding="unicode")


def _explain(band: ET.Element, number: int, layer: Layer) -> None:
    """Add the meaning of the values of a band."""
    description = layer.bands[number - 1] if layer.bands else layer.description
    if description:
        ET.SubElement(band, "Description").text = description
    if layer.nodata is not None:
        ET.SubElement(band, "NoDataValue").text = repr(layer.nodata)
    if layer.scale is not None:
        ET.SubElement(band, "Offset").text = repr(layer.offset)
        ET.SubElement(band, "Scale").text = repr(layer.scale)
    if layer.colours:
        ET.SubElement(band, "ColorInterp").text = layer.colours[number - 1]
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
