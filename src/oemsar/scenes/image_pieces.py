"""Images of a service that makes them on request, asked for piece by piece on one grid."""

from collections.abc import Callable, Iterator
from itertools import tee

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from oemsar.errors import Failure, InputError
from oemsar.progress import Report
from oemsar.raster.read import Extent
from oemsar.scenes.canvas import COLOURS, canvas
from oemsar.scenes.source import Order, Services
from oemsar.scenes.tiles import KEEP_TILES
from oemsar.web.client import refuse_pages
from oemsar.web.retry import TransientError

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TOLERANCE = 0.01
"""Part of a pixel by which an answer may miss the grid."""

ImageAddress = Callable[[GeoBox], str]
"""Address of the image of a grid."""


def check_tiff(content: bytes) -> None:
    """Check that content begins as a TIFF.

    Raises:
        TransientError: It is something else, such as a web page or an error in XML.
    """
    refuse_pages(content)
    if not content.startswith(_TIFF):
        raise TransientError(f"it sends something that starts with {content[:60]!r} in place of a GeoTIFF")


def fetch_images(
    order: Order,
    services: Services,
    grid: GeoBox,
    address: ImageAddress,
    report: Report,
    *,
    largest: int,
    colours: tuple[str, ...] = COLOURS,
) -> None:
    """Make a COG of the images of a service, without resampling on this side.

    Args:
        order: File that is made.
        services: Client that makes the requests.
        grid: Grid of the file.
        address: Address of the image of a part of the grid, a GeoTIFF.
        report: Called with the pixels done and the pixels in all.
        largest: Pixels of a side of an image, at most.
        colours: Colour of each band that is taken.

    Raises:
        InputError: The part to fetch has no pixels.
        DiskFull: The disk has no room left.
        Failure: The service does not answer as it should, or with images of another grid.
    """
    if not (grid.shape[0] and grid.shape[1]):
        raise InputError(f"the area does not meet the pixels of {order.scene.name}", option="area")
    total, done = grid.shape[0] * grid.shape[1], 0
    pieces, asked = tee(_pieces((grid.shape[0], grid.shape[1]), largest))
    addresses = (address(_part(grid, piece)) for piece in asked)
    contents = services.web.get_all(addresses, keep=KEEP_TILES, check=check_tiff)
    with canvas(order, grid, colours) as made:
        for piece, content in zip(pieces, contents, strict=True):
            if content is not None:
                made.put(piece.row, piece.column, _decode(content, _part(grid, piece), order, len(colours)))
            done += piece.height * piece.width
            report(done, total)


def _pieces(shape: tuple[int, int], largest: int) -> Iterator[Extent]:
    for row in range(0, shape[0], largest):
        for column in range(0, shape[1], largest):
            yield Extent(row, column, min(largest, shape[0] - row), min(largest, shape[1] - column))


def _part(grid: GeoBox, piece: Extent) -> GeoBox:
    affine = grid.affine @ Affine.translation(piece.column, piece.row)
    return GeoBox((piece.height, piece.width), affine, grid.crs)


def _decode(content: bytes, grid: GeoBox, order: Order, bands: int) -> NDArray[np.uint8]:
    """Decode an image and check that it lies on the grid that was asked for."""
    name = order.asset.address
    try:
        with MemoryFile(content) as file, file.open(driver="GTiff") as dataset:
            shape, affine, count = dataset.shape, dataset.transform, dataset.count
            right = shape == grid.shape and count >= bands and set(dataset.dtypes) == {"uint8"}
            pixels: NDArray[np.uint8] = dataset.read(list(range(1, min(bands, count) + 1)))
    except RasterioError as error:
        raise Failure(f"{name} sends a GeoTIFF that cannot be read; run the command again later") from error
    corners = [(0, 0), (grid.shape[1], grid.shape[0])]
    to_grid = ~grid.affine @ affine
    lies = right and all(np.allclose(to_grid @ c, c, rtol=0, atol=_TOLERANCE) for c in corners)
    if not lies:
        raise Failure(
            f"{name} sends an image of {shape[1]} x {shape[0]} pixels and {count} bands that does not lie on "
            "the grid that was asked for; fetch another file of the scene"
        )
    return pixels


def bounds_text(grid: GeoBox) -> str:
    """Write the bounds of a north-up grid: left, bottom, right, top."""
    box = grid.extent.boundingbox
    return ",".join(repr(float(value)) for value in (box.left, box.bottom, box.right, box.top))
