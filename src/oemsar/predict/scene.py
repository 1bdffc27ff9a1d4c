"""A scene as a stream of windows: radar, optical or both on one grid, in the 8 bits a network expects."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.arrays import Stretch
from oemsar.errors import InputError
from oemsar.modalities import Modalities
from oemsar.predict.radar_product import amplitude_opener
from oemsar.products.reader import OpenedProduct
from oemsar.raster.collect import Padding, find_padding, within_collect
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.nodata import stated_nodata
from oemsar.raster.pixels import Pixels, RasterPixels, read_window
from oemsar.raster.read import Dataset, Extent, Raster, describe, open_raster
from oemsar.raster.stretch import estimate_stretch
from oemsar.raster.warp import on_grid

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Treatment:
    """Reading of the values of a scene.

    Attributes:
        nodata: `auto` takes the file's own nodata value or mask, and where it has none, the zeros that
            surround the collect; `none` maps every pixel; a number makes every pixel of that value nodata.
        value_range: (low, high) of a scene that is not 8-bit, mapped to 0..255; None takes the 1st and 99th
            percentile of the scene.
    """

    nodata: str = "auto"
    value_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class SceneImage:
    """One image of a scene, opened on the scene's grid.

    Attributes:
        pixels: Pixels of the image, and where they carry data.
        stretch: From values to 0..255; None for an image of bytes.
    """

    pixels: Pixels
    stretch: Stretch | None

    def read(self, extent: Extent) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Read a rectangle: uint8 (bands, height, width), 0 without data, and where it carries data."""
        pixels, valid = read_window(self.pixels, extent)
        eight_bit = pixels if self.stretch is None else self.stretch.apply(pixels)
        eight_bit[:, ~valid] = 0
        return eight_bit, valid


@dataclass(frozen=True)
class Scene:
    """Images that are read together, window by window.

    Attributes:
        georeference: Georeferencing of the first image, which the map takes over.
        shape: Rows and columns.
        modalities: Modalities of the images.
        images: Images in channel order.
    """

    georeference: Georeference
    shape: tuple[int, int]
    modalities: Modalities
    images: tuple[SceneImage, ...]

    @property
    def grid(self) -> GeoBox | None:
        """CRS and affine; None without."""
        return self.georeference.grid

    def read(self, extent: Extent) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Read stacked channels, uint8 (channels, height, width), and the pixels that every image covers."""
        parts = [image.read(extent) for image in self.images]
        valid = np.logical_and.reduce([mask for _, mask in parts])
        return np.concatenate([pixels for pixels, _ in parts]), valid


@contextmanager
def open_scene(
    path: Path,
    optical: Path | None,
    modalities: Modalities,
    treatment: Treatment,
    product: OpenedProduct | None = None,
) -> Iterator[Scene]:
    """Open a scene for a network that sees `modalities`.

    Args:
        path: Radar image; the orthophoto for a network that sees only optical.
        optical: Orthophoto for a network that sees both; resampled onto the radar's grid as it is read.
        modalities: Imagery that the network sees.
        treatment: Reading of nodata and value ranges.
        product: Product of the radar image where its pixels are made amplitude; None reads them as they are.

    Raises:
        InputError: An image is missing, superfluous, unreadable, of the wrong number of bands, elsewhere,
            or without a single valid pixel.
    """
    _require_images(path, optical, modalities)
    with ExitStack() as stack:
        first_bands = 1 if modalities.has_sar else 3
        if product is None:
            first, raster = _open(stack, path, first_bands, "radar" if modalities.has_sar else "optical")
            pixels: Pixels = RasterPixels.first(first, first_bands)
            georeference = georeference_of(first)
        else:
            raster = describe(stack.enter_context(open_raster(product.path)), product.path)
            pixels = stack.enter_context(amplitude_opener(product)())
            georeference = product.georeference
        _tell_georeferencing(path, georeference)
        images = [_image(pixels, raster.path, treatment)]
        if optical is not None:
            image, described = _open(stack, optical, 3, "optical")
            laid = stack.enter_context(on_grid(image, described, raster.grid, raster.shape))
            images.append(_image(RasterPixels.first(laid, 3), described.path, treatment))
        yield Scene(georeference, raster.shape, modalities, tuple(images))


def _tell_georeferencing(path: Path, georeference: Georeference) -> None:
    """Warn of a scene that has no affine, with what it has instead and how it is mapped on the ground."""
    if georeference.grid is not None and georeference.grid.crs is not None:
        return
    if georeference.rpcs is not None:
        log.warning(
            "%s has no affine but an RPC, which the map takes over; for a map on the ground run "
            "`oemsar prepare ortho` on the scene first",
            path,
        )
    elif georeference.gcps:
        log.warning(
            "%s has no affine but %s, which the map takes over; `gdalwarp -tps` lays scene or map on the "
            "ground, and `oemsar prepare ortho` a product with an RPC or a look",
            path,
            georeference.in_words(),
        )
    else:
        log.warning("%s has no georeferencing; neither has the map: rows and columns are the scene's", path)


def _require_images(path: Path, optical: Path | None, modalities: Modalities) -> None:
    if modalities is Modalities.SAR_OPTICAL and optical is None:
        raise InputError(f"the model sees radar and optical; give the orthophoto of {path}", option="optical")
    if modalities is Modalities.SAR and optical is not None:
        raise InputError(
            "the model sees radar only; leave the orthophoto out or use a model of sar+optical",
            option="optical",
        )
    if modalities is Modalities.OPTICAL and optical is not None:
        raise InputError("the model sees optical only; give the orthophoto as the scene", option="optical")


def _open(stack: ExitStack, path: Path, bands: int, kind: str) -> tuple[Dataset, Raster]:
    dataset = stack.enter_context(open_raster(path))
    raster = describe(dataset, path)
    if raster.bands != bands:
        raise InputError(f"{path} has {raster.bands} band(s); the model needs {bands} for {kind} imagery")
    if bands == 3 and np.issubdtype(np.dtype(raster.dtype), np.complexfloating):
        raise InputError(f"{path} is complex; the model needs red, green and blue for {kind} imagery")
    return dataset, raster


def _image(own: Pixels, path: Path, treatment: Treatment) -> SceneImage:
    """Open the bands of an image, stretched by the pixels that carry data by the file's word."""
    stated = stated_nodata(own, treatment.nodata)
    searched = treatment.nodata == "auto" and not own.tells_nodata and own.count == 1
    padding = _padding(own, path) if searched else None
    return SceneImage(within_collect(stated, padding), _stretch(own, path, treatment))


def _padding(pixels: Pixels, path: Path) -> Padding | None:
    """Find the zeros around the collect; None where there are none."""
    padding = find_padding(pixels)
    if not padding.cells.any():
        return None
    log.info(
        "%s: zeros around the collect, about %.0f %% of the raster, are nodata (nodata none maps them)",
        path,
        100 * padding.cells.mean(),
    )
    return padding


def _stretch(pixels: Pixels, path: Path, treatment: Treatment) -> Stretch | None:
    if pixels.dtype == np.uint8:
        return None
    if treatment.value_range is not None:
        return Stretch(*treatment.value_range)
    stretch = estimate_stretch(pixels)
    log.warning(
        "%s is %s; %.6g to %.6g (percentiles 1 and 99) become 0 to 255; range sets other values",
        path,
        pixels.dtype,
        stretch.low,
        stretch.high,
    )
    return stretch
