"""A scene as a stream of windows: radar, optical or both on one grid, in the 8 bits a network expects."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.arrays import Stretch
from oemsar.errors import InputError
from oemsar.modalities import Modalities
from oemsar.raster.collect import Padding, find_padding
from oemsar.raster.nodata import nodata_value
from oemsar.raster.read import Dataset, Extent, Raster, describe, open_raster, read_window
from oemsar.raster.stretch import estimate_stretch
from oemsar.raster.warp import on_grid

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Treatment:
    """How the values of a scene are read.

    Attributes:
        nodata: `auto` takes the file's own nodata value or mask, and where it has none, the zeros that
            surround the collect; `none` maps every pixel; a number makes every pixel of that value nodata.
        value_range: (low, high) of a scene that is not 8-bit, mapped to 0..255; None takes the 1st and 99th
            percentile of the scene.
    """

    nodata: str = "auto"
    value_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Source:
    """One image of a scene, opened on the scene's grid."""

    dataset: Dataset
    bands: int
    stretch: Stretch | None
    padding: Padding | None
    nodata: float | None
    every_pixel: bool

    def read(self, extent: Extent) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Pixels, uint8 (bands, height, width), 0 where they carry no data, and which of them do."""
        pixels, valid = read_window(self.dataset, extent, self.bands)
        if self.every_pixel:
            valid = np.ones_like(valid)
        elif self.nodata is not None:
            valid &= ~(pixels == self.nodata).all(0)
        elif self.padding is not None:
            valid &= self.padding.valid(self.dataset, extent, self.bands)
        eight_bit = self._eight_bit(pixels)
        eight_bit[:, ~valid] = 0
        return eight_bit, valid

    def _eight_bit(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        return pixels if self.stretch is None else self.stretch.apply(pixels)


@dataclass(frozen=True)
class Scene:
    """Images that are read together, window by window.

    Attributes:
        grid: CRS and affine of the first image, which the map takes over; None without georeferencing.
        shape: rows and columns.
        modalities: what the images are.
        sources: the images in channel order.
    """

    grid: GeoBox | None
    shape: tuple[int, int]
    modalities: Modalities
    sources: tuple[Source, ...]

    def read(self, extent: Extent) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Stacked channels, uint8 (channels, height, width), and the pixels that every image covers."""
        parts = [source.read(extent) for source in self.sources]
        valid = np.logical_and.reduce([mask for _, mask in parts])
        return np.concatenate([pixels for pixels, _ in parts]), valid


@contextmanager
def open_scene(
    path: Path, optical: Path | None, modalities: Modalities, treatment: Treatment
) -> Iterator[Scene]:
    """Open a scene for a network that sees `modalities`.

    Args:
        path: the radar image; for a network that sees only optical, the orthophoto.
        optical: the orthophoto of a network that sees both; resampled onto the radar's grid as it is read.
        modalities: what the network sees.
        treatment: how nodata and value ranges are read.

    Raises:
        InputError: an image is missing, superfluous, unreadable, of the wrong number of bands, elsewhere,
            or without a single valid pixel.
    """
    _require_images(path, optical, modalities)
    with ExitStack() as stack:
        first_bands = 1 if modalities.has_sar else 3
        first, raster = _open(stack, path, first_bands, "radar" if modalities.has_sar else "optical")
        if raster.grid is None or raster.grid.crs is None:
            log.warning(
                "%s has no georeferencing; neither has the map: rows and columns are the scene's", path
            )
        sources = [_source(first, raster, first_bands, treatment)]
        if optical is not None:
            image, described = _open(stack, optical, 3, "optical")
            laid = stack.enter_context(on_grid(image, described, raster.grid, raster.shape))
            sources.append(_source(laid, described, 3, treatment))
        yield Scene(raster.grid, raster.shape, modalities, tuple(sources))


def _require_images(path: Path, optical: Path | None, modalities: Modalities) -> None:
    if modalities is Modalities.SAR_OPTICAL and optical is None:
        raise InputError(f"the model sees radar and optical; add --optical with the orthophoto of {path}")
    if modalities is Modalities.SAR and optical is not None:
        raise InputError("the model sees radar only; leave --optical out or use a model of sar+optical")
    if modalities is Modalities.OPTICAL and optical is not None:
        raise InputError("the model sees optical only; give the orthophoto as the scene, without --optical")


def _open(stack: ExitStack, path: Path, bands: int, kind: str) -> tuple[Dataset, Raster]:
    dataset = stack.enter_context(open_raster(path))
    raster = describe(dataset, path)
    if raster.bands != bands:
        raise InputError(f"{path} has {raster.bands} band(s); the model needs {bands} for {kind} imagery")
    if bands == 3 and np.issubdtype(np.dtype(raster.dtype), np.complexfloating):
        raise InputError(f"{path} is complex; the model needs red, green and blue for {kind} imagery")
    return dataset, raster


def _source(dataset: Dataset, raster: Raster, bands: int, treatment: Treatment) -> Source:
    number = nodata_value(treatment.nodata)
    searched = treatment.nodata == "auto" and not raster.tells_nodata and bands == 1
    padding = find_padding(dataset, bands) if searched else None
    if padding is not None and padding.cells.any():
        log.info(
            "%s: zeros around the collect, about %.0f %% of the raster, are nodata (--nodata none maps them)",
            raster.path,
            100 * padding.cells.mean(),
        )
    return Source(
        dataset=dataset,
        bands=bands,
        stretch=_stretch(dataset, raster, bands, treatment),
        padding=padding if padding is not None and padding.cells.any() else None,
        nodata=number,
        every_pixel=treatment.nodata == "none",
    )


def _stretch(dataset: Dataset, raster: Raster, bands: int, treatment: Treatment) -> Stretch | None:
    if raster.dtype == "uint8":
        return None
    if treatment.value_range is not None:
        low, high = treatment.value_range
        if not low < high:
            raise InputError(f"range {low} {high} is empty; the low value must be below the high one")
        return Stretch(low, high)
    stretch = estimate_stretch(dataset, bands)
    log.warning(
        "%s is %s; %.6g to %.6g (percentiles 1 and 99) become 0 to 255; --range sets other values",
        raster.path,
        raster.dtype,
        stretch.low,
        stretch.high,
    )
    return stretch
