"""Images that are made of pieces of a service, on one grid, as a COG with the terms of the scene."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.disk import require_room
from oemsar.errors import InputError
from oemsar.files import scratch_folder
from oemsar.limits import require_limit
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.raw_raster import RawRaster, raw_bytes
from oemsar.scenes.source import Order
from oemsar.scenes.tags import tags_of

_log = logging.getLogger(__name__)

COLOURS = ("Red", "Green", "Blue")
"""Colours of the bands of an orthophoto."""


@dataclass(frozen=True)
class Canvas:
    """Bands of bytes in scratch files, and where a piece was put.

    Attributes:
        bands: Raw rasters, one a band.
        alpha: 255 where a piece was put, 0 elsewhere.
    """

    bands: tuple[RawRaster, ...]
    alpha: RawRaster

    def put(self, row: int, column: int, block: NDArray[np.uint8]) -> int:
        """Put a piece, shape (bands, height, width), where it meets the canvas; count the pixels put.

        Args:
            row: Row of the first pixel of the piece, possibly outside.
            column: Column of the first pixel of the piece, possibly outside.
            block: Pixels.
        """
        height, width = self.alpha.shape
        top, left = max(0, -row), max(0, -column)
        part = block[:, top : height - row, left : width - column]
        if part.size == 0:
            return 0
        for band, pixels in zip(self.bands, part, strict=True):
            band.write(row + top, column + left, pixels)
        self.alpha.write(row + top, column + left, np.full(part.shape[1:], 255, np.uint8))
        return int(part.shape[1] * part.shape[2])


@contextmanager
def canvas(order: Order, grid: GeoBox, colours: tuple[str, ...] = COLOURS) -> Iterator[Canvas]:
    """Yield a canvas to be filled, and publish it at the target of an order when the block ends.

    Where pieces are missing, an alpha band tells.

    Args:
        order: File that is made.
        grid: Grid of the file.
        colours: Colour of each band.

    Raises:
        InputError: No piece was put.
        DiskFull: The disk has no room left.
    """
    shape = (grid.shape[0], grid.shape[1])
    require_limit(shape[0] * shape[1], "scene_pixels", f"{order.asset.file} has pixels:")
    needed = raw_bytes(shape, np.uint8) * (len(colours) + 1)
    with scratch_folder(order.target, needed) as folder:
        require_room(folder, needed, f"for {order.target.name}")
        names = [folder / f"band{number}.raw" for number in range(len(colours))]
        made = Canvas(
            tuple(RawRaster(name, shape, np.uint8) for name in names),
            RawRaster(folder / "alpha.raw", shape, np.uint8),
        )
        yield made
        _publish(made, order, grid, colours)


def _publish(made: Canvas, order: Order, grid: GeoBox, colours: tuple[str, ...]) -> None:
    put = sum(int(np.count_nonzero(made.alpha.read_rows(row, 1))) for row in range(made.alpha.shape[0]))
    pixels = made.alpha.shape[0] * made.alpha.shape[1]
    if not put:
        raise InputError(
            f"{order.scene.source} has no imagery in this part of {order.scene.name}: it lies in the sea or "
            "outside of what the service covers",
            option="area",
        )
    bands, shown = list(made.bands), colours
    if put < pixels:
        _log.warning(
            "%s: %.1f %% of %s have no imagery, as its alpha band tells",
            order.scene.source,
            100 * (1 - put / pixels),
            order.target.name,
        )
        bands, shown = [*bands, made.alpha], (*colours, "Alpha")
    publish_cog(bands, order.target, grid, Layer(tags=tags_of(order.scene, order.asset), colours=shown))
