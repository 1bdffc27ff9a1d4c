"""What a WMTS says about its layers and grids (OGC 07-057r7, WMTS 1.0.0), as far as tiles are fetched."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from oemsar.errors import Failure
from oemsar.scenes.tile_matrix import HALF_WORLD, TileMatrix
from oemsar.scenes.tiles import Address
from oemsar.web.client import DAY, Web
from oemsar.xml_text import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PIXEL = 0.00028
"""Metres of a pixel of which scale denominators are told (section 6.1)."""
_OWN_NAMES = {"IGNF:LAMB93": "EPSG:2154", "IGNF:WGS84G": "EPSG:4326"}
_OPTION = "endpoint"


@dataclass(frozen=True)
class Layer:
    """A layer in one of its grids.

    Attributes:
        name: Name of the layer.
        style: Name of its style.
        format: Media type of its tiles.
        set_name: Name of the grid.
        levels: Level by its name.
    """

    name: str
    style: str
    format: str
    set_name: str
    levels: dict[str, TileMatrix]

    def address(self, base: str, level: str) -> Address:
        """Give the address of the tiles of a level, key by key."""
        asked = {
            "SERVICE": "WMTS",
            "VERSION": "1.0.0",
            "REQUEST": "GetTile",
            "LAYER": self.name,
            "STYLE": self.style,
            "FORMAT": self.format,
            "TILEMATRIXSET": self.set_name,
            "TILEMATRIX": level,
        }
        beginning = f"{base}?{urlencode(asked, quote_via=quote, safe='/')}"
        return lambda column, row: f"{beginning}&TILEROW={row}&TILECOL={column}"


@dataclass(frozen=True, eq=False)
class Capabilities:
    """Answer of a service to GetCapabilities.

    Attributes:
        address: Address of the service.
        root: Parsed answer.
    """

    address: str
    root: "Element"

    @classmethod
    def ask(cls, web: Web, address: str) -> "Capabilities":
        """Ask a service what it has.

        Raises:
            Failure: It cannot be reached, or is no WMTS.
        """
        content = web.require(f"{address}?SERVICE=WMTS&VERSION=1.0.0&REQUEST=GetCapabilities", keep=DAY)
        try:
            root = parse_xml(content)
            if root.tag.rpartition("}")[2] != "Capabilities":
                raise ValueError(f"its root is {root.tag[:40]!r}")
        except ValueError as error:
            raise Failure(
                f"{address} does not say what a WMTS has ({error}); see whether the service has moved",
                option=_OPTION,
            ) from error
        return cls(address, root)

    def layer(self, name: str, crs: str) -> Layer | None:
        """Find a layer in a grid of a CRS; None where the service has none.

        Raises:
            Failure: The service describes it in a way that cannot be meant.
        """
        found = next(
            (
                each
                for each in self.root.iterfind("{*}Contents/{*}Layer")
                if _text(each, "Identifier") == name
            ),
            None,
        )
        if found is None:
            return None
        style = next((each for each in found.iterfind("{*}Style") if each.get("isDefault") == "true"), None)
        for link in found.iterfind("{*}TileMatrixSetLink"):
            grid = self._grid(_text(link, "TileMatrixSet"))
            if grid is None or _crs(_text(grid, "SupportedCRS")) != crs:
                continue
            try:
                levels = _levels(grid, link, crs)
            except (ValueError, OverflowError, ZeroDivisionError) as error:
                raise Failure(
                    f"{self.address} describes the grid of {name} in a way that cannot be read ({error})",
                    option=_OPTION,
                ) from error
            return Layer(
                name=name,
                style="normal" if style is None else _text(style, "Identifier"),
                format=found.findtext("{*}Format", "image/jpeg"),
                set_name=_text(link, "TileMatrixSet"),
                levels=levels,
            )
        return None

    def _grid(self, name: str) -> "Element | None":
        grids = self.root.iterfind("{*}Contents/{*}TileMatrixSet")
        return next((each for each in grids if _text(each, "Identifier") == name), None)


def _levels(grid: "Element", link: "Element", crs: str) -> dict[str, TileMatrix]:
    """Read the levels of a grid that a layer has, with the tiles that it has of each."""
    limits = {
        _text(each, "TileMatrix"): (
            range(int(_text(each, "MinTileCol")), int(_text(each, "MaxTileCol")) + 1),
            range(int(_text(each, "MinTileRow")), int(_text(each, "MaxTileRow")) + 1),
        )
        for each in link.iterfind("{*}TileMatrixSetLimits/{*}TileMatrixLimits")
    }
    levels = {}
    for each in grid.iterfind("{*}TileMatrix"):
        name = _text(each, "Identifier")
        if limits and name not in limits:
            continue
        left, top = (float(part) for part in _text(each, "TopLeftCorner").split())
        whole = (range(int(_text(each, "MatrixWidth"))), range(int(_text(each, "MatrixHeight"))))
        columns, rows = limits.get(name, whole)
        resolution = _exact(float(_text(each, "ScaleDenominator")) * _PIXEL, crs)
        if not (0 < resolution < math.inf):
            raise ValueError(f"level {name} has pixels of {resolution} m")
        side = int(_text(each, "TileWidth"))
        if side != int(_text(each, "TileHeight")) or not 1 <= side <= 1 << 14:
            raise ValueError(f"level {name} has tiles of {side} x {_text(each, 'TileHeight')} pixels")
        levels[name] = TileMatrix(crs, left, top, resolution, side, columns, rows)
    return levels


def _exact(resolution: float, crs: str) -> float:
    """Undo the rounding of a scale denominator, which would shift tiles far from the origin.

    Web Mercator halves from level to level; national grids have pixels of few decimals.
    """
    if crs == "EPSG:3857":
        level = math.log2(2 * HALF_WORLD / 256 / resolution)
        return 2 * HALF_WORLD / 256 / 2 ** round(level) if abs(level - round(level)) < 1e-4 else resolution
    rounded = float(f"{resolution:.5g}")
    return rounded if abs(rounded - resolution) < 1e-6 * resolution else resolution


def _crs(name: str) -> str:
    found = re.search(r"EPSG:(?:[\d.]*:)?(\d+)$", name)
    return f"EPSG:{found[1]}" if found else _OWN_NAMES.get(name, name)


def _text(element: "Element", name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()
