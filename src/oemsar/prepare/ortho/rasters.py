"""Rasters of an orthorectification: the image, and the masks of layover and shadow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.fingerprint import Unchanged
from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.look import PROJECTION_HEIGHT_TAG, Look, look_tags
from oemsar.geometry.mapping import PixelMap
from oemsar.geometry.open_heights import surface_of
from oemsar.geometry.resample import resample
from oemsar.geometry.sweep import UNKNOWN, sweep
from oemsar.geometry.terrain import Terrain
from oemsar.progress import Report
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.image import Image, Statement, open_radar
from oemsar.raster.pixels import Pixels
from oemsar.raster.raw_raster import RawRaster, raw_bytes

MASKS = ("layover", "shadow", "valid")
"""Bands of the masks, from the first."""


@dataclass(frozen=True, eq=False)
class Source:
    """An open scene and where it carries data.

    Attributes:
        image: Open scene.
        filled: Whether there is data in each cell of `oemsar.raster.border.CELL` pixels, boolean.
    """

    image: Image
    filled: NDArray[np.bool_]

    @classmethod
    def from_dataset(cls, dataset: DatasetReader, path: Path, statement: Statement = Statement()) -> Self:
        """Find where an open scene carries data.

        Args:
            dataset: Open scene.
            path: File of the scene, for messages.
            statement: Bands and nodata that a person states; all bands by default.

        Raises:
            InputError: It holds no data.
        """
        image = open_radar(dataset, path, statement, channels=None)
        filled = image.filled()
        if not filled.any():
            every = "nodata" if image.padding is None else "0"
            raise InputError(f"{path} holds no data: every pixel is {every}")
        return cls(image, filled)

    @property
    def pixels(self) -> Pixels:
        """Values of the scene, and where they carry data."""
        return self.image.pixels


class LayoverShares(NamedTuple):
    """Shares of masks among the pixels with data, 0 to 1.

    Attributes:
        layover: Share of layover.
        shadow: Share of radar shadow.
    """

    layover: float
    shadow: float


@dataclass(frozen=True, eq=False)
class OrthoRasters:
    """Rasters of an orthorectification, made in a scratch folder and then published.

    Attributes:
        folder: Scratch folder on the disk of the result.
        grid: Grid of the result.
        look: Look that is written into the result; None where it is not known.
        report: Called with the blocks done and in all.
        watched: Inputs, none of which may have changed when the image is published.
    """

    folder: Path
    grid: GeoBox
    look: Look | None
    report: Report
    watched: Unchanged

    @staticmethod
    def bytes_needed(source: Source, grid: GeoBox, *, masks: bool) -> int:
        """Compute the bytes that the rasters take in their scratch folder."""
        pixels = source.pixels
        layers = [pixels.dtype.name] * pixels.count + ["uint8"] * (len(MASKS) if masks else 1)
        return raw_bytes(grid.shape.yx, *layers)

    def publish_image(
        self, source: Source, mapping: PixelMap, out: Path, *, power: bool, kernel: Kernel
    ) -> float:
        """Resample the scene and publish it.

        Returns:
            Share of the pixels with data, 0 to 1.

        Raises:
            InputError: No pixel has data.
        """
        image = source.image
        dataset, pixels = image.dataset, source.pixels
        nodata = nodata_of(image)
        canvases = [self._canvas(f"band{number}", pixels.dtype) for number in range(pixels.count)]
        count = resample(
            pixels,
            mapping,
            canvases,
            power=power,
            nodata=nodata,
            validity=self._byte("valid"),
            kernel=kernel,
            report=self.report,
        )
        if count == 0:
            raise InputError(f"{dataset.name} has no pixel with data on the ground of the elevation model")
        tags = {key: value for key, value in dataset.tags().items() if key.startswith("OEMSAR_")}
        tags.pop(PROJECTION_HEIGHT_TAG, None)
        if self.look is not None:
            tags |= look_tags(self.look)
        self.watched.require()
        publish_cog(canvases, out, self.grid, Layer(nodata=nodata, tags=tags, bands=_names(image)))
        rows, columns = self.grid.shape.yx
        return count / (rows * columns)

    def find_masks(self, terrain: Terrain, dsm: Path) -> None:
        """Find layover and shadow of a surface, to be published after the image, whose validity they share.

        Args:
            terrain: Elevation models of the area, which say how voids are read.
            dsm: Surface with roofs and crowns.

        Raises:
            InputError: The look is not known, or the surface model has no height on the grid.
        """
        if self.look is None:
            raise InputError(
                f"{dsm} makes masks only where the look of the radar is known; give both angles",
                option=("look_azimuth", "incidence"),
            )
        with surface_of(terrain, dsm) as surface:
            sweep(surface, self.grid, self.look, self._byte("layover"), self._byte("shadow"))

    def publish_masks(self, out: Path) -> LayoverShares:
        """Publish the masks and measure the shares of layover and shadow."""
        canvases = [self._byte(name) for name in MASKS]
        tags = {} if self.look is None else look_tags(self.look)
        publish_cog(canvases, out, self.grid, Layer(nodata=UNKNOWN, tags=tags, bands=MASKS))
        layover, shadow = (share_of(self._byte(name), self._byte("valid")) for name in MASKS[:2])
        return LayoverShares(layover, shadow)

    def _byte(self, name: str) -> RawRaster:
        return self._canvas(name, np.dtype(np.uint8))

    def _canvas(self, name: str, dtype: np.dtype[Any]) -> RawRaster:
        rows, columns = self.grid.shape
        return RawRaster(self.folder / f"{name}.raw", (rows, columns), dtype)


def nodata_of(image: Image) -> float:
    """Choose the nodata value of a result: that of the image, else 0 for integers and NaN for others."""
    own, kind = image.dataset.nodata, image.values.dtype.kind
    if own is not None and image.is_stored:
        return float(own)
    return 0.0 if kind in "iu" else float("nan")


def _names(image: Image) -> Sequence[str]:
    return [image.dataset.descriptions[band - 1] or "" for band in image.bands]


def share_of(mask: RawRaster, valid: RawRaster) -> float:
    """Compute the share of a mask among pixels with data, as far as it is known; 0 where nothing is."""
    marked = counted = 0
    for row in range(0, mask.shape[0], 256):
        height = min(256, mask.shape[0] - row)
        values, with_data = mask.read_rows(row, height), valid.read_rows(row, height) == 1
        marked += int((with_data & (values == 1)).sum())
        counted += int((with_data & (values != UNKNOWN)).sum())
    return marked / counted if counted else 0.0
