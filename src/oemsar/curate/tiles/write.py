"""Files of a tile: its images and its masks, each with the facts of the tile as tags."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.io import DatasetReader

import oemsar
from oemsar.curate.tiles.cut import Cut, read_part
from oemsar.curate.tiles.pairs import BANDS, PairFiles
from oemsar.dataset.tile import Split, Tile
from oemsar.dataset.tile_facts import TileFacts
from oemsar.errors import InputError
from oemsar.geometry.look import look_tags
from oemsar.prepare.pair.masks import MASKS
from oemsar.raster.geotiff import write_raster
from oemsar.raster.read import Extent, open_raster

FOLDERS = {"sar": "sar_images", "optical": "rgb_images", "masks": "masks"}
"""Folders of the files of a tile, by key."""
_KEY = "OEMSAR_TILE_KEY"
"""Tag of what a file was cut from, by which a later run knows it again."""


@dataclass(frozen=True, eq=False)
class PlannedTile:
    """A tile that is going to be cut.

    Attributes:
        pair: Pair that it is cut from.
        cut: Its pixels and shares.
        split: Its split.
        country: Country of its region; None where it lies in none.
    """

    pair: PairFiles
    cut: Cut
    split: Split
    country: str | None

    @property
    def grid(self) -> GeoBox:
        """Grid of the tile."""
        return grid_of_cut(self.pair.grid, self.cut.extent)

    def files(self, out: Path) -> dict[str, Path]:
        """Name its files, by key."""
        return {key: out / folder / f"{self.cut.name}.tif" for key, folder in FOLDERS.items()}

    def misalignment(self) -> float | None:
        """Take the error of the alignment where the tile lies, in pixels."""
        extent = self.cut.extent
        return self.pair.errors.within(extent.row, extent.column, extent.height)

    def facts(self) -> TileFacts:
        """Collect acquisition, shares of masks and terms."""
        record, shares = self.pair.record, self.cut.shares
        look = record.sar.look
        terms = {
            f"{key}_{name}": getattr(record.terms[key], name) or None
            for key in ("sar", "optical")
            for name in ("attribution", "licence")
            if key in record.terms
        }
        return TileFacts(
            acquired=record.sar.time,
            look_azimuth=None if look is None else look.azimuth,
            incidence=None if look is None else look.incidence,
            sar_valid_share=shares.sar,
            optical_valid_share=shares.optical,
            both_valid_share=shares.both,
            layover_share=shares.layover,
            shadow_share=shares.shadow,
            **terms,
        )

    def tile(self, out: Path) -> Tile:
        """Describe the tile for the table."""
        files = self.files(out)
        return Tile(
            name=self.cut.name,
            split=self.split,
            shape=(self.cut.extent.height, self.cut.extent.width),
            grid=self.grid,
            region=self.pair.name,
            country=self.country,
            sar=files["sar"],
            optical=files["optical"],
            masks=files["masks"],
            misalignment=self.misalignment(),
            facts=self.facts(),
        )


def grid_of_cut(grid: GeoBox, extent: Extent) -> GeoBox:
    """Give the part of a grid that a rectangle of it covers."""
    shifted = grid.affine @ Affine.translation(extent.column, extent.row)
    return GeoBox((extent.height, extent.width), shifted, grid.crs)


def write_tile(planned: PlannedTile, out: Path, sources: dict[str, DatasetReader]) -> bool:
    """Write those files of a tile that do not lie there already.

    Args:
        planned: Tile.
        out: Folder of the tiles.
        sources: Open files of its pair, by key.

    Returns:
        Whether one had to be written.
    """
    written = False
    for key, path in planned.files(out).items():
        tags = _tags(planned, key)
        tags[_KEY] = _key(planned, key, tags)
        if tag_of(path) == tags[_KEY]:
            continue
        pixels = read_part(sources[key], key, planned.cut.extent)
        names = MASKS if key == "masks" else ()
        write_raster(path, pixels, planned.grid, tags=tags, names=names, tiled=True)
        written = True
    return written


def tag_of(path: Path) -> str | None:
    """Read what a file was cut from; None where there is no file that was cut."""
    if not path.is_file():
        return None
    try:
        with open_raster(path) as dataset:
            key: str | None = dataset.tags().get(_KEY)
            return key
    except InputError:
        return None


def left_over(out: Path, names: set[str]) -> Iterator[Path]:
    """List the files of tiles that an earlier run cut and this one does not.

    Args:
        out: Folder of the tiles.
        names: Names of the tiles of this run.
    """
    for folder in FOLDERS.values():
        for path in sorted((out / folder).glob("*.tif")):
            if path.stem not in names and tag_of(path) is not None:
                yield path


def _tags(planned: PlannedTile, key: str) -> dict[str, str]:
    """Describe a tile in metadata items of one of its files."""
    facts, look = planned.facts(), planned.pair.record.sar.look
    error = planned.misalignment()
    own = {
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_TILE": planned.cut.name,
        "OEMSAR_REGION": planned.pair.name,
        "OEMSAR_ACQUIRED": facts.acquired,
        "OEMSAR_MISALIGNMENT_PX": None if error is None else repr(error),
    }
    shares = {
        f"OEMSAR_{name.upper()}": repr(value)
        for name, value in facts.stated().items()
        if name.endswith("_share")
    }
    keys = ("sar", "optical") if key == "masks" else (key,)
    for what in ("attribution", "licence"):
        words = [getattr(facts, f"{each}_{what}") for each in keys]
        own[f"OEMSAR_{what.upper()}"] = " | ".join(word for word in words if word) or None
    return {
        **{name: value for name, value in own.items() if value},
        **shares,
        **({} if look is None else look_tags(look)),
    }


def _key(planned: PlannedTile, key: str, tags: dict[str, str]) -> str:
    """Hash everything that decides the content of a file."""
    content = [planned.pair.fingerprints[key], list(planned.cut.extent), tags, BANDS[key]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
