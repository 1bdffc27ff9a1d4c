"""Parts of images on servers, cut on their own grid without resampling."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, cast

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from oemsar.disk import require_room
from oemsar.errors import Failure, InputError
from oemsar.files import scratch_folder
from oemsar.limits import require_limit
from oemsar.progress import Report
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.raw_raster import RawRaster, raw_bytes
from oemsar.raster.read import Extent, require_sizes
from oemsar.remote import require_no_dataset_named
from oemsar.scenes.pixels_of_area import extent_of, part_of
from oemsar.scenes.source import Order, Services
from oemsar.scenes.tags import terms_of
from oemsar.web.range_file import RangeFile
from oemsar.web.remote_file import PLAIN, Links

_ROWS = 512
_BLOCK = 1 << 18
_OF_GDAL = ("AREA_OR_POINT",)
"""Metadata items that GDAL writes by itself."""
_COLOURS = {"gray": "Gray", "red": "Red", "green": "Green", "blue": "Blue", "alpha": "Alpha"}


def is_cut(order: Order) -> bool:
    """Tell whether a part of an image is asked for; files that are no images come whole."""
    return order.window is not None and order.target.suffix.lower() in (".tif", ".tiff")


def cut_asset(
    order: Order,
    services: Services,
    report: Report,
    links: Links = PLAIN,
    *,
    colours: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
) -> None:
    """Fetch the part of an image that meets a window, as a COG on the grid of the image.

    Args:
        order: Image and window.
        services: Client that makes the requests; only the blocks that are needed are read.
        report: Called with the rows done and the rows in all.
        links: Links that open the address.
        colours: Colour of each band where the file states it wrongly; none take the file's.
        tags: Metadata items beside those of the file; the terms of the scene by default.

    Raises:
        InputError: The image has no grid, or the window does not meet it.
        DiskFull: The disk has no room left.
        Failure: The network fails, or the image cannot be read to its end.
    """
    name = order.asset.address
    with RangeFile(services.web, name, links, block=_BLOCK) as file:
        try:
            with (
                rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
                rasterio.open(cast(BinaryIO, io.BufferedReader(file)), driver="GTiff") as dataset,
            ):
                require_no_dataset_named(dataset, name)
                require_sizes(dataset, order.target)
                layer = layer_of(dataset, tags or terms_of(order.scene), colours)
                write_part(dataset, order, layer, report, check=file.require_no_failure)
        except RasterioError as error:
            file.require_no_failure()
            raise Failure(
                f"{name} could not be read ({error}); run the same command again, or fetch it whole"
            ) from error


def _nothing() -> None:
    """Check nothing."""


def write_part(
    dataset: DatasetReader,
    order: Order,
    layer: Layer,
    report: Report,
    *,
    crs: str | None = None,
    check: Callable[[], None] = _nothing,
) -> None:
    """Write an open image, or the part of it that meets a window, as a COG on its own grid.

    Args:
        dataset: Open image.
        order: Window, and the target of the file.
        layer: Meaning of the values.
        report: Called with the rows done and the rows in all.
        crs: CRS that the file gets, as WKT, where that of the image leaves something out.
        check: Raises the error that GDAL passed over while it read the image, where there was one.

    Raises:
        InputError: The image has no grid, or the window does not meet it.
        DiskFull: The disk has no room left.
    """
    if dataset.crs is None:
        raise InputError(f"{order.asset.file} has no grid to cut on; fetch it whole", option="area")
    own = dataset.crs.to_wkt()
    extent = Extent(0, 0, *dataset.shape)
    if order.window is not None:
        extent = extent_of(order.window, own, dataset.transform).clipped(dataset.shape)
    if extent.height == 0 or extent.width == 0:
        raise InputError(f"the area does not meet the pixels of {order.asset.file}", option="area")
    shape = (extent.height, extent.width)
    require_limit(shape[0] * shape[1], "scene_pixels", f"the part of {order.asset.file} has pixels:")
    dtype = dataset.dtypes[0]
    require_room(order.target.parent, raw_bytes(shape, dtype) * dataset.count, f"for {order.target.name}")
    with scratch_folder(order.target) as folder:
        raws = [RawRaster(folder / f"band{band}.raw", shape, dtype) for band in dataset.indexes]
        for row in range(0, extent.height, _ROWS):
            height = min(_ROWS, extent.height - row)
            window = Window(extent.column, extent.row + row, extent.width, height)
            bands = dataset.read(window=window)
            check()
            for raw, rows in zip(raws, bands, strict=True):
                raw.write_rows(row, rows)
            report(row + height, extent.height)
        publish_cog(raws, order.target, part_of(crs or own, dataset.transform, extent), layer)


def _colours(known: tuple[str, ...], stated: list[str]) -> tuple[str, ...]:
    """Take the known colours of the first bands, and the stated ones of the rest."""
    return (*known[: len(stated)], *stated[len(known) :])


def layer_of(dataset: DatasetReader, items: Mapping[str, str], colours: Sequence[str] = ()) -> Layer:
    """Take the meaning of the values of an open image, with further metadata items.

    Args:
        dataset: Open image.
        items: Metadata items beside those of the image, before which they go.
        colours: Colours of the first bands where the image states them wrongly.
    """
    stated = [_COLOURS.get(colour.name.lower(), "Undefined") for colour in dataset.colorinterp]
    tags = {key: value for key, value in dataset.tags().items() if key not in _OF_GDAL}
    return Layer(
        nodata=dataset.nodata,
        tags={**tags, **items},
        bands=[text or "" for text in dataset.descriptions],
        colours=_colours(tuple(colours), stated) if dataset.count > 1 else (),
    )
