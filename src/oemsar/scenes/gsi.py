"""Seamless aerial photographs of the Geospatial Information Authority of Japan (GSI), as XYZ tiles.

Levels 2 to 18 of Web Mercator, JPEG of 256 pixels. A tile does not tell when it was photographed.
"""

from collections.abc import Iterator

import shapely

from oemsar.errors import InputError
from oemsar.progress import Report
from oemsar.raster.grid import footprint
from oemsar.scenes.scene import Asset, Scene, wkt_of
from oemsar.scenes.source import Order, Query, Services
from oemsar.scenes.tile_matrix import ground_resolution, web_mercator
from oemsar.scenes.tiles import Address, fetch_tiles, require_imagery

_LEVELS = range(2, 19)
_JAPAN = shapely.box(122.0, 20.0, 154.5, 46.0)


class Gsi:
    """Source of the aerial photographs of Japan."""

    name = "gsi"
    summary = "orthophotos of Japan, 0.5 m (GSI, seamless aerial photographs)"
    licence = (
        "GSI Content Terms of Use, after the Public Data License 1.0 (compatible with CC BY 4.0); the Survey "
        "Act can ask for an approval; https://maps.gsi.go.jp/development/ichiran.html"
    )
    attribution = (
        "出典：国土地理院（地理院タイル） / GSI Tiles, Geospatial Information Authority of Japan, YEAR"  # noqa: RUF001 (as the terms write it)
    )
    assets = ("tiles",)
    endpoints = ("gsi_tiles",)
    has_levels = True

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Give the photographs of an area as one scene; its time is not known.

        Raises:
            InputError: The area has none, or there is no such level.
            Failure: The service cannot be reached or does not answer as it should.
        """
        level = _LEVELS[-1] if query.level is None else query.level
        if level not in _LEVELS:
            raise InputError(
                f"the service has the levels {_LEVELS[0]} to {_LEVELS[-1]}, no {level}", option="level"
            )
        matrix = web_mercator(level)
        gsd = ground_resolution(matrix, query.area)
        query.require_any_time(self.name)
        if not query.takes_gsd(gsd):
            return
        area = query.area.intersection(_JAPAN)
        extent = require_imagery(
            services, matrix, area if area.area > 0 else query.area, _address(services, level), self.name
        )
        outline = footprint(matrix.grid(extent))
        if outline is None:
            return
        yield Scene(
            name=f"seamlessphoto_{level}_{extent.column}_{extent.row}_{extent.width}x{extent.height}",
            source=self.name,
            footprint=wkt_of(outline),
            gsd=gsd,
            licence=self.licence,
            attribution=self.attribution,
            assets=(
                Asset(
                    name="tiles",
                    file=f"gsi_{level}.tif",
                    address=f"{services.endpoints.of('gsi_tiles')}/{level}/{{x}}/{{y}}.jpg",
                    media_type="image/tiff; application=geotiff; profile=cloud-optimized",
                    level=level,
                ),
            ),
        )

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Make a COG of the tiles, on the grid of the service.

        Raises:
            InputError: There is no imagery.
            DiskFull: The disk has no room left.
            Failure: The service does not answer as it should.
        """
        level = _LEVELS[-1] if order.asset.level is None else order.asset.level
        matrix = web_mercator(level)
        extent = matrix.pixels_of_scene(order.scene.outline, order.window)
        fetch_tiles(order, services, matrix, extent, _address(services, level), report=report)


def _address(services: Services, level: int) -> Address:
    base = services.endpoints.of("gsi_tiles")
    return lambda column, row: f"{base}/{level}/{column}/{row}.jpg"


SOURCE = Gsi()
