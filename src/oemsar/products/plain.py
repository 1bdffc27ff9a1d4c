"""Rasters that state nothing but their pixels: complex, amplitude, power or dB."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

from oemsar.arrays import Doubles
from oemsar.errors import InputError
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
_LOWEST_DECIBELS = -200.0
"""Decibels that no backscatter reaches: an amplitude of 1e-10."""
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
    values = _samples(dataset, band)
    return int((values < 0).sum()) > _DECIBEL_SHARE * values.size


def _samples(dataset: DatasetReader, band: int) -> Doubles:
    """Read the values of 16 squares of a real band, scale and offset applied, without nodata and fill."""
    rows = np.linspace(0, max(0, dataset.height - _SAMPLE), _SAMPLES).astype(int)
    columns = np.linspace(0, max(0, dataset.width - _SAMPLE), _SAMPLES).astype(int)
    size = (min(_SAMPLE, dataset.height), min(_SAMPLE, dataset.width))
    found = []
    for row in np.unique(rows):
        for column in np.unique(columns):
            window = Window(int(column), int(row), size[1], size[0])
            pixels = dataset.read(band, window=window, masked=True).compressed()
            found.append(pixels[np.isfinite(pixels) & (pixels > _FILL)])
    scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]
    values: Doubles = np.concatenate(found).astype(np.float64) * scale + offset
    return values


def _require_decibels(path: Path, dataset: DatasetReader, band: int) -> None:
    """Check that values can be decibels, and are no hundredths of them whose scale the file does not tell.

    One value may be as low as it likes: the logarithm of zero and a small number.

    Raises:
        InputError: More than a tenth of samples lies below any backscatter.
    """
    values = _samples(dataset, band)
    low = values[values < _LOWEST_DECIBELS]
    often = int(np.unique(low, return_counts=True)[1].max(initial=0))
    if low.size - often > _DECIBEL_SHARE * values.size:
        raise InputError(
            f"{path} has values of {low.min():g}, which are no decibels (hundredths of them?); give the file "
            f"their scale, as by `gdal_edit.py -scale 0.01 {path.name}`, or name another kind of product",
            option="product",
        )


def _reads(name: str, encoding: Encoding) -> Callable[[Path, int | None], OpenedProduct]:
    def read(path: Path, band: int | None) -> OpenedProduct:
        with open_raster(path) as dataset:
            require_radar(dataset, path, name, band, complex_pixels=encoding is Encoding.MODULUS)
            if encoding is Encoding.DECIBEL:
                _require_decibels(path, dataset, band or data_bands(dataset)[0])
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
