"""Radar scenes whose pixels are no amplitude: made amplitude through the reader of their product."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.products.plain import DECIBEL
from oemsar.products.product import Encoding
from oemsar.products.reader import OpenedProduct, data_bands
from oemsar.products.registry import find_product, recognise
from oemsar.raster.pixels import Opener, Pixels, Validity
from oemsar.raster.read import Extent, open_raster

log = logging.getLogger(__name__)


def radar_product(
    path: Path, name: str | None = None, bands: tuple[int, ...] | None = None
) -> OpenedProduct | None:
    """Recognise a radar scene that must be read through its product; what it is taken for is logged.

    Args:
        path: Radar image, or the folder of a product.
        name: Kind of product, where the person knows better; None recognises it.
        bands: Band that the person chooses, from 1; None takes the only one, or the first of a product whose
            bands are known to be polarisations.

    Returns:
        The product; None for bytes, which networks see as they are, for several bands that nobody explains,
        for products whose pixels or moduli are amplitude as they are stored, and for decibels that only
        their values tell, which are stretched as they are.

    Raises:
        InputError: The file is unreadable, or not of the kind `name`.
    """
    if bands is not None and len(bands) != 1:
        raise InputError(f"{len(bands)} bands are given where radar is one; give one number", option="bands")
    band = None if bands is None else bands[0]
    if name is not None:
        found = find_product(path, name, band)
        stored = found.product.encoding in (Encoding.AMPLITUDE, Encoding.MODULUS)
        return None if stored and found.path == path and found.band == 1 else found
    if not path.is_dir() and band is None and _as_they_are(path):
        return None
    reader, reason = recognise(path)
    if not reader.as_stored and reader is not DECIBEL:
        return find_product(path, band=band)
    log.info("%s is read as %s: %s", path, reader.name, reason)
    return None


def amplitude_opener(found: OpenedProduct) -> Opener:
    """Make an opener of the amplitude of a product, float32."""

    @contextmanager
    def open_amplitude() -> Iterator[Pixels]:
        with found.opener() as pixels:
            yield _AmplitudePixels(pixels, found.product.encoding, found.product.scale)

    return open_amplitude


@dataclass(frozen=True, eq=False)
class _AmplitudePixels:
    """Amplitude of open pixels.

    Attributes:
        pixels: Pixels of the product.
        encoding: Relation of the pixels to amplitude.
        scale: Factor of the amplitude.
    """

    pixels: Pixels
    encoding: Encoding
    scale: float
    dtype = np.dtype(np.float32)

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.pixels.name

    @property
    def count(self) -> int:
        """Number of bands."""
        return self.pixels.count

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape

    @property
    def tells_nodata(self) -> bool:
        """Whether the product itself says which pixels carry data."""
        return self.pixels.tells_nodata

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read a rectangle inside the raster: amplitude, and where it carries data."""
        values, valid = self.pixels.read(extent)
        amplitude = self.encoding.of_pixels(values) * np.float32(self.scale)
        finite: NDArray[np.bool_] = np.isfinite(amplitude).all(0)
        return amplitude, finite if valid is None else finite & valid


def _as_they_are(path: Path) -> bool:
    """Tell whether an image holds bytes, or several bands, which are no product that a file tells."""
    try:
        with open_raster(path) as dataset:
            return dataset.dtypes[0] == "uint8" or len(data_bands(dataset)) != 1
    except InputError:  # such as the manifest of a folder
        return False
