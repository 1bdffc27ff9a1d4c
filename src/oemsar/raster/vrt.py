"""GDAL virtual rasters that give the plain pixels of raw rasters their meaning."""

import sys
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from oemsar.raster.georeference import Georeference
from oemsar.raster.raw_raster import RawRaster

_GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
    "complex64": "CFloat32",
    "complex128": "CFloat64",
}


def virtual_raster(shape: tuple[int, int], georeference: Georeference, tags: Mapping[str, str]) -> ET.Element:
    """Make a virtual raster of `shape` (rows, columns) without bands."""
    height, width = shape
    root = ET.Element("VRTDataset", rasterXSize=str(width), rasterYSize=str(height))
    if georeference.grid is not None:
        if georeference.grid.crs is not None:
            ET.SubElement(root, "SRS").text = georeference.grid.crs.to_wkt()
        a, b, c, d, e, f = georeference.grid.affine[:6]
        ET.SubElement(root, "GeoTransform").text = ", ".join(repr(float(v)) for v in (c, a, b, f, d, e))
    if georeference.gcps:
        points = ET.SubElement(root, "GCPList", Projection=georeference.gcps_crs or "")
        for number, point in enumerate(georeference.gcps, start=1):
            items = {"Pixel": point.col, "Line": point.row, "X": point.x, "Y": point.y, "Z": point.z or 0.0}
            values = {key: repr(float(value)) for key, value in items.items()}
            ET.SubElement(points, "GCP", {"Id": str(number), **values})
    for domain, entries in (("", tags), ("RPC", georeference.rpc_items())):
        if entries:
            metadata = ET.SubElement(root, "Metadata", {"domain": domain} if domain else {})
            for key, value in entries.items():
                ET.SubElement(metadata, "MDI", key=key).text = value
    return root


def add_band(root: ET.Element, number: int, raw: RawRaster) -> ET.Element:
    """Add band `number`, from 1, with the pixels of a raw raster beside the virtual raster's file."""
    size = raw.dtype.itemsize
    band = ET.SubElement(
        root,
        "VRTRasterBand",
        dataType=_GDAL_TYPES[raw.dtype.name],
        band=str(number),
        subClass="VRTRawRasterBand",
    )
    ET.SubElement(band, "SourceFilename", relativeToVRT="1").text = raw.path.name
    ET.SubElement(band, "ImageOffset").text = "0"
    ET.SubElement(band, "PixelOffset").text = str(size)
    ET.SubElement(band, "LineOffset").text = str(size * raw.shape[1])
    ET.SubElement(band, "ByteOrder").text = "LSB" if sys.byteorder == "little" else "MSB"
    return band
