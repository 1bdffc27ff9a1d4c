"""Make the starter model: simulate worlds, train on their true labels, store in 16 bits, score.

`make starter` runs it; what was interrupted goes on where it was. Worlds and training are written below
--work, the model and its card into the package. With OEMSAR_REAL_DATA the real tiles there are scored too;
none is trained on.
"""

import argparse
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from oemsar.dataset.index import index_tiles
from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Split, Tile
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.run import evaluate_model
from oemsar.models import packaged
from oemsar.models.half import halve_model
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import simulate_world
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model
from oemsar.train.run_folder import CONFIG

HERE = Path(__file__).parent

CARD = """# The starter model

A {architecture} with {encoder} for each of radar and optical imagery, which takes either or both.
Apache-2.0, as the package.

Trained by `make starter` on simulated worlds alone ({worlds} worlds, {tiles} tiles of {size} px,
true labels; no real image): {steps} steps of {batch} crops of {crop} px. The whole recipe is
`scripts/starter.yaml` in the repository.

mIoU in percent, from one confusion matrix over all pixels:

| data | radar | optical | both |
| --- | --- | --- | --- |
{rows}

It is meant to begin with: a first map, a start for `oemsar train --init starter`. It has seen
neither real speckle patterns, nor layover of towers, nor a season but the simulator's. On real
imagery expect water, trees and built-up ground in the right places and little more; train on labels
of your own before you count areas.
"""


def world_tiles(seed: int, regions: int, recipe: dict[str, Any], work: Path) -> list[Tile]:
    """Simulate a world, unless it is there, and read its tiles, each with its true label alone.

    Args:
        seed: Seed of the world, which tells its tiles from those of other worlds.
        regions: Number of its regions.
        recipe: Part `worlds` of the recipe.
        work: Folder that worlds are written below.
    """
    folder = work / f"world{seed}"
    tiles = recipe["tiles"]
    config = WorldConfig(regions=regions, tiles=tiles, size=recipe["size"], seed=seed, val=1, test=tiles - 1)
    if not (folder / "tiles.parquet").exists():
        simulate_world(folder, config=config)
        index_tiles(folder, folder / "tiles.parquet")
    return [
        replace(tile, name=f"{seed}_{tile.name}", region=f"{seed}_{tile.region}", pseudo_label=None)
        for tile in read_tiles(folder / "tiles.parquet")
    ]


def real_tiles(work: Path) -> list[Tile]:
    """Index the real tiles; none where there is no folder of them."""
    root = os.environ.get("OEMSAR_REAL_DATA")
    if root is None:
        return []
    index_tiles(Path(root) / "oem_sar", work / "real.parquet")
    return list(read_tiles(work / "real.parquet"))


def as_split(tiles: Sequence[Tile], split: Split, of: Split | None = None) -> list[Tile]:
    """Give the tiles of one split, or all, as those of another."""
    return [replace(tile, split=split) for tile in tiles if of in (None, tile.split)]


def row(name: str, model: Path, tiles: Sequence[Tile]) -> str:
    """Score a model on tiles from each subset of its inputs, as a row of the card."""
    evaluation = evaluate_model(model, tiles, config=EvaluateConfig(split="test", each_subset=True))
    found = {each.inputs: 100 * (each.scores.miou or 0) for each in evaluation.subsets}
    return f"| {name} | {' | '.join(f'{found[key]:.1f}' for key in ('sar', 'optical', 'sar+optical'))} |"


def main() -> None:
    """Read the arguments and make the model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("starter-work"))
    parser.add_argument("--out", type=Path, default=packaged.STARTER.folder)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = yaml.safe_load((HERE / "starter.yaml").read_text(encoding="utf-8"))
    worlds, work = recipe["worlds"], options.work
    seen = [tile for seed in worlds["train"] for tile in world_tiles(seed, worlds["regions"], worlds, work)]
    tiles = [*as_split(seen, "train", "test"), *as_split(seen, "val", "val")]
    stages = [TrainConfig(**stage) for stage in recipe["training"]]
    model: Path | None = None
    for number, stage in enumerate(stages, 1):
        run = work / f"run{number}"
        begun = stage if model is None else stage.model_copy(update={"init": model})
        model = train_model(tiles, run, config=begun, resume=(run / CONFIG).exists()).model
    if model is None:
        raise SystemExit("the recipe has no training")
    halve_model(model, options.out)
    unseen = world_tiles(worlds["test"], worlds["test_regions"], worlds, work)
    sets = {
        f"simulated world of seed {worlds['test']}, {len(unseen)} tiles": unseen,
        "six real tiles, scored against published pseudo labels": real_tiles(work),
    }
    rows = [row(name, options.out, as_split(each, "test")) for name, each in sets.items() if each]
    card = CARD.format(
        architecture=stages[0].model,
        encoder=stages[0].encoder,
        worlds=len(worlds["train"]),
        tiles=len(tiles),
        size=worlds["size"],
        steps=sum(stage.total_steps for stage in stages),
        batch=stages[0].batch,
        crop=stages[0].crop,
        rows="\n".join(rows),
    )
    (options.out / "README.md").write_text(card, encoding="utf-8")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
