"""The plan of a simulated world: its regions, and where each tile lies and what it is called."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from pydantic import JsonValue

from oemsar.config_file import Value
from oemsar.dataset.tile import SPLITS, Split
from oemsar.errors import InputError
from oemsar.simulate.noise import stream
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.world.places import choose_places
from oemsar.simulate.world.region import Region, centre_in_utm, draw_region

RENDERING = 2
"""Number of the simulator's rules; a change of any pixel for the same seed raises it."""

_PREFIX: dict[Split, str] = {"train": "TrainArea", "val": "ValArea", "test": "TestArea"}
_PITCH = 1.15
"""Distance of neighbouring tiles over their size; the rest is room for a random shift."""

_LARGEST_CLUSTER = 9000.0
"""Metres that the tiles of a region may cover, less than the distance between regions."""

_PLACES, _REGION, _ORDER, _GRID, _TILE, _SCENE = range(6)
_INFRARED = 8
"""Key of the random streams of the near infrared; 7 is that of simulated scenes in depth."""


@dataclass(frozen=True)
class PlannedTile:
    """A tile to be rendered.

    Attributes:
        name: File stem, which tells neither region nor position.
        split: `train`, `val` or `test`.
        region: Number of the region, from 0.
        number: Number of the tile in its region, from 0.
        grid: Grid of the tile.
    """

    name: str
    split: Split
    region: int
    number: int
    grid: GeoBox


class WorldSummary(Value):
    """A simulated world that was written."""

    folder: Path
    """Folder of the world."""
    regions: int
    """Number of regions of tiles."""
    tiles: dict[Split, int]
    """Number of tiles by split."""
    scene: bool
    """Whether there is a scene in a region of its own."""


@dataclass(frozen=True)
class World:
    """Plan of a world: configuration, regions, tiles, and the region of the scene, None without a scene."""

    config: WorldConfig
    regions: tuple[Region, ...]
    tiles: tuple[PlannedTile, ...]
    scene_region: Region | None

    def tile_stream(self, tile: PlannedTile) -> np.random.Generator:
        """Begin the random stream of one tile, independent of all others."""
        return stream(self.config.seed, _TILE, tile.region, tile.number)

    def infrared_stream(self, tile: PlannedTile | None = None) -> np.random.Generator | None:
        """Begin the stream of what is random in the near infrared alone, of a tile or of the scene.

        None where no near infrared is written.
        """
        if not self.config.writes("nir"):
            return None
        key = () if tile is None else (tile.region, tile.number)
        return stream(self.config.seed, _INFRARED, *key)

    def scene_stream(self) -> np.random.Generator:
        """Begin the random stream of the scene."""
        return stream(self.config.seed, _SCENE)

    def summary(self, folder: Path) -> WorldSummary:
        """Count the regions and tiles of the world, written to a folder."""
        tiles = {split: sum(tile.split == split for tile in self.tiles) for split in SPLITS}
        return WorldSummary(
            folder=folder,
            regions=len(self.regions),
            tiles=tiles,
            scene=self.scene_region is not None,
        )

    def describe(self) -> dict[str, JsonValue]:
        """Describe the world as the plain values of `world.json`."""
        return {
            "simulator": RENDERING,
            "config": self.config.model_dump(),
            "regions": [asdict(region) for region in self.regions],
            "scene_region": None if self.scene_region is None else asdict(self.scene_region),
            "tiles": [
                {
                    "name": tile.name,
                    "split": tile.split,
                    "region": self.regions[tile.region].name,
                    "affine": list(tile.grid.affine[:6]),
                }
                for tile in self.tiles
            ],
        }


def plan_world(config: WorldConfig) -> World:
    """Draw the regions and lay out their tiles.

    Raises:
        InputError: The tiles of a region would cover more ground than lies between regions.
    """
    count = config.regions + (config.scene is not None)
    places = choose_places(count, stream(config.seed, _PLACES))
    regions = [
        draw_region(number + 1, place, stream(config.seed, _REGION, number))
        for number, place in enumerate(places)
    ]
    scene_region = regions.pop() if config.scene is not None else None
    grids = [
        _grids(region, config, stream(config.seed, _GRID, number)) for number, region in enumerate(regions)
    ]
    return World(config, tuple(regions), tuple(_named(config, grids)), scene_region)


def _named(config: WorldConfig, grids: list[list[GeoBox]]) -> list[PlannedTile]:
    """Deal the tiles of each region out to the splits and number each split in a shuffled order."""
    val, test = config.held_out
    shares: dict[Split, int] = {"val": val, "test": test, "train": config.tiles - val - test}
    members: dict[Split, list[tuple[int, int]]] = {split: [] for split in SPLITS}
    rng = stream(config.seed, _ORDER)
    for region in range(config.regions):
        order = iter(rng.permutation(config.tiles).tolist())
        for split, share in shares.items():
            members[split] += [(region, next(order)) for _ in range(share)]
    tiles = []
    for split in SPLITS:
        for rank, index in enumerate(rng.permutation(len(members[split])).tolist()):
            region, number = members[split][index]
            name = f"{_PREFIX[split]}_{rank + 1:03d}"
            tiles.append(PlannedTile(name, split, region, number, grids[region][number]))
    return tiles


def _grids(region: Region, config: WorldConfig, rng: np.random.Generator) -> list[GeoBox]:
    """Lay out the tiles of a region: a jittered raster of squares around its centre, none overlapping."""
    side = math.ceil(math.sqrt(config.tiles))
    extent = config.size * region.gsd
    pitch = extent * _PITCH
    if side * pitch > _LARGEST_CLUSTER:
        raise InputError(
            f"{config.tiles} tiles of {config.size} pixels do not fit in one region of "
            f"{_LARGEST_CLUSTER / 1000:g} km; ask for more regions with fewer tiles each"
        )
    west, south = (coordinate - side * pitch / 2 for coordinate in centre_in_utm(region))
    grids = []
    for cell in rng.permutation(side * side)[: config.tiles].tolist():
        row, column = divmod(cell, side)
        east, north = rng.uniform(0, pitch - extent, 2)
        left = round(west + column * pitch + east, 2)
        top = round(south + row * pitch + north + extent, 2)
        affine = Affine(region.gsd, 0, left, 0, -region.gsd, top)
        grids.append(GeoBox((config.size, config.size), affine, f"EPSG:{region.epsg}"))
    return grids
