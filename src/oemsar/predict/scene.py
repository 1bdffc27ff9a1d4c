"""A scene as a stream of windows: its inputs on one grid, as a network expects them."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.arrays import Imagery, Stretch
from oemsar.errors import InputError
from oemsar.geometry.laid import laid_on
from oemsar.geometry.measured import fill_gaps
from oemsar.inputs import ORTHOPHOTO, Input, Inputs
from oemsar.predict.measured import (
    MeasuredFile,
    Treatment,
    open_first,
    open_laid,
    require_images,
    tell_gaps,
)
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
class SceneImage:
    """One image of a scene, opened on the scene's grid.

    Attributes:
        pixels: Pixels of the image, and where they carry data.
        stretch: Stretch from values to 0..255; None for an image of bytes or of measured values.
        measured: Whether values are those of an input that is measured.
        may_lack: Whether the scene is mapped where this image carries no data.
    """

    pixels: Pixels
    stretch: Stretch | None
    measured: bool = False
    may_lack: bool = False

    def read(self, extent: Extent) -> tuple[Imagery, NDArray[np.bool_]]:
        """Read a rectangle, and where it is mapped as far as this image says.

        Returns:
            Shape (bands, height, width): uint8, 0 without data; or measured values, float32, NaN without.
        """
        pixels, valid = self.read_carrying(extent)
        return pixels, np.ones_like(valid) if self.may_lack else valid

    def read_carrying(self, extent: Extent) -> tuple[Imagery, NDArray[np.bool_]]:
        """Read a rectangle as `read` does, and where it carries data."""
        pixels, valid = read_window(self.pixels, extent)
        if self.measured:
            return fill_gaps(pixels, valid), valid
        eight_bit = pixels if self.stretch is None else self.stretch.apply(pixels)
        np.copyto(eight_bit, 0, where=~valid)
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

    def read(self, extent: Extent) -> tuple[Imagery, NDArray[np.bool_]]:
        """Read stacked channels (channels, height, width), and the pixels that are mapped.

        These are the pixels where the first image and every radar and optical image carry data.
        """
        parts = [image.read(extent) for image in self.images]
        valid = np.logical_and.reduce([mask for _, mask in parts])
        return np.concatenate([pixels for pixels, _ in parts]), valid

    def read_each(self, extent: Extent) -> tuple[Imagery, NDArray[np.bool_]]:
        """Read stacked channels, and where each image carries data, shape (images, height, width)."""
        parts = [image.read_carrying(extent) for image in self.images]
        return np.concatenate([pixels for pixels, _ in parts]), np.stack([valid for _, valid in parts])


@contextmanager
def open_scene(
    path: Path,
    optical: Path | None,
    modalities: Inputs,
    treatments: tuple[Treatment, Treatment] = (Treatment(), Treatment(Statement(prefix="optical_"))),
    product: OpenedProduct | None = None,
    *,
    further: Mapping[str, MeasuredFile] = MappingProxyType({}),
    gaps_are_known: bool = False,
) -> Iterator[Scene]:
    """Open a scene for a network that sees `modalities`.

    Args:
        path: Image of the network's first input: radar where it sees radar.
        optical: Orthophoto for a network that sees radar, too; resampled onto the radar's grid as it is read.
        modalities: Inputs that the network sees.
        treatments: Bands, nodata and range of values of the image at `path`, and of the one at `optical`.
        product: Product of the radar image where its pixels are made amplitude; None reads them as they are.
        further: Files of measured inputs behind the first, by name, laid onto the grid of the first.
        gaps_are_known: Whether the network knows gaps of an input, and is not given its mean there.

    Raises:
        InputError: An image is missing, superfluous, unreadable, of the wrong number of bands, elsewhere,
            or without a single valid pixel; or a range is given for bytes.
    """
    require_images(path, optical, modalities, further)
    leading = modalities.parts[0]
    with ExitStack() as stack:
        if not leading.is_bytes:
            pixels, bands, georeference = open_first(stack, path, leading, treatments[0])
        elif product is None:
            first = _open(stack, path, treatments[0], leading)
            pixels, bands, georeference = first.pixels, first.bands, georeference_of(first.dataset)
        else:
            pixels, bands = _amplitude(stack, product, treatments[0].statement), (product.band,)
            georeference = product.georeference
        _tell_georeferencing(path, georeference)
        shape = pixels.shape
        measured = not leading.is_bytes
        images = [SceneImage(pixels, None if measured else _stretch(pixels, path, treatments[0]), measured)]
        if optical is not None:
            second = _open(stack, optical, treatments[1], ORTHOPHOTO)
            laid = _laid(stack, second, optical, georeference.grid, shape)
            images.append(SceneImage(laid, _stretch(laid, optical, treatments[1])))
        for part in modalities.parts[len(images) :]:
            image = _further(stack, further[part.name], part, georeference.grid, shape)
            if image.measured:
                tell_gaps(image.pixels, further[part.name].path, part, are_known=gaps_are_known)
            images.append(image)
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


def _open(stack: ExitStack, path: Path, treatment: Treatment, part: Input) -> Image:
    dataset = stack.enter_context(open_raster(path))
    statement = treatment.statement
    image = (
        open_radar(dataset, path, statement, channels=part.channels)
        if part.kind == "radar"
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


def _further(
    stack: ExitStack, file: MeasuredFile, part: Input, grid: GeoBox | None, shape: tuple[int, int]
) -> SceneImage:
    """Open an image behind the first and the orthophoto, by the kind of its input."""
    if not part.is_bytes:
        return SceneImage(open_laid(stack, file, part, grid, shape), None, measured=True, may_lack=True)
    treatment = Treatment(file.statement)
    laid = _laid(stack, _open(stack, file.path, treatment, part), file.path, grid, shape)
    return SceneImage(laid, _stretch(laid, file.path, treatment))


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
