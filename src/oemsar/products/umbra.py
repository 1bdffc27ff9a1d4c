"""Umbra GEC: bytes tuned for display, on a grid turned into the direction of flight.

Umbra's product guide describes the GEC as amplitude projected on an ellipsoid at the height of the scene,
adapted for viewing; calibrated values are in the SICD of the same collect. The file carries a rotated
affine, in some deliveries rational polynomials, and zeros around the collect without a nodata value.
`..._METADATA.json` beside it is read where it is there, or the STAC item `....stac.v2.json`. Names hold
`UMBRA` (`2023-04-30-14-49-27_UMBRA-05_GEC.tif`). Bytes on a rotated grid alone tell nothing: a scene of
another name is read as amplitude unless a person names the product. A GEC was tried on a real file.
"""

from pathlib import Path

from rasterio.io import DatasetReader

from oemsar.geometry.look import read_look, read_projection_height
from oemsar.products import umbra_metadata
from oemsar.products.product import Encoding, Product
from oemsar.products.reader import OpenedProduct, Reader, by_raster, data_bands, read_raster, require_radar
from oemsar.raster.read import open_raster

NAME = "umbra-gec"


@by_raster
def recognises(path: Path, dataset: DatasetReader) -> str | None:
    """Look for one band of bytes under a name of Umbra, or Umbra's metadata beside it."""
    ours = any(key.startswith("OEMSAR_") for key in dataset.tags())
    if len(data_bands(dataset)) != 1 or dataset.dtypes[0] != "uint8" or ours:
        return None
    metadata = umbra_metadata.beside(path)
    if metadata is not None:
        return f"{metadata.name} beside it"
    return "name of Umbra" if "umbra" in path.name.casefold() else None


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
        metadata = None if sidecar is None else umbra_metadata.read_metadata(sidecar)
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
    beside = () if sidecar is None else (sidecar,)
    return read_raster(path, band, product, ordered=False, metadata=beside)


READER = Reader(NAME, "Umbra GEC: bytes tuned for display, by name or metadata beside", recognises, read)
