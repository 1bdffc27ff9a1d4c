"""NAIP orthophotos of the United States from the image service of the U.S. Geological Survey (ArcGIS REST).

The service lists its rasters (`query`) and makes an image of a single one, locked, on a grid that is asked
for (`exportImage`): here that of the raster in the CRS of the service, with nearest neighbours.
"""

import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import shapely
from odc.geo.geobox import GeoBox
from pydantic import Field
from pyproj import Transformer
from pyproj.exceptions import CRSError, ProjError
from rasterio import Affine
from shapely.geometry.base import BaseGeometry

from oemsar.config_file import Foreign, parse_json
from oemsar.errors import Failure, InputError
from oemsar.progress import Report
from oemsar.raster.grid import footprint
from oemsar.scenes.image_pieces import ImageAddress, bounds_text, fetch_images
from oemsar.scenes.naip import ATTRIBUTION, COLOURS, LICENCE
from oemsar.scenes.pixels_of_area import extent_of, part_of
from oemsar.scenes.scene import Asset, Grid, Scene, wkt_of
from oemsar.scenes.source import Order, Query, Services
from oemsar.scenes.tile_matrix import stretch_of
from oemsar.web.client import DAY

_LARGEST_IMAGE = 2000
_LATEST = {102100: 3857, 102113: 3857}
"""Codes of Esri for Web Mercator."""


class _Reference(Foreign):
    wkid: int = 4326
    latest: int | None = Field(None, alias="latestWkid")

    @property
    def code(self) -> int:
        """EPSG code."""
        return self.latest or _LATEST.get(self.wkid, self.wkid)


class _Attributes(Foreign):
    number: int = Field(alias="OBJECTID")
    name: str = Field(alias="Name", min_length=1)
    year: int | None = Field(None, alias="Year")
    pixel: float = Field(alias="LowPS", gt=0)


class _Outline(Foreign):
    rings: tuple[tuple[tuple[float, ...], ...], ...] = Field(min_length=1)


class _Raster(Foreign):
    attributes: _Attributes
    geometry: _Outline


class _Answer(Foreign):
    features: tuple[_Raster, ...]
    spatialReference: _Reference = _Reference()  # noqa: N815 (name of the service)


class NaipUsgs:
    """Source of NAIP through an image service."""

    name = "naip-usgs"
    summary = "orthophotos of the United States, 0.3 to 1 m, near infrared (NAIP, USGS image service)"
    licence = LICENCE
    attribution = ATTRIBUTION
    assets = ("image",)
    endpoints = ("naip_images",)
    has_levels = False

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Find the rasters that meet an area; their years are known, and no days.

        Raises:
            Failure: The service cannot be reached or does not answer as it should.
        """
        base, seen = services.endpoints.of("naip_images"), set[str]()
        for part in getattr(query.area, "geoms", (query.area,)):
            answer = _ask(services, base, part)
            for raster in answer.features:
                scene = _scene(raster, answer.spatialReference.code, base)
                if scene is not None and scene.name not in seen and query.takes(scene):
                    seen.add(scene.name)
                    yield scene

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Make a COG of a raster or of the part in a window, on the grid of the raster.

        Raises:
            InputError: The window does not meet the raster, or the table does not state its grid.
            DiskFull: The disk has no room left.
            Failure: The service does not answer as it should.
        """
        if order.asset.grid is None or order.asset.layer is None:
            raise InputError(f"scene {order.scene.name} states no grid; find the scenes again")
        grid = order.asset.grid.geobox
        if order.window is not None:
            crs, affine = str(grid.crs), grid.affine
            grid = part_of(crs, affine, extent_of(order.window, crs, affine).clipped(order.asset.grid.shape))
        address = _image_address(services.endpoints.of("naip_images"), order.asset.layer)
        fetch_images(order, services, grid, address, report, largest=_LARGEST_IMAGE, colours=COLOURS)


def _ask(services: Services, base: str, area: BaseGeometry) -> _Answer:
    asked = {
        "f": "json",
        "where": "Category=1",
        "geometry": ",".join(f"{value:.8g}" for value in area.bounds),
        "geometryType": "esriGeometryEnvelope",
        "inSR": "4326",
        "spatialRel": "esriSpatialRelIntersects",
        "outFields": "OBJECTID,Name,Year,LowPS",
        "returnGeometry": "true",
    }
    content = services.web.require(f"{base}/query?{urlencode(asked, quote_via=quote, safe=',')}", keep=DAY)
    try:
        return _Answer.model_validate(parse_json(content.decode("utf-8-sig")))
    except (InputError, ValueError) as error:
        raise Failure(
            f"{base} does not list its rasters ({error}); see whether the service has moved",
            option="endpoint",
        ) from error


def _scene(raster: _Raster, code: int, base: str) -> Scene | None:
    """Describe a raster; None where its place or its name cannot be meant."""
    facts = raster.attributes
    try:
        ring = [point[:2] for point in raster.geometry.rings[0]]
        left, bottom, right, top = shapely.Polygon(ring).bounds
        shape = (round((top - bottom) / facts.pixel), round((right - left) / facts.pixel))
        grid = GeoBox(shape, Affine(facts.pixel, 0, left, 0, -facts.pixel, top), f"EPSG:{code}")
        outline = footprint(grid)
        if outline is None:
            return None
        to_degrees = Transformer.from_crs(f"EPSG:{code}", "EPSG:4326", always_xy=True)
        _, latitude = to_degrees.transform((left + right) / 2, (bottom + top) / 2)
        return Scene(
            name=facts.name,
            source=NaipUsgs.name,
            footprint=wkt_of(outline),
            year=facts.year,
            gsd=facts.pixel * stretch_of(f"EPSG:{code}", latitude),
            licence=LICENCE,
            attribution=ATTRIBUTION,
            assets=(
                Asset(
                    name="image",
                    file=f"{facts.name}.tif",
                    address=f"{base}/exportImage",
                    media_type="image/tiff; application=geotiff; profile=cloud-optimized",
                    layer=str(facts.number),
                    grid=Grid.of(grid),
                ),
            ),
        )
    except (InputError, ValueError, CRSError, ProjError, shapely.errors.GEOSException):
        return None


def _image_address(base: str, number: str) -> ImageAddress:
    """Give the address of the image of a grid, made of one raster alone."""
    rule = {"mosaicMethod": "esriMosaicLockRaster", "lockRasterIds": [int(number)]}
    asked = {
        "f": "image",
        "format": "tiff",
        "pixelType": "U8",
        "interpolation": "RSP_NearestNeighbor",
        "mosaicRule": json.dumps(rule, separators=(",", ":")),
    }
    beginning = f"{base}/exportImage?{urlencode(asked, quote_via=quote)}"

    def address(grid: GeoBox) -> str:
        code = grid.crs.to_epsg() if grid.crs is not None else None
        size = f"{grid.shape[1]},{grid.shape[0]}"
        return f"{beginning}&bbox={bounds_text(grid)}&bboxSR={code}&imageSR={code}&size={size}"

    return address


SOURCE = NaipUsgs()
