"""Capella SLC, GEC and GEO: GeoTIFF whose image description holds the metadata as JSON."""

from pathlib import Path

from rasterio.io import DatasetReader

from oemsar.config_file import parse_json
from oemsar.errors import InputError
from oemsar.products.beside import is_file
from oemsar.products.capella_metadata import CapellaMetadata, parse_metadata
from oemsar.products.json_file import Document, read_document
from oemsar.products.product import Encoding, Product
from oemsar.products.reader import (
    OpenedProduct,
    Reader,
    by_raster,
    is_complex_raster,
    read_raster,
    require_radar,
)
from oemsar.raster.read import open_raster

NAME = "capella"
_TAG = "TIFFTAG_IMAGEDESCRIPTION"


@by_raster
def recognises(path: Path, dataset: DatasetReader) -> str | None:
    """Look for a scale factor in the image description, or Capella's extended.json beside the file."""
    collect = _described(dataset).get("collect")
    image = collect.get("image") if isinstance(collect, dict) else None
    if isinstance(image, dict) and "scale_factor" in image:
        return "scale factor in the image description"
    extended = _extended(path)
    return f"{extended.name} beside it" if path.name.startswith("CAPELLA_") and is_file(extended) else None


def read(path: Path, band: int | None) -> OpenedProduct:
    """Open the product in `path`; the file's own description goes before `extended.json`.

    Args:
        path: GeoTIFF of the product.
        band: Band, from 1; None takes the only one.

    Raises:
        InputError: There is no metadata, or the pixels are not of the type that it implies.
    """
    with open_raster(path) as dataset:
        metadata = _metadata(dataset, path)
        slc = is_complex_raster(dataset)
        kind = f"{NAME}-{(metadata.product_type or ('SLC' if slc else 'GEC')).casefold()}"
        if metadata.product_type and slc != (metadata.product_type == "SLC"):
            raise InputError(
                f"{path} has {dataset.dtypes[0]} pixels, which no Capella {metadata.product_type} has; "
                "check that its metadata belong to it"
            )
        require_radar(dataset, path, kind, band, complex_pixels=slc)
        if metadata.shape is not None and metadata.shape != dataset.shape and slc:
            raise InputError(
                f"{path} has {dataset.height} x {dataset.width} pixels, its metadata say "
                f"{metadata.shape[0]} x {metadata.shape[1]}; check that they belong to it"
            )
    product = Product(
        kind=kind,
        encoding=Encoding.MODULUS if slc else Encoding.AMPLITUDE,
        scale=metadata.scale_factor,
        calibration=metadata.calibration,
        look=metadata.look,
        projection_height=metadata.projection_height,
        polarisation=metadata.polarisation,
        time=metadata.time,
        attribution=metadata.copyright or "Capella Space",
        licence=metadata.licence or "terms of the Capella Space product",
    )
    extended = _extended(path)
    beside = (extended,) if is_file(extended) else ()
    return read_raster(path, band, product, ordered=False, metadata=beside)


def _metadata(dataset: DatasetReader, path: Path) -> CapellaMetadata:
    described = _described(dataset)
    extended = _extended(path)
    beside = read_document(extended) if is_file(extended) else {}
    if not described and not beside:
        raise InputError(
            f"{path} has no Capella metadata; put its *_extended.json beside it or name another product",
            option="product",
        )
    return parse_metadata(_merged(beside, described), str(path))


def _described(dataset: DatasetReader) -> Document:
    try:
        document = parse_json(dataset.tags().get(_TAG, ""))
    except ValueError:
        return {}
    collect = document.get("collect") if isinstance(document, dict) else None
    described = isinstance(collect, dict) and isinstance(collect.get("image", {}), dict)
    return document if described and isinstance(document, dict) else {}


def _extended(path: Path) -> Path:
    return path.with_name(f"{path.stem}_extended.json")


def _merged(lower: Document, upper: Document) -> Document:
    """Replace entries of `lower` by those of `upper`, dictionaries within dictionaries."""
    both = dict(lower)
    for key, value in upper.items():
        nested = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = _merged(both[key], value) if nested else value
    return both


READER = Reader(NAME, "Capella SLC, GEC, GEO: scale factor in the image description", recognises, read)
