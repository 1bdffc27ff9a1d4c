"""Class maps and their confidence on disk, read by rows."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar import legend
from oemsar.errors import InputError
from oemsar.raster.grid import grid_of, same_grid
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, open_raster


def confidence_path(land_cover: Path) -> Path:
    """Name the confidence of a map."""
    return land_cover.with_name(f"{land_cover.stem}_confidence.tif")


@dataclass(frozen=True, eq=False)
class BandRows:
    """First band of an open raster of bytes, 0 where it carries no data.

    Attributes:
        pixels: Band.
        path: File, for messages.
        most: Largest value that it may have.
        what: Meaning of the values in words.
    """

    pixels: RasterPixels
    path: Path
    most: int
    what: str

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape

    def read_rows(self, row: int, height: int) -> NDArray[np.uint8]:
        """Read whole rows, shape (height, columns).

        Raises:
            InputError: A value is too large, or the file ends too early.
        """
        pixels, valid = read_window(self.pixels, Extent(row, 0, height, self.shape[1]))
        values: NDArray[np.uint8] = np.where(valid, pixels[0], 0).astype(np.uint8)
        if values.size and values.max() > self.most:
            raise InputError(
                f"{self.path} holds {values.max()}, and {self.what} go up to {self.most}; give a map of "
                "`oemsar predict`"
            )
        return values


@dataclass(frozen=True, eq=False)
class MapSource:
    """Class map on disk.

    Attributes:
        classes: Class ids.
        confidence: Percent; None without.
        grid: CRS and affine.
    """

    classes: BandRows
    confidence: BandRows | None
    grid: GeoBox


@contextmanager
def open_map(land_cover: Path, confidence: Path | None) -> Iterator[MapSource]:
    """Open a class map and its confidence.

    Raises:
        InputError: One of them is no such raster, they lie on different grids, or the map has no CRS.
    """
    with ExitStack() as stack:
        classes, grid = _band(stack, land_cover, legend.MAX_ID, "ids of classes")
        if grid is None or grid.crs is None:
            raise InputError(
                f"{land_cover} has no CRS and affine, so that its polygons would lie nowhere; map a "
                "georeferenced scene"
            )
        percent = None
        if confidence is not None:
            percent, other = _band(stack, confidence, 100, "percentages")
            if other is None or not same_grid(grid, other):
                raise InputError(
                    f"{confidence} does not lie on the grid of {land_cover}; give that of the map",
                    option="confidence",
                )
        yield MapSource(classes, percent, grid)


def _band(stack: ExitStack, path: Path, most: int, what: str) -> tuple[BandRows, GeoBox | None]:
    dataset = stack.enter_context(open_raster(path))
    if dataset.count < 1 or dataset.dtypes[0] != "uint8":
        raise InputError(f"{path} does not hold bytes, which {what} are; give a map of `oemsar predict`")
    pixels = RasterPixels(dataset, (1,), "each value")
    return BandRows(pixels, path, most, what), grid_of(dataset)
