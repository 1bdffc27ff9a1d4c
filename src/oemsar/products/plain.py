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
    is_complex_raster,
    looks_optical,
    read_raster,
    require_radar,
)
from oemsar.raster.read import open_raster

_SAMPLES = 4
_SAMPLE = 256
_DECIBEL_SHARE = 0.1


def looks_decibel(dataset: DatasetReader, band: int) -> bool:
    """Check whether more than a tenth of samples of a real band, 16 squares of 256 pixels, lies below zero.

    Amplitude and power are not negative, but for a few pixels where they were interpolated; most of a scene
    is darker than 0 dB.
    """
    if is_complex_raster(dataset) or np.dtype(dataset.dtypes[band - 1]).kind == "u":
        return False
    rows = np.linspace(0, max(0, dataset.height - _SAMPLE), _SAMPLES).astype(int)
    columns = np.linspace(0, max(0, dataset.width - _SAMPLE), _SAMPLES).astype(int)
    below = finite = 0
    for row in np.unique(rows):
        for column in np.unique(columns):
            size = (min(_SAMPLE, dataset.height), min(_SAMPLE, dataset.width))
            window = Window(int(column), int(row), size[1], size[0])
            pixels = dataset.read(band, window=window, masked=True).compressed()
            below += int((pixels[np.isfinite(pixels)] < 0).sum())
            finite += int(np.isfinite(pixels).sum())
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


def _is_complex(path: Path) -> bool:
    with open_raster(path) as dataset:
        return is_complex_raster(dataset)


def _is_decibel(path: Path) -> bool:
    with open_raster(path) as dataset:
        return not looks_optical(dataset) and looks_decibel(dataset, 1)


def _is_real(path: Path) -> bool:
    return not _is_complex(path)


def _only_by_name(_: Path) -> bool:
    return False


COMPLEX = Reader(
    "complex", "complex raster: amplitude is the modulus", _is_complex, _reads("complex", Encoding.MODULUS)
)
DECIBEL = Reader(
    "db", "10 log10 of power, recognised by values below zero", _is_decibel, _reads("db", Encoding.DECIBEL)
)
POWER = Reader("power", "power; read only where it is named", _only_by_name, _reads("power", Encoding.POWER))
AMPLITUDE = Reader("amplitude", "amplitude, any real type", _is_real, _reads("amplitude", Encoding.AMPLITUDE))
