"""ICEYE GRD: ground range amplitude as a GeoTIFF of 16 bits, in the orientation of the sensor.

After ICEYE's product documentation (radiometric calibration; amplitude image): sigma nought is the
`calibration_factor` times the squared pixel, the incidence angle of the ellipsoid is taken into account
already. The file carries control points and rational polynomials, which are kept as they are; zeros outside
the swath carry no data. Not tried on a real file, only on files made by these facts; whether the factor goes
before or after a scale of the band is not documented, so that a band with one gives no sigma nought.
"""

import logging
from pathlib import Path

from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.products.iceye_metadata import (
    PROPERTIES_TAG,
    IceyeMetadata,
    metadata_files,
    read_metadata,
    tagged_properties,
)
from oemsar.products.product import Calibration, Encoding, Product
from oemsar.products.reader import OpenedProduct, Reader, by_raster, read_raster, require_radar
from oemsar.raster.read import open_raster

log = logging.getLogger(__name__)

NAME = "iceye-grd"
_LEGACY_TAGS = {"calibration_factor", "satellite_name"}
_LINEAR = {"linear", "none", "identity"}


@by_raster
def recognises(path: Path, dataset: DatasetReader) -> str | None:
    """Look for ICEYE's tags, or for its metadata beside a file of its name."""
    tags = dataset.tags()
    if any(name.startswith("iceye:") for name in tagged_properties(tags)):
        return f"tag {PROPERTIES_TAG}"
    named = {name.casefold(): value for name, value in tags.items()}
    if named.keys() >= _LEGACY_TAGS and "iceye" in named["satellite_name"].casefold():
        return "tags calibration_factor and satellite_name"
    beside = metadata_files(path)
    if beside and path.name.startswith("ICEYE_"):
        return f"name of ICEYE and {beside[0].name} beside it"
    return None


def read(path: Path, band: int | None) -> OpenedProduct:
    """Open the GRD in `path`.

    Args:
        path: GeoTIFF of the product.
        band: Band, from 1; None takes the only one.

    Raises:
        InputError: There is no metadata, or it is no GRD, or its amplitude is stored in a way that is not
            read.
    """
    with open_raster(path) as dataset:
        metadata, beside = read_metadata(path, dataset.tags())
        if not beside and metadata == IceyeMetadata():
            raise InputError(
                f"{path} has no ICEYE metadata; put its .json or .xml beside it or name another product",
                option="product",
            )
        level = metadata.level or ("SLC" if "_SLC" in path.stem else "")
        if level and not level.upper().startswith("GRD"):
            raise InputError(f"{path} is an ICEYE {level}, which is not read; give the GRD of the same scene")
        require_radar(dataset, path, NAME, band, complex_pixels=False)
        if metadata.mapping is not None and metadata.mapping.function not in _LINEAR:
            raise InputError(
                f"{path} stores amplitude through the function {metadata.mapping.function}, which is not "
                "read; give a GRD of linear amplitude"
            )
        product = Product(
            kind=NAME,
            encoding=Encoding.AMPLITUDE,
            calibration=_calibration(dataset, path, band or 1, metadata),
            look=metadata.look,
            polarisation=metadata.polarisation,
            time=metadata.time,
            attribution="ICEYE",
            licence="terms of the ICEYE product; CC BY 4.0 in the ICEYE Open Data Program",
        )
    return read_raster(path, band, product, ordered=False, metadata=beside)


def _calibration(
    dataset: DatasetReader, path: Path, band: int, metadata: IceyeMetadata
) -> Calibration | None:
    factor = metadata.calibration_factor
    if factor is None or band > dataset.count:
        return None
    if (dataset.scales[band - 1], dataset.offsets[band - 1]) != (1, 0):
        log.warning(
            "%s has a scale or offset beside its calibration factor; it is read without calibration", path
        )
        return None
    return Calibration("sigma0", factor)


READER = Reader(NAME, "ICEYE GRD: tags, or JSON or XML beside it", recognises, read)
