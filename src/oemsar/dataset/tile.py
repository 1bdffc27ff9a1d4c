"""One tile of a dataset."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.names import require_file_name, require_plain_name

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Tile:
    """A rectangle of ground with its images and labels on one pixel grid.

    Attributes:
        name: Stem of the file names of its images and labels, unique in a table.
        split: `train`, `val` or `test`.
        shape: Rows and columns in pixels.
        grid: CRS, affine and shape; None where no file of the tile is georeferenced.
        region: Stable name of the region the tile lies in; None where not assigned.
        country: ISO 3166-1 alpha-3 code; None where not assigned.
        sar: Radar image of 1 band, or None.
        optical: Optical image of 3 bands, or None.
        pseudo_label: Label made by a model, class ids and 0 = unknown, or None.
        real_label: Label made by hand, class ids and 0 = unknown, or None.
        label_nodata: Value beyond the classes that is unknown too, beside the nodata tag of a label's file;
            None for no such value.
    """

    name: str
    split: Split
    shape: tuple[int, int]
    grid: "GeoBox | None" = None
    region: str | None = None
    country: str | None = None
    sar: Path | None = None
    optical: Path | None = None
    pseudo_label: Path | None = None
    real_label: Path | None = None
    label_nodata: int | None = None

    def __post_init__(self) -> None:
        """Check the names, which become parts of paths and cells of tables.

        Raises:
            InputError: A name cannot be that of a file, or is no plain text; or the split is not known.
        """
        require_file_name(self.name, "tile")
        if self.split not in SPLITS:
            raise InputError(
                f"tile {self.name} has the split {self.split!r}; give one of {', '.join(SPLITS)}"
            )
        for what, name in (("region", self.region), ("country", self.country)):
            if name is not None:
                require_plain_name(name, f"tile {self.name}: {what}")

    @property
    def label(self) -> Path | None:
        """Hand-made label where there is one, else the pseudo label, else None."""
        return self.real_label or self.pseudo_label

    def has(self, modalities: Inputs) -> bool:
        """Tell whether every image of `modalities` is there."""
        return all(getattr(self, part.name) is not None for part in modalities)
