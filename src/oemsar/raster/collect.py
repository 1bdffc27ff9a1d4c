"""The ground that an image covers: zeros around it carry no data, where nothing else says which pixels do.

Radar products geocoded to a grid that is not theirs are padded with zeros and often carry no nodata value
(Umbra GEC is one), or one that no pixel has; mosaics of orthophotos have a black collar. A zero inside the
image is a dark pixel. The two are told apart by where they lie: padding is a solid area of zeros, in all
bands, that reaches the border of the raster.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.raster.border import CELL, Border, tell_solid
from oemsar.raster.changed_pixels import ChangedPixels
from oemsar.raster.nodata import with_nodata
from oemsar.raster.pixels import Opener, Pixels, RasterPixels, Validity, read_window
from oemsar.raster.read import Extent
from oemsar.raster.stored import ScaledPixels, stored

log = logging.getLogger(__name__)

_RIM = 16
"""Pixels beside a black collar that lossy compression by blocks of colours can leave not quite black."""
_NEAR_BLACK = 32
"""Largest byte that JPEG of quality 75 leaves of black beside a bright edge."""
_LOSSY = {"JPEG", "YCbCr JPEG", "WEBP", "JXL", "JPEG2000"}
_CELLS_PER_READ = 32


@dataclass(frozen=True, eq=False)
class Padding:
    """The zeros that pad a raster around its collect.

    Attributes:
        cells: Boolean, one value for every `CELL` x `CELL` pixels: all zero and connected to the border
            of the raster through such cells.
        rim: Pixels beside the zeros that belong to them where they are nearly black.
    """

    cells: NDArray[np.bool_]
    rim: int = 0

    def inside(self, extent: Extent, zeros: Callable[[Extent], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Find the pixels of a rectangle that lie inside the collect, boolean (height, width).

        Zero pixels connected to a cell of padding lie outside.

        Args:
            extent: Rectangle inside the raster.
            zeros: Reads which pixels of a rectangle are zero; the rectangle can reach over the edge of
                the raster, where they are.
        """
        wide = extent.grown(CELL)
        return ~self._zeros(wide, zeros)[extent.slices_in(wide)]

    def inside_rim(
        self,
        extent: Extent,
        zeros: Callable[[Extent], NDArray[np.bool_]],
        dark: Callable[[Extent], NDArray[np.bool_]],
    ) -> NDArray[np.bool_]:
        """Find the pixels inside the image where its collar has a rim, boolean (height, width).

        Args:
            extent: Rectangle inside the raster.
            zeros: As for `inside`.
            dark: Reads which pixels of a rectangle are nearly black; beyond the edge of the raster, all.
        """
        wide = extent.grown(2 * CELL)
        padding = self._zeros(wide, zeros)
        grown = ndimage.binary_dilation(padding, iterations=self.rim, mask=dark(wide))
        return ~(grown | padding)[extent.slices_in(wide)]

    def touches(self, extent: Extent) -> bool:
        """Check whether padding lies in `extent` or within a cell of it."""
        return bool(self._part(extent.grown(2 * CELL if self.rim else CELL)).any())

    def _zeros(self, wide: Extent, zeros: Callable[[Extent], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Mark the zeros of a rectangle that are connected to a cell of padding."""
        areas, number = ndimage.label(zeros(wide))
        padding = np.zeros(number + 1, bool)
        padding[areas[self._seeds(wide)]] = True
        padding[0] = False
        found: NDArray[np.bool_] = padding[areas]
        return found

    def covers(self, extent: Extent) -> bool:
        """Check whether every pixel of `extent` is padding."""
        return bool(self._part(extent).all())

    def _part(self, extent: Extent) -> NDArray[np.bool_]:
        """Cut out the cells that `extent` has a share in."""
        top, left = max(0, extent.row) // CELL, max(0, extent.column) // CELL
        bottom, right = -(-(extent.row + extent.height) // CELL), -(-(extent.column + extent.width) // CELL)
        return self.cells[top:bottom, left:right]

    def _seeds(self, extent: Extent) -> NDArray[np.bool_]:
        """Mark the cells of padding as pixels of `extent`; nothing outside the raster."""
        rows = np.arange(extent.row, extent.row + extent.height) // CELL
        columns = np.arange(extent.column, extent.column + extent.width) // CELL
        inside_rows = (rows >= 0) & (rows < self.cells.shape[0])
        inside_columns = (columns >= 0) & (columns < self.cells.shape[1])
        seeds = np.zeros((extent.height, extent.width), bool)
        seeds[np.ix_(inside_rows, inside_columns)] = self.cells[
            np.ix_(rows[inside_rows], columns[inside_columns])
        ]
        return seeds


def within_collect(pixels: Pixels, padding: Padding | None) -> Pixels:
    """Set the zeros around an image aside, as the file stores them; None leaves the pixels as they are."""
    if padding is None:
        return pixels
    if isinstance(pixels, ScaledPixels):
        return replace(pixels, source=within_collect(pixels.source, padding))

    def zeros(extent: Extent) -> NDArray[np.bool_]:
        empty: NDArray[np.bool_] = (read_window(pixels, extent)[0] == 0).all(0)
        return empty

    def dark(extent: Extent) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = np.all(read_window(pixels, extent)[0] <= _NEAR_BLACK, axis=0)
        return near

    def change(extent: Extent, values: NDArray[Any], valid: Validity) -> tuple[NDArray[Any], Validity]:
        if not padding.touches(extent):
            return values, valid
        inside = padding.inside_rim(extent, zeros, dark) if padding.rim else padding.inside(extent, zeros)
        return values, inside if valid is None else valid & inside

    return ChangedPixels(pixels, change, tells_nodata=True)


def search_padding(pixels: Pixels, nodata: str = "auto", border: Border | None = None) -> Padding | None:
    """Find the zeros around an image, where there are some and neither file nor person says what they are.

    They carry data where a person says that all pixels do, and where the file's own mask, or the value that a
    person states, already excludes a cell at the border. A nodata value that no pixel has excludes nothing.

    Args:
        pixels: Pixels with the nodata that a person states, open for reading.
        nodata: Statement of the person: `auto`, `none` or a number.
        border: Border of the pixels, where it is known.
    """
    if nodata == "none":
        return None
    numbers = stored(pixels)
    if numbers.tells_nodata or numbers.count > 1:
        border = border or Border.from_pixels(numbers)
        if not border.empty or (numbers.tells_nodata and border.excluded):
            return None
    padding = find_padding(numbers)
    if not padding.cells.any():
        return None
    return replace(padding, rim=_RIM) if _is_lossy(numbers) else padding


def tell_padding(name: Path | str, padding: Padding, option: str) -> None:
    """Tell of zeros around an image that carry no data, and of the option that makes them data."""
    log.info(
        "%s: zeros around the image, about %.0f %% of the raster, are nodata (%s none maps them)",
        name,
        100 * padding.cells.mean(),
        option.replace("_", " "),
    )


def carrying_data(opener: Opener, nodata: str, *, tell: bool, later: bool = False) -> Opener:
    """Make an opener of pixels that carry data by the whole rule.

    Args:
        opener: Opener of the pixels.
        nodata: Statement of a person: `auto`, `none` or a number.
        tell: Whether to tell of zeros that are set aside, and of a solid block that looks like no data.
        later: Whether zeros around a single band that says nothing are left to `scene_statistics`, which
            finds them in passing.
    """
    stated = with_nodata(opener, nodata)
    with stated() as pixels:
        border = Border.from_pixels(pixels)
        if tell:
            tell_solid(pixels, border, "nodata")
        shifted = isinstance(pixels, ScaledPixels) and any(pixels.offsets)
        found_later = later and pixels.count == 1 and not pixels.tells_nodata and not shifted
        padding = None if found_later else search_padding(pixels, nodata, border)
        if tell and padding is not None:
            tell_padding(pixels.name, padding, "nodata")
    if padding is None:
        return stated

    @contextmanager
    def open_inside() -> Iterator[Pixels]:
        with stated() as pixels:
            yield within_collect(pixels, padding)

    return open_inside


def _is_lossy(pixels: Pixels) -> bool:
    """Check whether colours of bytes were compressed in a way that leaves black not quite black."""
    while isinstance(pixels, ChangedPixels):
        pixels = pixels.pixels
    if not isinstance(pixels, RasterPixels) or pixels.dtype != np.uint8 or pixels.count < 3:
        return False
    structure = pixels.dataset.tags(ns="IMAGE_STRUCTURE")
    reversible = structure.get("COMPRESSION_REVERSIBILITY", "").startswith("LOSSLESS")
    return not reversible and (
        structure.get("COMPRESSION") in _LOSSY or pixels.dataset.driver in ("JPEG", "JP2OpenJPEG", "JP2ECW")
    )


def find_padding(pixels: Pixels) -> Padding:
    """Find the padding of a raster in one pass over it; a thousandth of its size is held in memory."""
    return padding_of(~_cells_where(pixels, lambda values, _: (values != 0).any(0)))


def filled_cells(pixels: Pixels) -> NDArray[np.bool_]:
    """Find the cells of `CELL` x `CELL` pixels in which any pixel carries data, by the file's own nodata."""
    return _cells_where(pixels, lambda _, valid: valid)


def padding_of(empty: NDArray[np.bool_]) -> Padding:
    """Find the padding among the cells that are all zero: those connected to the border of the raster."""
    border = np.ones(empty.shape, bool)
    border[1:-1, 1:-1] = False
    return Padding(ndimage.binary_propagation(empty & border, mask=empty))


def _cells_where(
    pixels: Pixels, holds: Callable[[NDArray[Any], NDArray[np.bool_]], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Find the cells in which a condition holds for any pixel; nothing holds outside the raster.

    Args:
        pixels: Open for reading.
        holds: From pixels (bands, height, width) and where they carry data (height, width), to where the
            condition holds (height, width).
    """
    found = np.zeros(tuple(-(-size // CELL) for size in pixels.shape), bool)
    side = _CELLS_PER_READ * CELL
    for row in range(0, pixels.shape[0], side):
        for column in range(0, pixels.shape[1], side):
            flags = holds(*read_window(pixels, Extent(row, column, side, side)))
            blocks = flags.reshape(_CELLS_PER_READ, CELL, _CELLS_PER_READ, CELL)
            cells: NDArray[np.bool_] = np.any(blocks, axis=(1, 3))
            part = found[row // CELL :, column // CELL :][:_CELLS_PER_READ, :_CELLS_PER_READ]
            part[:] = cells[: part.shape[0], : part.shape[1]]
    return found
