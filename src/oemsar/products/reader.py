"""Readers of one kind of product, and the product they open: its facts, pixels and georeferencing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TypeAlias

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.products.product import Product
from oemsar.raster.bands import raster_opener
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.pixels import Opener
from oemsar.raster.read import open_raster

Recogniser: TypeAlias = Callable[[Path], str | None]
"""Gives what tells that a file is of a kind, in words; None for a file of another kind. Never raises."""


@dataclass(frozen=True)
class OpenedProduct:
    """A product on disk, recognised and described.

    Attributes:
        path: File of the pixels.
        product: Facts that the product states about itself.
        band: Band that is read, from 1.
        opener: Opens the pixels; every thread its own.
        georeference: Georeferencing of the pixels.
        metadata: Other files that were read for the facts, the calibration or the georeferencing.
        recognised_by: What told the kind, in words; empty where nobody asked.
    """

    path: Path
    product: Product
    band: int
    opener: Opener
    georeference: Georeference
    metadata: tuple[Path, ...] = ()
    recognised_by: str = ""


@dataclass(frozen=True)
class Reader:
    """A reader of one kind of product.

    Another package adds one through the entry point group `oemsar.products`.

    Attributes:
        name: Name of the kind, as under which it is registered.
        summary: One line for a list of the kinds.
        recognises: Gives what tells that a file is of this kind, in words for a person, such as `tag
            PROVIDER`; None for a file of another kind or one that cannot be opened. Never raises.
        read: Opens one band of a file, from 1, or the only one where None; raises InputError for a file of
            another kind.
        as_stored: Whether verbs that take the pixels of a raster as they are stored, or their moduli, take
            what is meant; pixels of other products are made amplitude through `read` first.
    """

    name: str
    summary: str
    recognises: Recogniser
    read: Callable[[Path, int | None], OpenedProduct]
    as_stored: bool = True


def by_raster(tells: Callable[[Path, DatasetReader], str | None]) -> Recogniser:
    """Make a recogniser of a function that looks into an open raster.

    Args:
        tells: Gives what tells the kind, or None, from the path and the open raster.

    Returns:
        The recogniser, which gives None for a file that cannot be opened or read.
    """

    @wraps(tells)
    def recognises(path: Path) -> str | None:
        try:
            with open_raster(path) as dataset:
                return tells(path, dataset)
        except (InputError, OSError, RasterioError):
            return None

    return recognises


def read_raster(
    path: Path, band: int | None, product: Product, *, ordered: bool, metadata: tuple[Path, ...] = ()
) -> OpenedProduct:
    """Open a product that is a band of a file which GDAL reads.

    Args:
        path: File of the product.
        band: Band, from 1; None takes the only one, or the first where `ordered`.
        product: Facts that the product states about itself.
        ordered: Whether the bands are polarisations in a known order.
        metadata: Other files that the facts come from.

    Raises:
        InputError: There is no such band, or one of several must be chosen.
    """
    with open_raster(path) as dataset:
        chosen = _band(dataset, path, band, ordered)
        return OpenedProduct(
            path, product, chosen, raster_opener(path, chosen), georeference_of(dataset), metadata
        )


def require_radar(
    dataset: DatasetReader, path: Path, kind: str, band: int | None, *, complex_pixels: bool
) -> None:
    """Check that an open raster can hold pixels of a kind of product.

    Args:
        dataset: Open raster.
        path: File, for messages.
        kind: Kind of product, for messages.
        band: Band that a person names, from 1; with one a picture in colours passes.
        complex_pixels: Whether the kind has complex pixels.

    Raises:
        InputError: It is an optical image, or complex where real pixels are due, or real where complex are.
    """
    if band is None and looks_optical(dataset):
        raise InputError(
            f"{path} has {dataset.count} bands of {dataset.dtypes[0]}: an optical image where radar is "
            "expected; give the radar scene, or name the band of radar stored as a picture",
            option="band",
        )
    is_complex = is_complex_raster(dataset)
    if is_complex and not complex_pixels:
        raise InputError(
            f"{path} is complex where {kind} has real pixels; name no kind of product, or a complex one",
            option="product",
        )
    if complex_pixels and not is_complex:
        raise InputError(
            f"{path} has {dataset.dtypes[0]} pixels where {kind} is complex; name no kind of product",
            option="product",
        )


def data_bands(dataset: DatasetReader) -> list[int]:
    """List the bands of an open raster, from 1, without an alpha band, which says which pixels carry data."""
    alpha = [interpretation is ColorInterp.alpha for interpretation in dataset.colorinterp]
    return [number for number, mask in enumerate(alpha, start=1) if not mask or all(alpha)]


def looks_optical(dataset: DatasetReader) -> bool:
    """Check whether an open raster is a picture in colours: three or four bands of 8 or 16 bits."""
    return dataset.count in (3, 4) and dataset.dtypes[0] in ("uint8", "uint16")


def is_complex_raster(dataset: DatasetReader) -> bool:
    """Check whether the first band of an open raster is complex, of floating or integer parts."""
    name: str = dataset.dtypes[0]
    return name.startswith("complex") or np.issubdtype(np.dtype(name), np.complexfloating)


def _band(dataset: DatasetReader, path: Path, band: int | None, ordered: bool) -> int:
    bands = data_bands(dataset)
    if band is None:
        if len(bands) == 1 or ordered:
            return bands[0]
        raise InputError(
            f"{path} has {len(bands)} bands; choose one from 1 to {dataset.count}, or name the product, such "
            "as sentinel1-rtc where they are VV and VH of Sentinel-1",
            option=("band", "product"),
        )
    if band not in bands:
        raise InputError(f"{path} has {len(bands)} band(s), no band {band}; choose another", option="band")
    return band
