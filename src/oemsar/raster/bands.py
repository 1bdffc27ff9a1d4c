"""Bands of a file with their values: scale and offset applied, alpha bands judged, palettes expanded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oemsar.errors import InputError
from oemsar.raster.alpha import Alpha
from oemsar.raster.pixels import Mask, Opener, Pixels, RasterPixels
from oemsar.raster.read import Dataset, open_raster
from oemsar.raster.stored import PalettePixels, is_grey, palette_of, scaled


def file_pixels(
    dataset: Dataset, bands: tuple[int, ...], alpha: Alpha, mask: Mask = "bands together"
) -> Pixels:
    """Take bands (from 1) of an open raster, their scale and offset applied.

    Args:
        dataset: Open raster.
        bands: Numbers of the bands; of one type.
        alpha: Band of the raster that is marked alpha.
        mask: Who judges pixels.
    """
    own = alpha.own_mask(dataset)
    numbers = RasterPixels(dataset, bands, mask, own, believed=not alpha.misleads(dataset))
    return scaled(numbers, dataset, bands)


def raster_opener(path: Path, bands: int | tuple[int, ...], mask: Mask = "each value") -> Opener:
    """Make an opener of bands (from 1) of the raster at `path`: their values, or the greys of a palette.

    Raises:
        InputError: The file is missing, no raster, or a picture in the colours of a palette.
    """
    numbers = (bands,) if isinstance(bands, int) else bands
    with open_raster(path) as dataset:
        alpha, palette = Alpha.of_dataset(dataset), palette_of(dataset)
    if palette is not None and not is_grey(palette):
        raise InputError(f"{path} is a picture in the colours of a palette, where measured values are due")

    @contextmanager
    def open_bands() -> Iterator[Pixels]:
        with open_raster(path) as dataset:
            pixels = file_pixels(dataset, numbers, alpha, mask)
            yield pixels if palette is None else PalettePixels(pixels, palette, grey=True)

    return open_bands
