"""What a reader of one kind of product gives: the product, its pixels and where they lie."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.products.product import Product
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.pixels import Opener, raster_opener
from oemsar.raster.read import open_raster


@dataclass(frozen=True)
class Found:
    """A product on disk.

    Attributes:
        path: its file.
        product: what it says about itself.
        band: the band that is read, from 1.
        opener: opens the pixels; every thread its own.
        place: where the pixels lie.
    """

    path: Path
    product: Product
    band: int
    opener: Opener
    place: Georeference


@dataclass(frozen=True)
class Reader:
    """One kind of product.

    Attributes:
        name: as given to `--product`.
        summary: one line for the list.
        recognises: whether a file is of this kind; never raises for a file of another kind.
        read: the product in a file, one band of it; raises InputError where it is none.
    """

    name: str
    summary: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, int | None], Found]


def read_raster(path: Path, band: int | None, product: Product, *, ordered: bool) -> Found:
    """The product as a band of a file that GDAL reads.

    Args:
        path: the file.
        band: from 1; None takes the only band, or the first where `ordered`.
        product: what the file is.
        ordered: the bands are polarisations in a known order.

    Raises:
        InputError: there is no such band, or one of several must be chosen.
    """
    with open_raster(path) as dataset:
        chosen = _band(dataset, path, band, ordered)
        return Found(path, product, chosen, raster_opener(path, chosen), georeference_of(dataset))


def require_radar(
    dataset: DatasetReader, path: Path, kind: str, band: int | None, *, complex_pixels: bool
) -> None:
    """See that an open raster can hold pixels of `kind`. A picture in colours passes where a band is named.

    Raises:
        InputError: it is an optical image, or complex where real pixels are due, or real where complex are.
    """
    if band is None and looks_optical(dataset):
        raise InputError(
            f"{path} has {dataset.count} bands of {dataset.dtypes[0]}: an optical image where radar is "
            "expected; give the radar scene, or --band for radar stored as a picture"
        )
    is_complex = is_complex_raster(dataset)
    if is_complex and not complex_pixels:
        raise InputError(
            f"{path} is complex where {kind} has real pixels; leave --product out or name a complex kind"
        )
    if complex_pixels and not is_complex:
        raise InputError(
            f"{path} has {dataset.dtypes[0]} pixels where {kind} is complex; leave --product out"
        )


def looks_optical(dataset: DatasetReader) -> bool:
    """Whether an open raster is a picture in colours: three or four bands of 8 or 16 bits."""
    return dataset.count in (3, 4) and dataset.dtypes[0] in ("uint8", "uint16")


def is_complex_raster(dataset: DatasetReader) -> bool:
    """Whether the first band of an open raster is complex, of floating or integer parts."""
    name: str = dataset.dtypes[0]
    return name.startswith("complex") or np.issubdtype(np.dtype(name), np.complexfloating)


def _band(dataset: DatasetReader, path: Path, band: int | None, ordered: bool) -> int:
    if band is None:
        if dataset.count == 1 or ordered:
            return 1
        raise InputError(f"{path} has {dataset.count} bands; choose one with --band 1 to {dataset.count}")
    if not 1 <= band <= dataset.count:
        raise InputError(f"{path} has {dataset.count} band(s), no band {band}; choose another --band")
    return band
