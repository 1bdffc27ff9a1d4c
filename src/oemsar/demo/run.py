"""Simulate, index, map and score with the starter model, fine-tune it, and show it all on one page."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from oemsar import legend
from oemsar.dataset.index import index_tiles
from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Tile
from oemsar.demo.config import DemoConfig
from oemsar.demo.page import Shown, write_page
from oemsar.errors import InputError
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.run import evaluate_model
from oemsar.evaluate.scores import Scores
from oemsar.folders import claimed, is_record
from oemsar.inputs import SAR, SAR_OPTICAL, Inputs
from oemsar.locks import holds_output
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import WORLD_FILE, simulate_world
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model
from oemsar.train.run_folder import CONFIG

log = logging.getLogger(__name__)

STARTER, TUNED = "starter", "fine-tuned"
"""Models of the demonstration: the one that comes with the package, and what it becomes on the world."""

_LABELLED = 2
"""Tiles of each region that the fine-tuning sees."""

ByInputs = Mapping[str, Scores]
"""Scores by the inputs that a model is given, joined by a plus."""


@dataclass(frozen=True)
class Demonstration:
    """Outcome of the demonstration.

    Attributes:
        page: HTML page that shows all of it.
        scores: Scores of each model on the simulated test split, from radar, optical imagery and both.
        land_cover: Map of the simulated scene from radar alone.
        land_cover_of_both: Map of the same scene from radar and optical imagery.
    """

    page: Path
    scores: Mapping[str, ByInputs]
    land_cover: Path
    land_cover_of_both: Path

    def content(self) -> dict[str, JsonValue]:
        """Give plain values, to be written as JSON."""
        return {
            "page": str(self.page),
            "land_cover": str(self.land_cover),
            "land_cover_of_both": str(self.land_cover_of_both),
            "scores": {
                model: {inputs: scores.to_dict() for inputs, scores in each.items()}
                for model, each in self.scores.items()
            },
        }


@holds_output()
def run_demo(out: Path, *, config: DemoConfig = DemoConfig()) -> Demonstration:
    """Run the main job from end to end on a simulated world.

    Everything is written below `out`: `world/`, `tiles.parquet`, `runs/`, `scores/`, `map/` and `index.html`.

    Args:
        out: Folder to write to.
        config: Size of the world and of the fine-tuning.

    Raises:
        InputError: The folder holds files of another origin or cannot be written to.
    """
    with claimed(out / "index.html", lambda: is_record(out / "world" / WORLD_FILE, "simulator")):
        try:
            return _run(out, config)
        except InputError as error:
            own = [name for name in error.options if name in DemoConfig.model_fields]
            raise InputError(error.sentence, option=own) from error  # those of its steps are not its options


def _run(folder: Path, config: DemoConfig) -> Demonstration:
    """Do the steps of the demonstration in a claimed folder."""
    world, table = folder / "world", folder / "tiles.parquet"
    log.info("Simulating %d tiles of %d regions", config.regions * config.tiles, config.regions)
    simulate_world(
        world,
        config=WorldConfig(
            regions=config.regions, tiles=config.tiles, size=config.size, seed=config.seed, scene=config.scene
        ),
    )
    index_tiles(world, table)
    maps = {inputs: _map(folder, inputs, config) for inputs in (SAR, SAR_OPTICAL)}
    scores = {STARTER: _score(folder, STARTER, table)}
    _fine_tune(folder / "runs" / TUNED, table, config)
    scores[TUNED] = _score(folder, folder / "runs" / TUNED, table)
    shown = Shown(
        scores=scores,
        figure=folder / "scores" / TUNED / "figure.png",
        maps=maps,
        about=(
            f"Simulated data, not the published benchmark: {config.regions} regions, "
            f"{config.regions * config.tiles} tiles of {config.size} px, seed {config.seed}, scored on the "
            "true labels of the test split. The starter model was trained on other simulated worlds; "
            f"fine-tuning is {config.steps} steps of {config.batch} crops of {config.crop} px from two "
            "labelled tiles of each region."
        ),
    )
    page = folder / "index.html"
    write_page(shown, page)
    return Demonstration(page, scores, maps[SAR], maps[SAR_OPTICAL])


def _map(folder: Path, inputs: Inputs, config: DemoConfig) -> Path:
    """Map the simulated scene with the starter model."""
    scene = folder / "world" / "scenes" / "Scene_001"
    land_cover = folder / "map" / ("map.tif" if inputs == SAR else "map_of_both.tif")
    log.info("Mapping the scene from %s", "radar alone" if inputs == SAR else "radar and optical imagery")
    predict_scene(
        STARTER,
        scene.with_name(f"{scene.name}_sar.tif"),
        land_cover,
        config=PredictConfig(
            optical=None if inputs == SAR else scene.with_name(f"{scene.name}_optical.tif"),
            window=config.size,
            overlap=config.size // 4,
        ),
    )
    return land_cover


def _fine_tune(run: Path, table: Path, config: DemoConfig) -> None:
    """Train the starter model further on two labelled tiles of each region."""
    log.info("Fine-tuning the starter model on two labelled tiles of each region")
    training = TrainConfig(
        init=Path(STARTER),
        steps=config.steps,
        crop=config.crop,
        batch=config.batch,
        learning_rate=2e-4,
        ema=0.95,
        seed=config.seed,
        validate_every=config.steps,
    )
    tiles = few_labelled(read_tiles(table))
    train_model(tiles, run, config=training, resume=(run / CONFIG).exists())


def few_labelled(tiles: Sequence[Tile]) -> list[Tile]:
    """Take two hand-labelled tiles of split val of each region to train on, and the others to validate on.

    Args:
        tiles: Tiles of a world.
    """
    seen: Counter[str | None] = Counter()
    few: list[Tile] = []
    for tile in tiles:
        if tile.split == "val":
            seen[tile.region] += 1
            trains = seen[tile.region] <= _LABELLED
            few.append(replace(tile, split="train", pseudo_label=None) if trains else tile)
    return few


def _score(folder: Path, model: Path | str, table: Path) -> ByInputs:
    """Score a model on the test split from each subset of its inputs."""
    out = folder / "scores" / Path(model).name
    evaluation = evaluate_model(model, table, out, config=EvaluateConfig(split="test", each_subset=True))
    return {subset.inputs: subset.scores for subset in evaluation.subsets}


def scores_table(scores: ByInputs) -> list[list[str]]:
    """Write the IoU in percent as rows of text: inputs, then a row for each class, then mIoU."""
    rows = [
        [name, *(_percent(score.classes[name].iou) for score in scores.values())] for name in legend.NAMES
    ]
    return [["IoU (%)", *scores], *rows, ["mIoU", *(_percent(score.miou) for score in scores.values())]]


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f}"
