"""Services of orthophotos that show one world: XYZ tiles, WMTS with Lambert 93, WMS, an image service."""

import io
import json
from dataclasses import dataclass, field

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio import Affine

from .server import JSON, PAGE, Answer, Request

HALF = 20_037_508.342789244
L93_LEFT, L93_TOP = 0.0, 12_000_000.0


@dataclass(frozen=True)
class World:
    """Pixels of the ground on a grid, of which services show what is asked for.

    Attributes:
        pixels: Bytes, shape (bands, rows, columns).
        crs: CRS of the grid.
        affine: Affine of the grid.
    """

    pixels: NDArray[np.uint8]
    crs: str
    affine: Affine

    @classmethod
    def read(cls, path: object) -> "World":
        """Take the world from a raster, such as the orthophoto of a simulated scene."""
        with rasterio.open(path) as dataset:
            return cls(dataset.read(), dataset.crs.to_string(), dataset.transform)

    def show(self, crs: str, affine: Affine, shape: tuple[int, int]) -> NDArray[np.uint8] | None:
        """Sample the world at the centres of the pixels of a grid; None where it has none of them."""
        rows, columns = np.indices(shape) + 0.5
        x, y = affine.a * columns + affine.c, affine.e * rows + affine.f
        there = Transformer.from_crs(crs, self.crs, always_xy=True).transform(x, y)
        inverse = ~self.affine
        column = np.floor(inverse.a * there[0] + inverse.b * there[1] + inverse.c).astype(int)
        row = np.floor(inverse.d * there[0] + inverse.e * there[1] + inverse.f).astype(int)
        bands, height, width = self.pixels.shape
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        if not inside.any():
            return None
        shown = np.zeros((bands, *shape), np.uint8)
        shown[:, inside] = self.pixels[:, row[inside], column[inside]]
        return shown


