"""Sentinel-1 radiometrically terrain corrected: gamma nought as power or in dB, VV and VH.

Providers of RTC products (Planetary Computer, Digital Earth Africa) deliver gamma nought as power in two
floating-point bands, VV first; some collections store 10 log10 of it. Power is never negative and
backscatter in dB mostly is, which tells the two apart. Gamma nought of an RTC product is normalised with
the local terrain, so it does not become sigma nought by one angle (Small 2011, Flattening Gamma).
"""

from datetime import datetime
from pathlib import Path

from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.products.plain import looks_decibel
from oemsar.products.product import Calibration, Encoding, Product
from oemsar.products.reader import OpenedProduct, Reader, is_complex_raster, read_raster, require_radar
from oemsar.raster.read import open_raster

NAME = "sentinel1-rtc"


def recognises(path: Path) -> bool:
    """Check whether `path` has two real floating-point bands."""
    with open_raster(path) as dataset:
        return dataset.count == 2 and dataset.dtypes[0] in ("float32", "float64")


def read(path: Path, band: int | None) -> OpenedProduct:
    """Open the product in `path`.

    Args:
        path: GeoTIFF of the product.
        band: Band, from 1; None takes the first, VV.

    Raises:
        InputError: It is optical, complex, or has more than two bands.
    """
    with open_raster(path) as dataset:
        require_radar(dataset, path, NAME, band, complex_pixels=False)
        if dataset.count > 2 or is_complex_raster(dataset):
            raise InputError(f"{path} has {dataset.count} bands; {NAME} has one or two (VV, VH)")
        time = _time(dataset)
        year = [] if time is None else [str(time.year)]
        product = Product(
            kind=NAME,
            encoding=Encoding.DECIBEL if looks_decibel(dataset, band or 1) else Encoding.POWER,
            calibration=Calibration("gamma0"),
            polarisation="VV,VH" if dataset.count == 2 else None,
            time=time,
            attribution=" ".join(["Contains modified Copernicus Sentinel data", *year]),
            licence="Legal notice on the use of Copernicus Sentinel data: free, full and open access",
        )
    return read_raster(path, band, product, ordered=True)


def _time(dataset: DatasetReader) -> datetime | None:
    text = dataset.tags().get("datetime")
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


READER = Reader(NAME, "Sentinel-1 RTC: gamma nought as power or dB, VV and VH", recognises, read)
