"""Rasters that state nothing but their pixels: complex, amplitude, power or dB."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

from oemsar.geometry.look import read_look, read_projection_height
from oemsar.products.product import Encoding, Product
from oemsar.products.reader import (
    OpenedProduct,
    Reader,
    by_raster,
    data_bands,
    is_complex_raster,
    looks_optical,
    read_raster,
    require_radar,
)
from oemsar.raster.read import open_raster

_SAMPLES = 4
_SAMPLE = 256
_DECIBEL_SHARE = 0.1
_FILL = -9990
"""Value from which on, downwards, pixels are fill that no tag tells, such as -9999 and -32768: no backscatter
reaches it, not even in hundredths of dB.
"""


def looks_decibel(dataset: DatasetReader, band: int) -> bool:
    """Check whether more than a tenth of samples of a real band, 16 squares of 256 pixels, lies below zero.

    Amplitude and power are not negative, but for a few pixels where they were interpolated; most of a scene
    is darker than 0 dB.
    """
    if is_complex_raster(dataset) or np.dtype(dataset.dtypes[band - 1]).kind == "u":
        return False
    rows = np.linspace(0, max(0, dataset.height - _SAMPLE), _SAMPLES).astype(int)
    columns = np.linspace(0, max(0, dataset.width - _SAMPLE), _SAMPLES).astype(int)
    scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]
    below = finite = 0
    for row in np.unique(rows):
        for column in np.unique(columns):
            size = (min(_SAMPLE, dataset.height), min(_SAMPLE, dataset.width))
            window = Window(int(column), int(row), size[1], size[0])
            pixels = dataset.read(band, window=window, masked=True).compressed()
            pixels = pixels[np.isfinite(pixels) & (pixels > _FILL)]
            below += int((pixels * scale + offset < 0).sum())
            finite += pixels.size
    return below > _DECIBEL_SHARE * finite


def _reads(name: str, encoding: Encoding) -> Callable[[Path, int | None], OpenedProduct]:
    def read(path: Path, band: int | None) -> OpenedProduct:
        with open_raster(path) as dataset:
            require_radar(dataset, path, name, band, complex_pixels=encoding is Encoding.MODULUS)
            tags = dataset.tags()
            product = Product(
                kind=name,
                encoding=encoding,
                display_tuned="OEMSAR_REMAP" in tags,
                look=read_look(dataset),
                projection_height=read_projection_height(dataset),
                polarisation=tags.get("OEMSAR_POLARISATION"),
                attribution=tags.get("OEMSAR_ATTRIBUTION", ""),
                licence=tags.get("OEMSAR_LICENCE", ""),
            )
        return read_raster(path, band, product, ordered=False)

    return read


@by_raster
def _complex(_: Path, dataset: DatasetReader) -> str | None:
    return f"{dataset.dtypes[0]} pixels, and nothing says who made it" if is_complex_raster(dataset) else None


@by_raster
def _decibel(_: Path, dataset: DatasetReader) -> str | None:
    negative = not looks_optical(dataset) and looks_decibel(dataset, data_bands(dataset)[0])
    return "many values below zero, and nothing says who made it" if negative else None


@by_raster
def _real(_: Path, dataset: DatasetReader) -> str | None:
    if is_complex_raster(dataset):
        return None
    if "OEMSAR_REMAP" in dataset.tags():
        return "tag OEMSAR_REMAP"
    return f"{dataset.dtypes[0]} pixels, and nothing says that they are power, decibels or calibrated"


def _only_by_name(_: Path) -> None:
    return None


COMPLEX = Reader(
    "complex", "complex raster: amplitude is the modulus", _complex, _reads("complex", Encoding.MODULUS)
)
DECIBEL = Reader(
    "db",
    "10 log10 of power, recognised by values below zero",
    _decibel,
    _reads("db", Encoding.DECIBEL),
    as_stored=False,
)
POWER = Reader("power", "power; read only where it is named", _only_by_name, _reads("power", Encoding.POWER))
AMPLITUDE = Reader("amplitude", "amplitude, any real type", _real, _reads("amplitude", Encoding.AMPLITUDE))
