"""Tiles of a service, fetched and laid onto one grid without resampling."""

import io
import logging
from collections.abc import Callable
from itertools import tee

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry.base import BaseGeometry

from oemsar.errors import Failure, InputError
from oemsar.progress import Report
from oemsar.raster.read import Extent
from oemsar.scenes.canvas import canvas
from oemsar.scenes.source import Order, Services
from oemsar.scenes.tile_matrix import TileMatrix
from oemsar.web.client import DAY, Web, refuse_pages
from oemsar.web.retry import TransientError

_log = logging.getLogger(__name__)

KEEP_TILES = 30 * DAY
"""Seconds for which tiles are kept."""
_MOST_PROBES = 9
_MOST_TILES = 50_000
"""Tiles of a scene: 11 km of France at 0.2 m, and more than an hour at ten a second."""
_ENDS = {b"\xff\xd8\xff": b"\xff\xd9", b"\x89PNG\r\n\x1a\n": b"IEND\xaeB`\x82"}
"""First and last bytes of the formats of tiles: JPEG, PNG."""
_AFTER_END = 64

Address = Callable[[int, int], str]
"""Address of the tile of a column and a row."""


def check_tile(content: bytes) -> None:
    """Check that content is a whole JPEG or PNG image.

    Raises:
        TransientError: It is something else, such as a web page, or ends too early.
    """
    refuse_pages(content)
    end = next((last for first, last in _ENDS.items() if content.startswith(first)), None)
    if end is None:
        raise TransientError(f"it sends something that starts with {content[:16]!r} in place of a tile")
    if end not in content[-_AFTER_END:]:
        raise TransientError("it sends a tile that ends too early")


def has_imagery(web: Web, matrix: TileMatrix, extent: Extent, address: Address) -> bool:
    """Tell whether a service has tiles of some pixels, by asking for up to nine of them."""
    tiles = list(matrix.tiles(extent))
    step = max(1, (len(tiles) - 1) // (_MOST_PROBES - 1))
    chosen = [tiles[len(tiles) // 2], *tiles[::step][:_MOST_PROBES]]
    return any(web.get(address(*tile), keep=KEEP_TILES, check=check_tile) is not None for tile in chosen)


def require_imagery(
    services: Services, matrix: TileMatrix, area: BaseGeometry, address: Address, source: str
) -> Extent:
    """Find the pixels of an area, and check that a service has imagery of some of it.

    Raises:
        InputError: It has none.
    """
    extent = matrix.pixels_of(area)
    count = matrix.count(extent)
    if count > _MOST_TILES:
        raise InputError(
            f"the area holds {count} tiles of {source}, more than the {_MOST_TILES} that are asked of a "
            "service at once; divide it, or choose a coarser level",
            option=("area", "level"),
        )
    if not (extent.height and extent.width and has_imagery(services.web, matrix, extent, address)):
        raise InputError(
            f"{source} has no imagery in this area: it lies in the sea or outside of what the service "
            "covers; choose the service of its country",
            option=("area", "source"),
        )
    return extent


def fetch_tiles(
    order: Order, services: Services, matrix: TileMatrix, extent: Extent, address: Address, *, report: Report
) -> None:
    """Make a COG of the tiles of a service, on its own grid.

    Args:
        order: File that is made.
        services: Client that makes the requests.
        matrix: Level of the service.
        extent: Pixels of the level.
        address: Address of a tile.
        report: Called with the pixels done and the pixels in all.

    Raises:
        InputError: There are no pixels, or the service has no imagery of them.
        DiskFull: The disk has no room left.
        Failure: The service does not answer as it should.
    """
    if not (extent.height and extent.width):
        raise InputError(f"the area does not meet the pixels of {order.scene.name}", option="area")
    total, done = extent.height * extent.width, 0
    _log.info("%s: %d tiles of %s", order.target.name, matrix.count(extent), order.scene.source)
    tiles, asked = tee(matrix.tiles(extent))
    contents = services.web.get_all((address(*tile) for tile in asked), keep=KEEP_TILES, check=check_tile)
    with canvas(order, matrix.grid(extent)) as made:
        for (column, row), content in zip(tiles, contents, strict=True):
            top, left = row * matrix.tile - extent.row, column * matrix.tile - extent.column
            inside = Extent(top, left, matrix.tile, matrix.tile).clipped((extent.height, extent.width))
            if content is not None:
                made.put(top, left, decode(content, matrix.tile, address(column, row)))
            done += inside.height * inside.width
            report(done, total)


def decode(content: bytes, side: int, address: str) -> NDArray[np.uint8]:
    """Decode a tile: red, green and blue, shape (3, side, side).

    Raises:
        Failure: It cannot be decoded, or has another size.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            if image.size != (side, side):
                raise ValueError(f"it has {image.width} x {image.height} pixels where {side} are due")
            pixels = np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Failure(
            f"{address} is a damaged tile ({error}); remove the folder of kept answers and run the command "
            "again"
        ) from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
