"""The Copernicus elevation model GLO-30 in tiles of one degree, and the geoid that its heights count from.

Heights are metres above the geoid EGM2008, which the published files do not state: their CRS has no vertical
part. The files made here do. The tiles of open sea are missing.
"""

import math
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import shapely
from pyproj import CRS

from oemsar.errors import Failure, InputError
from oemsar.files import atomic_write
from oemsar.geometry.vertical import DATUM_TAG
from oemsar.progress import Report
from oemsar.raster.read import open_raster
from oemsar.scenes.download import download, original_path
from oemsar.scenes.s3_listing import list_objects
from oemsar.scenes.scene import Asset, Scene, wkt_of
from oemsar.scenes.source import Order, Query, Services
from oemsar.scenes.tags import tags_of
from oemsar.scenes.window import layer_of, write_part
from oemsar.web.client import DAY

_KEEP = 30 * DAY
_BEGIN, _END = datetime(2010, 12, 1, tzinfo=UTC), datetime(2015, 1, 31, tzinfo=UTC)
"""Time in which TanDEM-X acquired the data of the model."""
_HEIGHTS = "EPSG:4326+3855"
"""WGS 84 with heights above EGM2008."""
_MOST_TILES = 400
_GEOID = "us_nga_egm08_25"


class Dem:
    """Source of the elevation model."""

    name = "dem"
    summary = "elevation model of the earth, 30 m, heights above EGM2008 (Copernicus GLO-30), and its geoid"
    licence = "Copernicus DEM licence, GLO-30: free use, also commercial, with the attribution"
    attribution = (
        "© DLR e.V. 2010-2014 and © Airbus Defence and Space GmbH 2014-2018 provided under COPERNICUS by the "
        "European Union and ESA; all rights reserved"
    )
    assets = ("dem",)
    endpoints = ("dem_bucket", "geoid")
    has_levels = False

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Find the tiles that meet an area, and the grid of the geoid.

        Raises:
            InputError: The area has no tile, or is larger than elevation models are fetched for.
            Failure: The bucket cannot be reached or does not answer as it should.
        """
        if not (query.takes_gsd(30.0) and query.takes_time(_BEGIN, _END)):
            return
        corners = _corners(query)
        found = 0
        for south, west in corners:
            scene = self._tile(south, west, services)
            if scene is not None:
                found += 1
                yield scene
        if not found:
            raise InputError("dem has no tile of this area: it lies in the open sea", option="area")
        yield self._geoid(services)

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Bring a tile, or the part of it in a window, to disk with its datum; or the grid of the geoid.

        Raises:
            InputError: The window does not meet the tile.
            DiskFull: The disk has no room left.
            Failure: The network or the disk fails, or a checksum is wrong.
        """
        if order.asset.name == "geoid":
            _fetch_geoid(order, services, report)
            return
        original = original_path(order.target)
        download(Order(order.scene, order.asset, original), services, report)
        tags = {**tags_of(order.scene, order.asset), DATUM_TAG: "orthometric", "OEMSAR_GEOID": "EGM2008"}
        with open_raster(original) as dataset:
            write_part(dataset, order, layer_of(dataset, tags), report, crs=CRS(_HEIGHTS).to_wkt())
        original.unlink()

    def _tile(self, south: int, west: int, services: Services) -> Scene | None:
        """Describe a tile; None where the bucket has none."""
        bucket, name = services.endpoints.of("dem_bucket"), tile_name(south, west)
        key = f"{name}/{name}.tif"
        listed = list_objects(services.web, bucket, key, keep=_KEEP)
        found = next((each for each in listed if each.key == key), None)
        if found is None:
            return None
        return Scene(
            name=name,
            source=self.name,
            footprint=wkt_of(shapely.box(west, south, west + 1, south + 1)),
            start=_BEGIN,
            end=_END,
            gsd=30.0,
            licence=self.licence,
            attribution=self.attribution,
            assets=(
                Asset(
                    name="dem",
                    file=f"{name}.tif",
                    address=f"{bucket}/{key}",
                    media_type="image/tiff; application=geotiff; profile=cloud-optimized",
                    size=found.size,
                    md5=found.md5,
                ),
            ),
        )

    def _geoid(self, services: Services) -> Scene:
        address = services.endpoints.of("geoid")
        return Scene(
            name=_GEOID,
            source=self.name,
            footprint=wkt_of(shapely.box(-180, -90, 180, 90)),
            start=_BEGIN,
            end=_END,
            licence="public domain (work of the United States government)",
            attribution="EGM2008, National Geospatial-Intelligence Agency; grid of PROJ-data",
            assets=(Asset(name="geoid", file=f"{_GEOID}.tif", address=address, media_type="image/tiff"),),
        )


def tile_name(south: int, west: int) -> str:
    """Name the tile of a corner in whole degrees."""
    latitude = f"{'N' if south >= 0 else 'S'}{abs(south):02}_00"
    longitude = f"{'E' if west >= 0 else 'W'}{abs(west):03}_00"
    return f"Copernicus_DSM_COG_10_{latitude}_{longitude}_DEM"


def _corners(query: Query) -> list[tuple[int, int]]:
    """List south and west of the tiles that meet an area.

    Raises:
        InputError: There are too many.
    """
    corners = []
    for part in getattr(query.area, "geoms", (query.area,)):
        west, south, east, north = part.bounds
        rows, columns = range(math.floor(south), math.ceil(north)), range(math.floor(west), math.ceil(east))
        if len(rows) * len(columns) > _MOST_TILES:
            raise InputError(
                f"the area holds {len(rows) * len(columns)} tiles of a degree, more than {_MOST_TILES}; "
                "divide it",
                option="area",
            )
        corners += [(row, column) for row in rows for column in columns]
    return [
        (row, column)
        for row, column in dict.fromkeys(corners)
        if shapely.box(column, row, column + 1, row + 1).intersection(query.area).area > 0
    ]


def _fetch_geoid(order: Order, services: Services, report: Report) -> None:
    """Bring the grid of the geoid to disk, from its address or a file of this machine."""
    path = Path(order.asset.address)
    if order.asset.address.startswith(("http://", "https://")):
        download(order, services, report)
        return
    if not path.is_file():
        raise Failure(f"the geoid {path} is no longer there; find the scenes again")
    with atomic_write(order.target) as partial:
        shutil.copyfile(path, partial)


SOURCE = Dem()
