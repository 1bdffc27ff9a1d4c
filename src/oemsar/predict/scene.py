"""A scene as a stream of windows: radar, optical or both on one grid, in the 8 bits a network expects."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.arrays import Stretch
from oemsar.errors import InputError
from oemsar.geometry.laid import laid_on
from oemsar.inputs import OPTICAL, SAR, SAR_OPTICAL, Inputs
from oemsar.predict.radar_product import amplitude_opener
from oemsar.products.reader import OpenedProduct
from oemsar.raster.collect import carrying_data, tell_padding
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.image import Image, Statement, open_colours, open_radar
from oemsar.raster.pixels import Pixels, RasterPixels, read_window
from oemsar.raster.read import Extent, describe, open_raster
from oemsar.raster.stretch import estimate_stretch
from oemsar.raster.warp import on_grid

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Treatment:
    """Reading of an image of a scene.

    Attributes:
        statement: What a person states about bands and nodata.
        value_range: (low, high) of an image that is not 8-bit, mapped to 0..255; None takes the 1st and 99th
            percentile of the image.
    """

    statement: Statement = field(default_factory=Statement)
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
        modalities: Inputs of the images.
        bands: Bands of the first image that are read, from 1.
        images: Images in channel order.
    """

    georeference: Georeference
    shape: tuple[int, int]
    modalities: Inputs
    bands: tuple[int, ...]
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
    modalities: Inputs,
    treatments: tuple[Treatment, Treatment] = (Treatment(), Treatment(Statement(prefix="optical_"))),
    product: OpenedProduct | None = None,
) -> Iterator[Scene]:
    """Open a scene for a network that sees `modalities`.

    Args:
        path: Radar image; the orthophoto for a network that sees only optical.
        optical: Orthophoto for a network that sees both; resampled onto the radar's grid as it is read.
        modalities: Imagery that the network sees.
        treatments: Bands, nodata and range of values of the image at `path`, and of the one at `optical`.
        product: Product of the radar image where its pixels are made amplitude; None reads them as they are.

    Raises:
        InputError: An image is missing, superfluous, unreadable, of the wrong number of bands, elsewhere,
            or without a single valid pixel; or a range is given for bytes.
    """
    _require_images(path, optical, modalities)
    with ExitStack() as stack:
        if product is None:
            first = _open(stack, path, treatments[0], radar="sar" in modalities)
            pixels, bands, georeference = first.pixels, first.bands, georeference_of(first.dataset)
        else:
            pixels, bands = _amplitude(stack, product, treatments[0].statement), (product.band,)
            georeference = product.georeference
        _tell_georeferencing(path, georeference)
        shape = pixels.shape
        images = [SceneImage(pixels, _stretch(pixels, path, treatments[0]))]
        if optical is not None:
            second = _open(stack, optical, treatments[1], radar=False)
            laid = _laid(stack, second, optical, georeference.grid, shape)
            images.append(SceneImage(laid, _stretch(laid, optical, treatments[1])))
        yield Scene(georeference, shape, modalities, bands, tuple(images))


def _amplitude(stack: ExitStack, product: OpenedProduct, statement: Statement) -> Pixels:
    """Open the amplitude of a product, where its stored numbers carry data."""
    opener = carrying_data(product.opener, statement.nodata, tell=True)
    return stack.enter_context(amplitude_opener(replace(product, opener=opener))())


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


def _require_images(path: Path, optical: Path | None, modalities: Inputs) -> None:
    if modalities == SAR_OPTICAL and optical is None:
        raise InputError(f"the model sees radar and optical; give the orthophoto of {path}", option="optical")
    if modalities == SAR and optical is not None:
        raise InputError(
            "the model sees radar only; leave the orthophoto out or use a model of sar+optical",
            option="optical",
        )
    if modalities == OPTICAL and optical is not None:
        raise InputError("the model sees optical only; give the orthophoto as the scene", option="optical")


def _open(stack: ExitStack, path: Path, treatment: Treatment, *, radar: bool) -> Image:
    dataset = stack.enter_context(open_raster(path))
    statement = treatment.statement
    image = (
        open_radar(dataset, path, statement, single=True)
        if radar
        else open_colours(dataset, path, statement, strict=True)
    )
    if treatment.value_range is not None and image.values.dtype == np.uint8:
        raise InputError(
            f"{path} has 8-bit pixels, which are mapped as they are; leave the range of values out",
            option=statement.option("range"),
        )
    if image.padding is not None:
        tell_padding(path, image.padding, statement.option("nodata"))
    return image


def _laid(stack: ExitStack, image: Image, path: Path, grid: GeoBox | None, shape: tuple[int, int]) -> Pixels:
    """Lay an orthophoto onto the grid of the scene: by GDAL where GDAL alone reads its values and mask."""
    warped = stack.enter_context(on_grid(image.dataset, describe(image.dataset, path), grid, shape))
    if image.is_plain:
        return RasterPixels(warped, image.bands)
    if warped is image.dataset or grid is None or image.grid is None:
        return image.pixels
    return laid_on(image.pixels, image.grid, grid)


def _stretch(pixels: Pixels, path: Path, treatment: Treatment) -> Stretch | None:
    if pixels.dtype == np.uint8:
        return None
    if treatment.value_range is not None:
        return Stretch(*treatment.value_range)
    stretch = estimate_stretch(pixels)
    log.warning(
        "%s is %s; %.6g to %.6g (percentiles 1 and 99) become 0 to 255; %s sets other values",
        path,
        pixels.dtype.name,
        stretch.low,
        stretch.high,
        treatment.statement.option("range").replace("_", " "),
    )
    return stretch
