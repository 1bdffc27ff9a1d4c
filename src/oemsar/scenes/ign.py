"""Orthophotos of France (BD ORTHO) of the Institut national de l'information géographique et forestière.

The Géoplateforme offers them as tiles of WMTS in Lambert 93, the grid of the photographs themselves, and in
Web Mercator, and as images of WMS. A tile is a mosaic of campaigns and does not tell their years.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import shapely
from odc.geo.geobox import GeoBox

from oemsar.errors import Failure, InputError
from oemsar.progress import Report
from oemsar.raster.grid import footprint
from oemsar.raster.read import Extent
from oemsar.scenes.image_pieces import ImageAddress, bounds_text, fetch_images
from oemsar.scenes.scene import Asset, Scene, wkt_of
from oemsar.scenes.source import Order, Query, Services
from oemsar.scenes.tile_matrix import TileMatrix, ground_resolution
from oemsar.scenes.tiles import fetch_tiles, require_imagery
from oemsar.scenes.wmts import Capabilities, Layer

_LAYERS = {
    "l93": ("HR.ORTHOIMAGERY.ORTHOPHOTOS.L93", "EPSG:2154"),
    "pm": ("HR.ORTHOIMAGERY.ORTHOPHOTOS", "EPSG:3857"),
}
"""Layer and CRS of each asset of tiles."""
_WMS_LAYER = "HR.ORTHOIMAGERY.ORTHOPHOTOS"
_NATIVE = 0.2
"""Ground sampling distance of the photographs, metres."""
_SLACK = 1.6
"""Factor by which pixels of Web Mercator may be larger on the map than on the ground of France."""
_FRANCE = shapely.box(-5.6, 41.2, 9.8, 51.3)
_LARGEST_IMAGE = 2048
_MEDIA = "image/tiff; application=geotiff; profile=cloud-optimized"


@dataclass(frozen=True)
class _Chosen:
    """A layer and the level that is fetched of it."""

    layer: Layer
    level: str

    @property
    def matrix(self) -> TileMatrix:
        return self.layer.levels[self.level]


class Ign:
    """Source of the orthophotos of France."""

    name = "ign"
    summary = "orthophotos of France, 0.2 m (IGN, BD ORTHO)"
    licence = "Licence Ouverte / Open Licence 2.0 (Etalab), compatible with CC BY 2.0"
    attribution = "© IGN, BD ORTHO®, YEAR"
    assets = ("l93",)
    endpoints = ("ign_wmts", "ign_wms")
    has_levels = True

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Give the photographs of an area as one scene with a file for each grid; its time is not known.

        Raises:
            InputError: The area has none, or there is no such level.
            Failure: The service cannot be reached or has no such layers.
        """
        area = query.area.intersection(_FRANCE)
        if area.area == 0:
            raise InputError(
                "ign covers France without its overseas parts; choose another area", option="area"
            )
        query.require_any_time(self.name)
        capabilities = Capabilities.ask(services.web, services.endpoints.of("ign_wmts"))
        levels = {"l93": query.level, "pm": None}
        chosen = {name: found for name in _LAYERS if (found := _choose(capabilities, name, levels[name]))}
        if "l93" not in chosen:
            raise Failure(
                f"{capabilities.address} has no layer {_LAYERS['l93'][0]}; see whether the service has "
                "changed",
                option="endpoint",
            )
        own = chosen["l93"]
        gsd = ground_resolution(own.matrix, area)
        if not query.takes_gsd(gsd):
            return
        address = own.layer.address(capabilities.address, own.level)
        extent = require_imagery(services, own.matrix, area, address, self.name)
        outline = footprint(own.matrix.grid(extent))
        if outline is not None:
            yield self._scene(wkt_of(outline), gsd, extent, chosen, services)

    def _scene(
        self, outline: str, gsd: float, extent: Extent, chosen: dict[str, _Chosen], services: Services
    ) -> Scene:
        tiles = [
            Asset(
                name=name,
                file=f"ign_{name}.tif",
                address=services.endpoints.of("ign_wmts"),
                media_type=_MEDIA,
                layer=each.layer.name,
                level=int(each.level),
            )
            for name, each in chosen.items()
        ]
        image = Asset(
            name="wms",
            file="ign_wms.tif",
            address=services.endpoints.of("ign_wms"),
            media_type=_MEDIA,
            layer=_WMS_LAYER,
            level=int(chosen["l93"].level),
        )
        return Scene(
            name=f"bdortho_{chosen['l93'].level}_{extent.column}_{extent.row}_{extent.width}x{extent.height}",
            source=self.name,
            footprint=outline,
            gsd=gsd,
            licence=self.licence,
            attribution=self.attribution,
            assets=(*tiles, image),
        )

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Make a COG of the tiles on their own grid, or of images of WMS on the grid of Lambert 93.

        Raises:
            InputError: There is no imagery.
            DiskFull: The disk has no room left.
            Failure: The service does not answer as it should.
        """
        capabilities = Capabilities.ask(services.web, services.endpoints.of("ign_wmts"))
        name = order.asset.name if order.asset.name in _LAYERS else "l93"
        chosen = _choose(capabilities, name, order.asset.level)
        if chosen is None:
            raise Failure(
                f"{capabilities.address} no longer has {order.asset.layer}; find the scenes again",
                option="endpoint",
            )
        matrix, outline = chosen.matrix, order.scene.outline
        if order.asset.name == "wms":
            grid = matrix.grid(matrix.pixels_of_scene(outline, order.window))
            fetch_images(order, services, grid, _image_address(services), report, largest=_LARGEST_IMAGE)
            return
        # the outline has its corners on the grid of Lambert 93 alone
        own = name == "l93"
        extent = (
            matrix.pixels_of_scene(outline, order.window)
            if own
            else matrix.pixels_of(order.window or outline)
        )
        address = chosen.layer.address(capabilities.address, chosen.level)
        fetch_tiles(order, services, matrix, extent, address, report=report)


def _image_address(services: Services) -> ImageAddress:
    """Give the address of the image of a grid in Lambert 93 (WMS 1.3.0, whose axes are x and y there)."""
    asked = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetMap",
        "LAYERS": _WMS_LAYER,
        "STYLES": "",
        "FORMAT": "image/geotiff",
        "CRS": "EPSG:2154",
    }
    base = f"{services.endpoints.of('ign_wms')}?{urlencode(asked, quote_via=quote, safe='/:')}"

    def address(grid: GeoBox) -> str:
        return f"{base}&BBOX={bounds_text(grid)}&WIDTH={grid.shape[1]}&HEIGHT={grid.shape[0]}"

    return address


def _choose(capabilities: Capabilities, name: str, level: int | None) -> _Chosen | None:
    """Choose a level of a layer: that of its native resolution, or the one that is asked for.

    Raises:
        InputError: The layer has no such level.
    """
    layer = capabilities.layer(*_LAYERS[name])
    if layer is None or not layer.levels:
        return None
    if level is not None and str(level) not in layer.levels:
        raise InputError(
            f"{layer.name} has no level {level}; it has {', '.join(layer.levels)}", option="level"
        )
    finest = _NATIVE if layer.levels and _LAYERS[name][1] != "EPSG:3857" else _NATIVE * _SLACK
    fine = [key for key, each in layer.levels.items() if each.resolution <= finest * (1 + 1e-6)]
    names = fine or [min(layer.levels, key=lambda key: layer.levels[key].resolution)]
    best = max(names, key=lambda key: layer.levels[key].resolution)
    return _Chosen(layer, best if level is None else str(level))


SOURCE = Ign()
