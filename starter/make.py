"""Make the starter model: simulate worlds, train on their true labels, score, and store in 16 bits.

`make starter` runs it; an interrupted run goes on where it was. Everything is written below --work, the model and
its card into --out.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from oemsar.dataset.index import index_tiles
from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Split, Tile
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import simulate_world
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model
from oemsar.train.run_folder import CONFIG

RECIPE = Path(__file__).with_name("recipe.yaml")


def world_tiles(seed: int, recipe: dict[str, Any], work: Path) -> list[Tile]:
    """Simulate a world, unless it is there, and read its tiles, each with its true label alone.

    Args:
        seed: Seed of the world, which tells its tiles from those of other worlds.
        recipe: Part `worlds` of the recipe.
        work: Folder that worlds are written below.
    """
    folder = work / f"world{seed}"
    tiles = recipe["tiles"]
    size = {name: recipe[name] for name in ("regions", "tiles", "size")}
    if not (folder / "tiles.parquet").exists():
        simulate_world(folder, config=WorldConfig(**size, seed=seed, val=1, test=tiles - 1))
        index_tiles(folder, folder / "tiles.parquet")
    return [
        replace(tile, name=f"{seed}_{tile.name}", region=f"{seed}_{tile.region}", pseudo_label=None)
        for tile in read_tiles(folder / "tiles.parquet")
    ]


def as_split(tiles: Sequence[Tile], split: Split, of: Split) -> list[Tile]:
    """Give the tiles of one split as those of another."""
    return [replace(tile, split=split) for tile in tiles if tile.split == of]


def main() -> None:
    """Read the arguments and make the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("starter-work"))
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--run", default="run")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = yaml.safe_load(options.recipe.read_text())
    worlds = recipe["worlds"]
    seen = [tile for seed in worlds["train"] for tile in world_tiles(seed, worlds, options.work)]
    tiles = [*as_split(seen, "train", "test"), *as_split(seen, "val", "val")]
    out = options.work / options.run
    config = TrainConfig(**recipe["training"])
    run = train_model(tiles, out, config=config, resume=(out / CONFIG).exists())
    print(run)


if __name__ == "__main__":
    main()
