"""One tile of a dataset."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from oemsar.dataset.tile_facts import TileFacts
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
        further: Files of inputs other than radar and optical, by the name of the input.
        confidence: Confidence in each pixel of the pseudo label, bytes 0..255 or numbers 0..1, or None.
        soft_label: Probabilities of the classes behind the pseudo label, one band each, or None.
        misalignment: Distance by which the images of the tile are off each other, in pixels; None where it
            was not measured.
        masks: Masks of validity, layover and shadow, as `oemsar prepare pair` makes them, or None.
        facts: Acquisition, shares of masks, terms and labelling, as far as they are known.
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
    further: Mapping[str, Path] = field(default_factory=dict, hash=False, repr=False)
    confidence: Path | None = field(default=None, repr=False)
    soft_label: Path | None = field(default=None, repr=False)
    misalignment: float | None = field(default=None, repr=False)
    masks: Path | None = field(default=None, repr=False)
    facts: TileFacts = field(default=TileFacts(), repr=False)

    def __post_init__(self) -> None:
        """Check the names, which become parts of paths and cells of tables.

        Raises:
            InputError: A name cannot be that of a file, or is no plain text; the split is not known; or the
                radar or optical image is among the further inputs.
        """
        require_file_name(self.name, "tile")
        if self.split not in SPLITS:
            raise InputError(
                f"tile {self.name} has the split {self.split!r}; give one of {', '.join(SPLITS)}"
            )
        if twice := sorted({"sar", "optical"} & set(self.further)):
            raise InputError(
                f"tile {self.name} has {twice[0]} among its further inputs; give it by its own name"
            )
        for what, name in (("region", self.region), ("country", self.country)):
            if name is not None:
                require_plain_name(name, f"tile {self.name}: {what}")

    @property
    def label(self) -> Path | None:
        """Hand-made label where there is one, else the pseudo label, else None."""
        return self.real_label or self.pseudo_label

    @property
    def inputs(self) -> dict[str, Path]:
        """Path of each input that is there, by its name, radar and optical first."""
        images = {"sar": self.sar, "optical": self.optical}
        return {name: path for name, path in images.items() if path is not None} | {**self.further}

    def has(self, inputs: Inputs) -> bool:
        """Tell whether every one of `inputs` is there."""
        return self.inputs.keys() >= set(inputs.names)

    def has_any(self, inputs: Inputs) -> bool:
        """Tell whether at least one of `inputs` is there."""
        return not self.inputs.keys().isdisjoint(inputs.names)


def describe_lack(tiles: Iterable[Tile], inputs: Inputs) -> str:
    """Say which of some inputs no tile has, for the end of a sentence; empty where some tile has each.

    Args:
        tiles: Tiles of a table.
        inputs: Inputs that a network sees.
    """
    there = {name for tile in tiles for name in tile.inputs}
    lacking = " or ".join(name for name in inputs.names if name not in there)
    present = ", ".join(sorted(there)) or "labels"
    return f" (no tile has {lacking}, only {present})" if lacking else ""
