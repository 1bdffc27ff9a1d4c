"""The two images of an alignment, both seen on the orthophoto's grid at any scale."""

import math
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles, Floats, pick
from oemsar.errors import InputError
from oemsar.geometry.sampler import Sampler
from oemsar.prepare.align.model.correction import Corrected, Correction
from oemsar.prepare.align.scene.geometry import Geometry, Scale, coarse_positions
from oemsar.prepare.align.scene.reduction import REDUCTION, reduced
from oemsar.prepare.align.scene.relief_displacement import Plane, ReliefDisplacement
from oemsar.raster.image import Statement, open_colours, open_radar
from oemsar.raster.read import Extent, open_raster

_THUMBNAIL = 512
_EIGHT_BIT = 255.0
_BRIGHT = 99.5
"""Percentile of a thumbnail that becomes white, in images of other types than bytes."""


class View(NamedTuple):
    """A rectangle of the orthophoto's grid as both sensors see it.

    Attributes:
        radar: Amplitude, float32 (height, width), about 0 to 255.
        radar_valid: (height, width), whether each pixel of the radar image carries data.
        reference: Image to compare with, float32 (height, width), about 0 to 255.
        reference_valid: (height, width), whether each pixel carries data that the radar can see.
        scale: Scale of the reference, `linear` for grey values, `logarithmic` for an amplitude.
    """

    radar: Floats
    radar_valid: NDArray[np.bool_]
    reference: Floats
    reference_valid: NDArray[np.bool_]
    scale: Scale


Reference: TypeAlias = Literal["optical", "expected"]
"""Image that a radar image is compared with: the orthophoto, or one predicted from a surface model."""


@dataclass(frozen=True, eq=False)
class Scales:
    """An image at full size, and reduced.

    Attributes:
        full: Reader of the image.
        small: Reader of the reduced copy; None for an image that is not large.
    """

    full: Sampler
    small: Sampler | None

    def at(self, factor: int, x: Doubles, y: Doubles) -> tuple[NDArray[np.inexact[Any]], NDArray[np.bool_]]:
        """Read values at columns and rows of the image at full size, which lie about `factor` apart."""
        if self.small is None or factor < REDUCTION:
            return self.full.at(x, y)
        return self.small.at((x + 0.5) / REDUCTION - 0.5, (y + 0.5) / REDUCTION - 0.5)


