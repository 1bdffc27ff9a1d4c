"""One tile of a dataset."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from odc.geo.geobox import GeoBox

from oemsar.modalities import Modalities

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Tile:
    """A square of ground with its images and labels on one pixel grid.

    Attributes:
        name: file stem shared by its images and labels, unique in a table.
        split: `train`, `val` or `test`.
        shape: rows and columns in pixels.
        grid: CRS, affine and shape; None where no file of the tile is georeferenced.
        region: stable name of the region it lies in; None where not assigned.
        country: ISO 3166 alpha-3 code; None where not assigned.
        sar: 1-band radar image, or None.
        optical: 3-band image, or None.
        pseudo_label: label made by a model (ids 0..8), or None.
        real_label: label made by hand (ids 0..8), or None.
    """

    name: str
    split: Split
    shape: tuple[int, int]
    grid: GeoBox | None = None
    region: str | None = None
    country: str | None = None
    sar: Path | None = None
    optical: Path | None = None
    pseudo_label: Path | None = None
    real_label: Path | None = None

    @property
    def label(self) -> Path | None:
        """The hand-made label where there is one, else the pseudo label, else None."""
        return self.real_label or self.pseudo_label

    def has(self, modalities: Modalities) -> bool:
        """Whether every image of `modalities` is there."""
        sar = self.sar is not None or not modalities.has_sar
        return sar and (self.optical is not None or not modalities.has_optical)