def world_with_a_building(
    crs: str, centre: tuple[float, float], *, gsd: float = 0.2, side: int = 900
) -> tuple[World, tuple[float, float]]:
    """A world of grey ground, with a bright building of 10 m; the second is its middle in degrees.

    Args:
        crs: CRS of the ground.
        centre: Longitude and latitude of the middle of the ground.
        gsd: Side of a pixel in the unit of the CRS.
        side: Pixels of a side.
    """
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*centre)
    affine = Affine(gsd, 0, x - gsd * side / 2, 0, -gsd, y + gsd * side / 2)
    rng = np.random.default_rng(0)
    ground = np.kron(rng.integers(60, 110, (4, side // 60, side // 60)), np.ones((1, 60, 60))).astype(
        np.uint8
    )
    half, row, column = round(5 / gsd), side // 2 + 40, side // 2 - 70
    ground[:, row - half : row + half, column - half : column + half] = 250
    middle = affine @ (column, row)
    place = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*middle)
    return World(ground, crs, affine), place


def image_bytes(pixels: NDArray[np.uint8], form: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels[:3].transpose(1, 2, 0))
    image.save(buffer, form, **({"quality": 95, "subsampling": 0} if form == "JPEG" else {}))
    return buffer.getvalue()


def tiff_bytes(pixels: NDArray[np.uint8], crs: str, affine: Affine) -> bytes:
    buffer = io.BytesIO()
    profile = {"driver": "GTiff", "count": len(pixels), "dtype": "uint8", "crs": crs, "transform": affine}
    with rasterio.open(buffer, "w", height=pixels.shape[1], width=pixels.shape[2], **profile) as dataset:
        dataset.write(pixels)
    return buffer.getvalue()


def _tile(world: World, crs: str, affine: Affine, side: int = 256) -> Answer:
    shown = world.show(crs, affine, (side, side))
    if shown is None:
        return Answer(b"no tile", "text/plain", 404)
    return Answer(image_bytes(shown), "image/jpeg", etag='"t"')


@dataclass(frozen=True)
class Xyz:
    """XYZ tiles at `/xyz/{z}/{x}/{y}.jpg`."""

    world: World

    def __call__(self, request: Request) -> Answer | None:
        if not request.path.startswith("/xyz/"):
            return None
        z, x, y = (int(part) for part in request.path.removeprefix("/xyz/").removesuffix(".jpg").split("/"))
        size = 2 * HALF / (256 << z)
        affine = Affine(size, 0, -HALF + 256 * size * x, 0, -size, HALF - 256 * size * y)
        return _tile(self.world, "EPSG:3857", affine)


@dataclass(frozen=True)
class Wmts:
    """WMTS at `/wmts`: Lambert 93 of levels 18 to 20, and Web Mercator of levels 17 to 19."""

    world: World

    def __call__(self, request: Request) -> Answer | None:
        if request.path != "/wmts":
            return None
        asked = request.query
        if asked["REQUEST"] == "GetCapabilities":
            return Answer(self.capabilities().encode(), "application/xml")
        assert asked["STYLE"] == "normal"
        assert asked["FORMAT"] == "image/jpeg"
        level, column, row = (int(asked[name]) for name in ("TILEMATRIX", "TILECOL", "TILEROW"))
        if asked["TILEMATRIXSET"] == "2154_10cm_10_20":
            assert asked["LAYER"] == "HR.ORTHOIMAGERY.ORTHOPHOTOS.L93"
            size = 0.1 * 2 ** (20 - level)
            affine = Affine(size, 0, L93_LEFT + 256 * size * column, 0, -size, L93_TOP - 256 * size * row)
            return _tile(self.world, "EPSG:2154", affine)
        size = 2 * HALF / (256 << level)
        affine = Affine(size, 0, -HALF + 256 * size * column, 0, -size, HALF - 256 * size * row)
        return _tile(self.world, "EPSG:3857", affine)

    def capabilities(self) -> str:
        def matrix(level: int, size: float, corner: str, width: int, height: int) -> str:
            return (
                f"<TileMatrix><ows:Identifier>{level}</ows:Identifier>"
                f"<ScaleDenominator>{size / 0.00028:.10f}</ScaleDenominator>"
                f"<TopLeftCorner>{corner}</TopLeftCorner>"
                "<TileWidth>256</TileWidth><TileHeight>256</TileHeight>"
                f"<MatrixWidth>{width}</MatrixWidth><MatrixHeight>{height}</MatrixHeight></TileMatrix>"
            )

        def limits(level: int) -> str:
            size = 256 * 0.1 * 2 ** (20 - level)
            return (
                f"<TileMatrixLimits><TileMatrix>{level}</TileMatrix>"
                f"<MinTileRow>{int((L93_TOP - 7_239_966) / size)}</MinTileRow>"
                f"<MaxTileRow>{int((L93_TOP - 5_877_034) / size)}</MaxTileRow>"
                f"<MinTileCol>{int(14_410 / size)}</MinTileCol>"
                f"<MaxTileCol>{int(1_300_132 / size)}</MaxTileCol>"
                "</TileMatrixLimits>"
            )

        def layer(name: str, grid: str, inside: str = "") -> str:
            return (
                f"<Layer><ows:Identifier>{name}</ows:Identifier>"
                '<Style isDefault="true"><ows:Identifier>normal</ows:Identifier></Style>'
                f"<Format>image/jpeg</Format><TileMatrixSetLink><TileMatrixSet>{grid}</TileMatrixSet>"
                f"{inside}</TileMatrixSetLink></Layer>"
            )

        lambert = "".join(
            matrix(level, 0.1 * 2 ** (20 - level), f"{L93_LEFT} {L93_TOP}", 1 << level, 1 << level)
            for level in (18, 19, 20)
        )
        mercator = "".join(
            matrix(level, 2 * HALF / (256 << level), f"-{HALF} {HALF}", 1 << level, 1 << level)
            for level in (17, 18, 19)
        )
        shown = f"<TileMatrixSetLimits>{''.join(map(limits, (18, 19, 20)))}</TileMatrixSetLimits>"
        return (
            '<?xml version="1.0" encoding="UTF-8"?><Capabilities xmlns="http://www.opengis.net/wmts/1.0" '
            'xmlns:ows="http://www.opengis.net/ows/1.1" version="1.0.0"><Contents>'
            + layer("OTHER", "PM")
            + layer("HR.ORTHOIMAGERY.ORTHOPHOTOS.L93", "2154_10cm_10_20", shown)
            + layer("HR.ORTHOIMAGERY.ORTHOPHOTOS", "PM")
            + "<TileMatrixSet><ows:Identifier>2154_10cm_10_20</ows:Identifier>"
            f"<ows:SupportedCRS>IGNF:LAMB93</ows:SupportedCRS>{lambert}</TileMatrixSet>"
            "<TileMatrixSet><ows:Identifier>PM</ows:Identifier>"
            f"<ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>{mercator}</TileMatrixSet>"
            "</Contents></Capabilities>"
        )


@dataclass(frozen=True)
class Wms:
    """WMS at `/wms`, which refuses images of more than `largest` pixels a side."""

    world: World
    largest: int = 4000

    def __call__(self, request: Request) -> Answer | None:
        if request.path != "/wms":
            return None
        asked = request.query
        assert (asked["REQUEST"], asked["FORMAT"]) == ("GetMap", "image/geotiff")
        left, bottom, right, top = (float(part) for part in asked["BBOX"].split(","))
        width, height = int(asked["WIDTH"]), int(asked["HEIGHT"])
        if max(width, height) > self.largest:
            return Answer(b"<ServiceExceptionReport/>", "text/xml", 400)
        affine = Affine((right - left) / width, 0, left, 0, (bottom - top) / height, top)
        shown = self.world.show(asked["CRS"], affine, (height, width))
        shown = np.zeros((4, height, width), np.uint8) if shown is None else shown
        return Answer(tiff_bytes(shown[:3], asked["CRS"], affine), "image/geotiff")


@dataclass
class ImageService:
    """An ArcGIS image service at `/ImageServer` with one raster on its own grid.

    Attributes:
        world: Pixels and grid of the raster, four bands.
        year: Year of the raster.
        offline: Whether it answers with a page.
    """

    world: World
    year: int = 2021
    offline: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer | None:
        if not request.path.startswith("/ImageServer"):
            return None
        if self.offline:
            return Answer(PAGE, "text/html")
        asked, verb = request.query, request.path.rpartition("/")[2]
        self.asked.append(asked)
        return self.query(asked) if verb == "query" else self.export(asked)

    def outline(self) -> list[list[float]]:
        _, height, width = self.world.pixels.shape
        corners = [self.world.affine @ c for c in ((0, 0), (width, 0), (width, height), (0, height), (0, 0))]
        return [[float(x), float(y)] for x, y in corners]

    def query(self, asked: dict[str, str]) -> Answer:
        code = int(self.world.crs.removeprefix("EPSG:"))
        to_degrees = Transformer.from_crs(self.world.crs, "EPSG:4326", always_xy=True)
        ring = self.outline()
        attributes = {"OBJECTID": 7, "Name": "m_3", "Year": self.year, "LowPS": self.world.affine.a}
        feature = {"attributes": attributes, "geometry": {"rings": [ring]}}
        west, south, east, north = (float(part) for part in asked["geometry"].split(","))
        lon, lat = to_degrees.transform(*np.array(ring).T)
        meets = west < lon.max() and east > lon.min() and south < lat.max() and north > lat.min()
        content = {
            "features": [feature] if meets else [],
            "spatialReference": {"wkid": {3857: 102100}.get(code, code)},
        }
        return Answer(json.dumps(content).encode(), JSON)

    def export(self, asked: dict[str, str]) -> Answer:
        rule = json.loads(asked["mosaicRule"])
        assert rule["mosaicMethod"] == "esriMosaicLockRaster"
        assert rule["lockRasterIds"] == [7]
        left, bottom, right, top = (float(part) for part in asked["bbox"].split(","))
        width, height = (int(part) for part in asked["size"].split(","))
        affine = Affine((right - left) / width, 0, left, 0, (bottom - top) / height, top)
        crs = f"EPSG:{asked['imageSR']}"
        shown = self.world.show(crs, affine, (height, width))
        shown = np.zeros((4, height, width), np.uint8) if shown is None else shown
        return Answer(tiff_bytes(shown, crs, affine), "image/tiff")
