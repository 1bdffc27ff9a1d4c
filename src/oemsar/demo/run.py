"""Simulate, index, train three modality sets, score, map a scene, and show it all on one page."""

import logging
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from oemsar import legend
from oemsar.dataset.index import index_tiles
from oemsar.demo.config import DemoConfig
from oemsar.demo.page import Shown, write_page
from oemsar.errors import InputError
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.run import evaluate_model
from oemsar.evaluate.scores import Scores
from oemsar.folders import claimed, is_record
from oemsar.inputs import PUBLISHED, SAR, Inputs
from oemsar.locks import holds_output
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import WORLD_FILE, simulate_world
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model
from oemsar.train.run_folder import CONFIG

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Demonstration:
    """Outcome of the demonstration.

    Attributes:
        page: HTML page that shows all of it.
        scores: Scores of each modality set on the simulated test split.
        land_cover: Map of the simulated scene from radar alone.
    """

    page: Path
    scores: dict[Inputs, Scores]
    land_cover: Path

    def content(self) -> dict[str, JsonValue]:
        """Give plain values, to be written as JSON."""
        return {
            "page": str(self.page),
            "land_cover": str(self.land_cover),
            "scores": {str(modalities): scores.to_dict() for modalities, scores in self.scores.items()},
        }


@holds_output()
def run_demo(out: Path, *, config: DemoConfig = DemoConfig()) -> Demonstration:
    """Run the main job from end to end on a simulated world.

    Everything is written below `out`: `world/`, `tiles.parquet`, `runs/`, `scores/`, `map/` and `index.html`.

    Args:
        out: Folder to write to.
        config: Size of the world and of the trainings.

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
    scores = {modalities: _train_and_score(folder, table, modalities, config) for modalities in PUBLISHED}
    land_cover = folder / "map" / "map.tif"
    log.info("Mapping the scene from radar alone")
    summary = predict_scene(
        folder / "runs" / str(SAR),
        world / "scenes" / "Scene_001_sar.tif",
        land_cover,
        config=PredictConfig(window=config.size, overlap=config.size // 4),
    )
    best = max(scores, key=lambda modalities: scores[modalities].miou or 0)
    shown = Shown(
        scores=scores,
        best=best,
        figure=folder / "scores" / str(best) / "figure.png",
        quicklook=Path(summary.quicklook),
        land_cover=land_cover,
        about=(
            f"Simulated data, not the published benchmark: {config.regions} regions, "
            f"{config.regions * config.tiles} tiles of {config.size} px, seed {config.seed}. U-Net with "
            f"{config.encoder}, {config.steps} steps of {config.batch} crops of {config.crop} px each, "
            "trained on pseudo labels, scored on the true labels of the test split."
        ),
    )
    page = folder / "index.html"
    write_page(shown, page)
    return Demonstration(page, scores, land_cover)


def _train_and_score(folder: Path, table: Path, modalities: Inputs, config: DemoConfig) -> Scores:
    run = folder / "runs" / str(modalities)
    log.info("Training a U-Net on %s", modalities)
    training = TrainConfig(
        encoder=config.encoder,
        modalities=modalities,
        steps=config.steps,
        crop=config.crop,
        batch=config.batch,
        seed=config.seed,
        validate_every=config.steps,
    )
    train_model(table, run, config=training, resume=(run / CONFIG).exists())
    return evaluate_model(
        run, table, folder / "scores" / str(modalities), config=EvaluateConfig(split="test")
    ).scores


def scores_table(scores: dict[Inputs, Scores]) -> list[list[str]]:
    """Write the IoU in percent as rows of text: modality sets, then a row for each class, then mIoU."""
    header = ["IoU (%)", *map(str, scores)]
    rows = [
        [name, *(_percent(score.classes[name].iou) for score in scores.values())] for name in legend.NAMES
    ]
    return [header, *rows, ["mIoU", *(_percent(score.miou) for score in scores.values())]]


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f}"
