"""Umbra GEC: bytes tuned for display, on a grid turned into the direction of flight.

Umbra's product guide describes the GEC as amplitude projected on an ellipsoid at the height of the scene,
adapted for viewing; calibrated values are in the SICD of the same collect. The file carries a rotated
affine, in some deliveries rational polynomials, and zeros around the collect without a nodata value.
`..._METADATA.json` beside it is read where it is there.
"""

from pathlib import Path

from oemsar.geometry.look import read_look, read_projection_height
from oemsar.products import umbra_metadata
from oemsar.products.product import Encoding, Product
from oemsar.products.reader import OpenedProduct, Reader, read_raster, require_radar
from oemsar.raster.read import open_raster

NAME = "umbra-gec"


def recognises(path: Path) -> bool:
    """Check whether `path` has one band of bytes on a rotated grid and was not written by this package."""
    with open_raster(path) as dataset:
        rotated = dataset.transform.b != 0 and dataset.transform.d != 0
        ours = any(key.startswith("OEMSAR_") for key in dataset.tags())
        return dataset.count == 1 and dataset.dtypes[0] == "uint8" and rotated and not ours


def read(path: Path, band: int | None) -> OpenedProduct:
    """Open the GEC in `path`.

    Args:
        path: GeoTIFF of the product.
        band: Band, from 1; None takes the only one.

    Raises:
        InputError: It is optical or complex.
    """
    with open_raster(path) as dataset:
        require_radar(dataset, path, NAME, band, complex_pixels=False)
        sidecar = umbra_metadata.beside(path)
        metadata = umbra_metadata.read_metadata(sidecar) if sidecar.exists() else None
        product = Product(
            kind=NAME,
            encoding=Encoding.AMPLITUDE,
            display_tuned=True,
            look=read_look(dataset) or (metadata.look if metadata else None),
            projection_height=read_projection_height(dataset),
            polarisation=metadata.polarisation if metadata else None,
            time=metadata.time if metadata else None,
            attribution="Umbra Lab, Inc.",
            licence="CC BY 4.0 for products of the Umbra Open Data Program",
        )
    return read_raster(path, band, product, ordered=False)


READER = Reader(NAME, "Umbra GEC: bytes tuned for display, rotated affine", recognises, read)
