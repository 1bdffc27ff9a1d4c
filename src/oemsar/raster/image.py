"""One image of any verb, opened by one rule: its bands, their values, and where they carry data.

The rule is told in docs/files.md. Radar images and orthophotos differ only in the bands that are taken.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.errors import InputError
from oemsar.raster.alpha import Alpha
from oemsar.raster.bands import file_pixels
from oemsar.raster.border import CELL, Border, tell_solid
from oemsar.raster.collect import Padding, filled_cells, search_padding, within_collect
from oemsar.raster.grid import grid_of
from oemsar.raster.nodata import stated_nodata
from oemsar.raster.pixels import Mask, Opener, Pixels, RasterPixels
from oemsar.raster.read import Dataset, open_raster
from oemsar.raster.stored import PalettePixels, ScaledPixels, is_grey, palette_of

log = logging.getLogger(__name__)

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Statement:
    """What a person states about an image.

    Attributes:
        bands: Bands to take, from 1; None takes those that the file tells.
        nodata: `auto` believes the file, and where nothing is excluded at the border, takes zeros around the
            image for padding; `none` says that every finite pixel carries data; a number is the stored value
            that carries none, instead of the file's.
        prefix: Beginning of the names of the options that hold the statement, for messages.
        quiet: Whether what is found about the image has been told already.
    """

    bands: tuple[int, ...] | None = None
    nodata: str = "auto"
    prefix: Literal["", "optical_", "input_"] = ""
    quiet: bool = False

    def option(self, name: str) -> str:
        """Name an option of the image."""
        return self.prefix + name


@dataclass(frozen=True, eq=False)
class Image:
    """An open image.

    Attributes:
        dataset: Open raster.
        bands: Bands of the file that are taken, from 1.
        values: Values, and where they carry data by the file or by a person.
        padding: Zeros around the image that carry none; None without.
    """

    dataset: Dataset
    bands: tuple[int, ...]
    values: Pixels
    padding: Padding | None

    @property
    def pixels(self) -> Pixels:
        """Values, and where they carry data by the whole rule."""
        return within_collect(self.values, self.padding)

    @property
    def grid(self) -> GeoBox | None:
        """CRS and affine; None where the file has neither."""
        return grid_of(self.dataset)

    def filled(self, *, thorough: bool = True) -> NDArray[np.bool_]:
        """Find the cells of `oemsar.raster.border.CELL` pixels in which there is data.

        Args:
            thorough: Whether an image is read that says nothing and has no padding; otherwise it is full.
        """
        if self.values.tells_nodata or (self.padding is None and thorough):
            filled = filled_cells(self.values)
        else:
            filled = np.ones(tuple(-(-size // CELL) for size in self.values.shape), bool)
        return filled if self.padding is None else filled & ~self.padding.cells

    @property
    def is_stored(self) -> bool:
        """Whether values are the numbers that the file stores."""
        return not isinstance(self.values, ScaledPixels | PalettePixels)

    @property
    def is_plain(self) -> bool:
        """Whether GDAL alone reads values and mask of the bands: nothing is stated, found or converted."""
        return (
            self.padding is None
            and isinstance(self.values, RasterPixels)
            and self.values.alpha is None
            and self.values.believed
        )


def open_radar(dataset: Dataset, path: Path, statement: Statement, *, channels: int | None) -> Image:
    """Take the bands of a radar image.

    Args:
        dataset: Open raster.
        path: File, for messages.
        statement: What a person states about the image.
        channels: Number of bands there must be; None takes all that are no mask.

    Raises:
        InputError: The band must be chosen, is not there, or is a picture in colours.
    """
    alpha = _alpha(dataset, path, statement)
    palette = palette_of(dataset)
    if palette is not None and not is_grey(palette):
        raise InputError(f"{path} is a picture in the colours of a palette where radar is due")
    bands = _stated(dataset, path, statement) or tuple(_bands_of_image(dataset, alpha))
    if channels is not None and len(bands) != channels:
        choose = "choose the band" if channels == 1 else "choose the bands"
        raise InputError(
            f"{path} has {len(bands)} band(s); the model needs {channels} for radar imagery; {choose}",
            option=statement.option("bands"),
        )
    return _image(dataset, bands, statement, alpha, grey=True)


def open_colours(dataset: Dataset, path: Path, statement: Statement, *, strict: bool) -> Image:
    """Take red, green and blue of an orthophoto.

    They are those that a person states, else those that the file tells by its colour interpretation, else
    all three of three bands. The colours of a palette are taken for its numbers.

    Args:
        dataset: Open raster.
        path: File, for messages.
        statement: What a person states about the image.
        strict: Whether colours are needed. Otherwise one grey band passes, and the first three bands of an
            image that does not tell its colours.

    Raises:
        InputError: The image has no three colours, does not tell which they are, or is complex.
    """
    alpha = _alpha(dataset, path, statement)
    bands = _stated(dataset, path, statement) or choose_colours(dataset, path, statement, strict=strict)
    if strict and len(bands) != 3 and palette_of(dataset) is None:
        raise InputError(
            f"{len(bands)} band(s) are given where red, green and blue are due; give three numbers",
            option=statement.option("bands"),
        )
    if strict and np.issubdtype(np.dtype(_dtype(dataset, bands)), np.complexfloating):
        raise InputError(f"{path} is complex; the model needs red, green and blue for optical imagery")
    return _image(dataset, bands, statement, alpha, grey=False)


def colours_opener(path: Path, statement: Statement) -> Opener:
    """Make an opener of red, green and blue of an orthophoto; the zeros around it are looked for once.

    Args:
        path: File of the orthophoto.
        statement: What a person states about it; colours that are not told are the first three bands.
    """
    with open_raster(path) as dataset:
        first = open_colours(dataset, path, statement, strict=False)
        bands, padding = first.bands, first.padding

    @contextmanager
    def open_again() -> Iterator[Pixels]:
        with open_raster(path) as dataset:
            alpha = Alpha.of_dataset(dataset)
            values = _values(dataset, bands, statement, alpha, mask="each value")
            yield within_collect(values, padding)

    return open_again


def choose_colours(dataset: Dataset, path: Path, statement: Statement, *, strict: bool) -> tuple[int, ...]:
    """Choose the bands, from 1, that are red, green and blue by what the file tells.

    The arguments and errors are those of `open_colours`.
    """
    names = [kind.name for kind in dataset.colorinterp]
    bands = _bands_of_image(dataset, Alpha.of_dataset(dataset))
    if palette_of(dataset) is not None:
        return (1,)
    if all(names.count(colour) == 1 for colour in _COLOURS):
        chosen = tuple(names.index(colour) + 1 for colour in _COLOURS)
        if len(bands) > 3 and not statement.quiet:
            log.info("%s has %d bands; its red, green and blue are %s", path, len(bands), chosen)
        return chosen
    if len(bands) == 3 or (not strict and len(bands) < 3):
        return tuple(bands) if len(bands) == 3 else (bands[0],)
    if len(bands) < 3:
        grey = ", not grey" if len(bands) == 1 else ""
        found = f"{path} has {len(bands)} band(s)"
        raise InputError(f"{found}; the model needs 3 for optical imagery: red, green and blue{grey}")
    if strict:
        raise InputError(
            f"{path} has {len(bands)} band(s) and does not tell which are red, green and blue; "
            "the model needs 3 for optical imagery: give their numbers, such as 1,2,3",
            option=statement.option("bands"),
        )
    if not statement.quiet:
        log.warning("%s has %d bands and does not tell its colours; 1, 2, 3 are taken", path, len(bands))
    return tuple(bands[:3])


def _alpha(dataset: Dataset, path: Path, statement: Statement) -> Alpha:
    alpha = Alpha.of_dataset(dataset)
    if not statement.quiet:
        alpha.tell(path)
    return alpha


def _bands_of_image(dataset: Dataset, alpha: Alpha) -> Sequence[int]:
    """List the bands that are no mask."""
    return [number for number in dataset.indexes if not (alpha.believed and number == alpha.band)]


def _stated(dataset: Dataset, path: Path, statement: Statement) -> tuple[int, ...] | None:
    bands = statement.bands
    if bands is not None and not all(1 <= band <= dataset.count for band in bands):
        raise InputError(
            f"{path} has {dataset.count} band(s), not all of {', '.join(map(str, bands))}; choose others",
            option=statement.option("bands"),
        )
    return bands


def _dtype(dataset: Dataset, bands: Sequence[int]) -> str:
    name: str = dataset.dtypes[bands[0] - 1]
    return "complex64" if name == "complex_int16" else name


def _image(
    dataset: Dataset, bands: tuple[int, ...], statement: Statement, alpha: Alpha, *, grey: bool
) -> Image:
    values = _values(dataset, bands, statement, alpha, grey=grey)
    border = Border.from_pixels(values)
    if not statement.quiet:
        tell_solid(values, border, statement.option("nodata"))
    return Image(dataset, bands, values, search_padding(values, statement.nodata, border))


def _values(
    dataset: Dataset,
    bands: tuple[int, ...],
    statement: Statement,
    alpha: Alpha,
    *,
    grey: bool = False,
    mask: Mask = "bands together",
) -> Pixels:
    pixels = file_pixels(dataset, bands, alpha, mask)
    palette = palette_of(dataset)
    if palette is not None:
        pixels = PalettePixels(pixels, palette, grey=grey)
    return stated_nodata(pixels, statement.nodata, statement.option("nodata"))
