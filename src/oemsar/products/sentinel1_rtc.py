"""Sentinel-1 radiometrically terrain corrected: backscatter as power, in dB or as amplitude.

Recognised by the names of its providers (`oemsar.products.sentinel1_names`). Files of other names, such as
two bands VV and VH together (Digital Earth Africa, many data sets), are read where a person names the
product: power is never negative and backscatter in dB mostly is, which tells the two apart. Gamma nought of
an RTC product is normalised with the local terrain, so it does not become sigma nought by one angle (Small
2011, Flattening Gamma). Two bands together in dB were tried on real files.
"""

import logging
from datetime import datetime
from pathlib import Path

from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.products.plain import looks_decibel
from oemsar.products.product import Calibration, Encoding, Product
from oemsar.products.reader import (
    OpenedProduct,
    Reader,
    by_raster,
    data_bands,
    is_complex_raster,
    read_raster,
    require_radar,
)
from oemsar.products.sentinel1_names import NamedRtc, named_rtc
from oemsar.raster.read import open_raster

log = logging.getLogger(__name__)

NAME = "sentinel1-rtc"
_PAIR = ("VV", "VH")
"""Polarisations of two bands together, in the order in which providers put them."""


@by_raster
def recognises(path: Path, dataset: DatasetReader) -> str | None:
    """Look for one band of floating-point pixels under a name of a provider of Sentinel-1 RTC."""
    named = named_rtc(path)
    if named is None or dataset.dtypes[0] not in ("float32", "float64") or len(data_bands(dataset)) != 1:
        return None
    return (
        f"name of {named.provider}, which tells {named.quantity} of {named.polarisation} as "
        f"{named.encoding.value}"
    )


def read(path: Path, band: int | None) -> OpenedProduct:
    """Open the product in `path`.

    Args:
        path: GeoTIFF of the product.
        band: Band, from 1; None takes the first, VV of two.

    Raises:
        InputError: It is optical, complex, or has more than two bands.
    """
    named = named_rtc(path)
    with open_raster(path) as dataset:
        require_radar(dataset, path, NAME, band, complex_pixels=False)
        bands = data_bands(dataset)
        if len(bands) > len(_PAIR) or is_complex_raster(dataset):
            raise InputError(f"{path} has {len(bands)} bands; {NAME} has one or two (VV, VH)")
        if named is not None and len(bands) > 1:
            named = None
        negative = looks_decibel(dataset, band or bands[0])
        time = _tagged_time(dataset) or (named.time if named else None)
        product = Product(
            kind=NAME,
            encoding=_encoding(path, named, negative=negative),
            calibration=Calibration(named.quantity if named else "gamma0"),
            polarisation=_polarisation(named, len(bands)),
            time=time,
            attribution=_attribution(named, time),
            licence="Legal notice on the use of Copernicus Sentinel data: free, full and open access",
        )
    return read_raster(path, band, product, ordered=True)


def _encoding(path: Path, named: NamedRtc | None, *, negative: bool) -> Encoding:
    """Choose the encoding that the name tells, unless values below zero speak against it."""
    told = Encoding.POWER if named is None else named.encoding
    if not negative or told is Encoding.DECIBEL:
        return told
    if named is not None:
        log.warning(
            "%s is named as %s, but many of its values are below zero; it is read as decibels",
            path,
            told.value,
        )
    return Encoding.DECIBEL


def _polarisation(named: NamedRtc | None, bands: int) -> str | None:
    if named is not None:
        return named.polarisation
    return ",".join(_PAIR) if bands == len(_PAIR) else None


def _attribution(named: NamedRtc | None, time: datetime | None) -> str:
    copernicus = "Contains modified Copernicus Sentinel data"
    if time is not None:
        copernicus = f"{copernicus} {time.year}"
    return f"{named.credit}. {copernicus}" if named is not None and named.credit else copernicus


def _tagged_time(dataset: DatasetReader) -> datetime | None:
    text = dataset.tags().get("datetime")
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


READER = Reader(
    NAME,
    "Sentinel-1 RTC: Planetary Computer, HyP3, OPERA by their names; else power or dB, VV and VH",
    recognises,
    read,
    as_stored=False,
)