@dataclass(frozen=True, eq=False)
class Images:
    """An open pair.

    Attributes:
        radar: Reader of the radar image in power, and of its reduced copy.
        optical: Reader of the orthophoto, and of its reduced copy.
        geometry: Geometry of the pair by its metadata.
        relief: Relief displacement; None without a surface model.
        gains: Factors that bring radar image and orthophoto to about 0 to 255.
    """

    radar: Scales
    optical: Scales
    geometry: Geometry
    relief: ReliefDisplacement | None
    gains: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the orthophoto."""
        return self.geometry.shape

    @property
    def references(self) -> tuple[Reference, ...]:
        """Images to compare the radar image with, the best first."""
        return ("optical",) if self.relief is None else ("expected", "optical")

    def with_depth(self, depth: float) -> "Images":
        """Give the pair with crowns that scatter from another depth."""
        return self if self.relief is None else replace(self, relief=self.relief.with_depth(depth))

    def plane(self, factor: int, extent: Extent, reference: Reference) -> Plane:
        """Find the plane on which a rectangle is seen."""
        if self.relief is None or reference == "optical":
            return Plane(math.nan, 0 if self.relief is None else self.relief.reach(factor))
        return self.relief.plane(factor, extent)

    def corrected(self, plane: float, correction: Correction) -> Corrected:
        """Give the map from positions on a plane to those in the radar image.

        Args:
            plane: Ellipsoidal height of the plane; NaN for the terrain itself.
            correction: Correction of positions in the radar image.
        """
        return Corrected(self.geometry.on_plane(plane), correction, self.geometry.heights)

    def view(
        self, factor: int, extent: Extent, correction: Correction, reference: Reference, plane: Plane
    ) -> View:
        """Read both images on a rectangle of the orthophoto's grid made coarser.

        Args:
            factor: Pixels of the orthophoto to one of the view.
            extent: Rectangle in pixels of the coarser grid; may reach over the edges.
            correction: Correction of radar pixels by the metadata.
            reference: Image beside the radar image. With a surface model the orthophoto's roofs and crowns
                stand where the radar shows them.
            plane: Plane on which the rectangle is seen.
        """
        x, y = coarse_positions(factor, extent)
        mapping = self.corrected(plane.height, correction)
        radar, radar_valid = self.radar.at(factor, *mapping(x, y))
        shown, valid = self._reference(factor, extent, reference, plane)
        scale: Scale = "logarithmic" if reference == "expected" else "linear"
        return View(np.asarray(radar[0] * self.gains[0], np.float32), radar_valid, shown, valid, scale)

    def _reference(
        self, factor: int, extent: Extent, reference: Reference, plane: Plane
    ) -> tuple[Floats, NDArray[np.bool_]]:
        if self.relief is None:
            return self._grey(factor, extent)
        reach = plane.reach
        wide = Extent(
            extent.row - reach, extent.column - reach, extent.height + 2 * reach, extent.width + 2 * reach
        )
        inner = slice(reach, reach + extent.height), slice(reach, reach + extent.width)
        if reference == "expected":
            _, valid = self._grey(factor, extent)
            return self.relief.expected(factor, wide, plane.height)[inner], valid
        grey, valid = self.relief.displaced(*self._grey(factor, wide), factor, wide)
        return grey[inner], valid[inner]

    def _grey(self, factor: int, extent: Extent) -> tuple[Floats, NDArray[np.bool_]]:
        pixels, valid = self.optical.at(factor, *coarse_positions(factor, extent))
        return np.asarray(pixels.mean(0) * self.gains[1], np.float32), valid


def open_images(
    sar: Path,
    optical: Path,
    geometry: Geometry,
    relief: ReliefDisplacement | None,
    *,
    statements: tuple[Statement, Statement] = (Statement(), Statement(prefix="optical_")),
    folder: Path,
    files: ExitStack,
) -> Images:
    """Open a pair for matching.

    Args:
        sar: Amplitude of any real type.
        optical: Grey values or colours, of any real type.
        geometry: Geometry of the pair by its metadata.
        relief: Relief displacement; None without a surface model.
        statements: Bands and nodata that a person states, of the radar image and of the orthophoto.
        folder: Folder for scratch files.
        files: Stack that closes the opened files.

    Raises:
        InputError: The radar image is complex, or an image is constant or empty.
    """
    radar = _radar_sampler(sar, statements[0], files)
    colours = files.enter_context(open_raster(optical))
    photo = Sampler(open_colours(colours, optical, statements[1], strict=False).pixels, kernel="bilinear")
    gains = _gain(radar, sar), _gain(photo, optical)
    scales = [
        Scales(sampler, reduced(sampler, folder / f"{name}.tif", files))
        for name, sampler in (("radar", radar), ("optical", photo))
    ]
    return Images(scales[0], scales[1], geometry, relief, gains)


def _radar_sampler(sar: Path, statement: Statement, files: ExitStack) -> Sampler:
    """Open the first band of a radar image: as stated, its only one, or one of three equal ones."""
    dataset = files.enter_context(open_raster(sar))
    if np.dtype(dataset.dtypes[0]).kind == "c":
        raise InputError(
            f"{sar} holds complex pixels where amplitude is due; run `oemsar prepare radiometry` on it first"
        )
    first = replace(statement, bands=(statement.bands or (1,))[:1])
    return Sampler(open_radar(dataset, sar, first, channels=1).pixels, power=True, kernel="bilinear")


def _gain(sampler: Sampler, path: Path) -> float:
    """Find the factor from values to about 0 to 255; 1 for bytes.

    Raises:
        InputError: The image holds no data or one value only.
    """
    rows, columns = sampler.source.shape
    x, y = np.meshgrid(
        np.linspace(0, columns - 1, min(_THUMBNAIL, columns)).round(),
        np.linspace(0, rows - 1, min(_THUMBNAIL, rows)).round(),
    )
    pixels, valid = replace(sampler, kernel="nearest", averaging=False).at(x, y)
    values = pick(pixels, valid)
    if not values.size:
        raise InputError(f"{path} holds no data: every pixel is nodata")
    if values.min() == values.max():
        raise InputError(f"{path} holds one value only; there is nothing to align")
    if sampler.source.dtype == np.uint8:
        return 1.0
    return _EIGHT_BIT / max(float(np.percentile(values, _BRIGHT)), 1e-12)
