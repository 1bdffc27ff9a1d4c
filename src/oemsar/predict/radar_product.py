"""Radar scenes whose pixels are no amplitude: made amplitude through the reader of their product."""

import logging
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
from oemsar.raster.changed_pixels import changed
from oemsar.raster.pixels import Opener, Validity
from oemsar.raster.read import Extent, open_raster

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RadarScene:
    """What a radar scene is taken for.

    Attributes:
        kind: Kind of product; None for an image that is mapped as it is, such as bytes.
        reason: What told the kind, in words; empty without a kind.
        product: Product through which amplitude is made; None where pixels are taken as they are stored.
    """

    kind: str | None = None
    reason: str = ""
    product: OpenedProduct | None = None


def radar_scene(path: Path, name: str | None = None, bands: tuple[int, ...] | None = None) -> RadarScene:
    """Recognise a radar scene, and whether it must be read through its product; both are logged.

    Bytes are what networks see, and several bands that nobody explains are refused elsewhere: both have no
    kind. Products whose pixels or moduli are amplitude are taken as they are stored, and so are decibels
    that only their values tell.

    Args:
        path: Radar image, or the folder of a product.
        name: Kind of product, where the person knows better; None recognises it.
        bands: Band that the person chooses, from 1; None takes the only one, or the first of a product whose
            bands are known to be polarisations.

    Raises:
        InputError: The file is unreadable, or not of the kind `name`.
    """
    if bands is not None and len(bands) != 1:
        raise InputError(f"{len(bands)} bands are given where radar is one; give one number", option="bands")
    band = None if bands is None else bands[0]
    if name is not None:
        found = find_product(path, name, band)
        stored = found.product.encoding in (Encoding.AMPLITUDE, Encoding.MODULUS)
        plain = stored and found.path == path and found.band == 1
        return RadarScene(found.product.kind, found.recognised_by, None if plain else found)
    if not path.is_dir() and band is None and _as_they_are(path):
        return RadarScene()
    reader, reason = recognise(path)
    if not reader.as_stored and reader is not DECIBEL:
        found = find_product(path, band=band)
        return RadarScene(found.product.kind, reason, found)
    log.info("%s is read as %s: %s", path, reader.name, reason)
    return RadarScene(reader.name, reason)


def amplitude_opener(found: OpenedProduct) -> Opener:
    """Make an opener of the amplitude of a product, float32."""
    encoding, scale = found.product.encoding, np.float32(found.product.scale)

    def to_amplitude(_: Extent, values: NDArray[Any], valid: Validity) -> tuple[NDArray[Any], Validity]:
        amplitude = encoding.of_pixels(values) * scale
        finite: NDArray[np.bool_] = np.isfinite(amplitude).all(0)
        return amplitude, finite if valid is None else finite & valid

    return changed(found.opener, to_amplitude, dtype=np.dtype(np.float32))


def _as_they_are(path: Path) -> bool:
    """Tell whether an image holds bytes, or several bands, which are no product that a file tells."""
    try:
        with open_raster(path) as dataset:
            return dataset.dtypes[0] == "uint8" or len(data_bands(dataset)) != 1
    except InputError:  # such as the manifest of a folder
        return False
