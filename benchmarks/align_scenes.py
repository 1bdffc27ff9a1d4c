"""The true error of alignment on simulated scenes, with and without a surface model.

    python benchmarks/align_scenes.py FOLDER [--scenes 0 1 ...] [--size 1280] [--models dsm dem]

Scenes that are not in FOLDER yet are simulated there; the results go beside them. The error is that of the
place in the radar image which `align` gives for every orthophoto pixel, against `displacement.tif`, over bare
ground that the radar sees alone, in pixels of the orthophoto. Its true value is never known to `align`.
"""

import argparse
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio

from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.run import align_images
from oemsar.prepare.align.scene.open_geometry import geometry_of
from oemsar.prepare.align.scene.transform import Alignment, read_correction
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene
from oemsar.simulate.world.character import Character

EVERY = 8
"""Step in pixels between the places compared."""
SEED = 100
"""Of the first scene; the others follow."""


class Scene(NamedTuple):
    """What is simulated, by the options of `oemsar simulate-scene`."""

    gsd: float
    relief: float
    incidence: float
    look_azimuth: float
    offset: float
    character: Character
    country: str


SCENES = (
    Scene(0.5, 0, 35, 90, 10, "rural", "FRA"),
    Scene(0.5, 60, 40, 80, 25, "suburban", "JPN"),
    Scene(0.5, 20, 45, 262, 40, "urban", "USA"),
    Scene(0.5, 150, 35, 100, 20, "rural", "FRA"),
    Scene(0.25, 10, 30, 90, 15, "urban", "JPN"),
    Scene(0.3, 40, 50, 278, 30, "suburban", "FRA"),
    Scene(0.5, 100, 25, 85, 35, "rural", "USA"),
    Scene(0.5, 30, 40, 265, 5, "coastal", "JPN"),
    Scene(0.4, 5, 50, 95, 40, "urban", "FRA"),
    Scene(0.5, 150, 45, 270, 40, "suburban", "USA"),
    Scene(0.35, 80, 38, 75, 12, "rural", "JPN"),
    Scene(0.5, 0, 28, 100, 30, "urban", "USA"),
    Scene(0.5, 10, 42, 90, 20, "coastal", "FRA"),
    Scene(0.25, 50, 33, 258, 8, "suburban", "USA"),
)


def main() -> None:
    """Print one row of a Markdown table per scene and elevation model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, nargs="+", default=list(range(len(SCENES))))
    parser.add_argument("--size", type=int, default=1280)
    parser.add_argument("--models", nargs="+", choices=("dsm", "dem"), default=["dsm", "dem"])
    arguments = parser.parse_args()
    print(
        "| scene | relief m | gsd m | incidence | offset m | heights | verdict | model "
        "| median px | p95 px | ties | s | why not accepted |"
    )
    print(
        "| --- | ---: | ---: | ---: | ---: | --- | --- | --- | ---: | ---: | ---: | ---: | --- |", flush=True
    )
    for number in arguments.scenes:
        place = SCENES[number]
        folder = arguments.folder / f"scene{number}_{arguments.size}"
        if not (folder / "scene.json").exists():
            options = place._asdict()
            simulate_scene(folder, config=SceneConfig(size=arguments.size, seed=SEED + number, **options))
        for model in arguments.models:
            _measure(f"{number} {place.character}", place, folder, model)


def _measure(name: str, place: Scene, folder: Path, model: str) -> None:
    config = AlignConfig(dem=folder / "dem.tif", dsm=folder / "dsm.tif" if model == "dsm" else None)
    out = folder / f"aligned_{model}"
    begin = time.perf_counter()
    report = align_images(folder / "sar.tif", folder / "optical.tif", out, config=config)
    seconds = time.perf_counter() - begin
    median, high = (np.nan, np.nan) if report.verdict == "failed" else _errors(folder, out, config)
    print(
        f"| {name} | {place.relief:g} | {place.gsd} | {place.incidence:g} | {place.offset:g} | {model} "
        f"| {report.verdict} | {report.model} | {median:.2f} | {high:.2f} | {report.n_tie_points} "
        f"| {seconds:.0f} | {'; '.join(report.reasons)} |",
        flush=True,
    )


def _errors(folder: Path, out: Path, config: AlignConfig) -> tuple[float, float]:
    """Median and 95th percentile of the error on bare ground, in pixels of the orthophoto."""
    with ExitStack() as files:
        geometry = geometry_of(folder / "sar.tif", folder / "optical.tif", config, files)
        truth, masks = (
            files.enter_context(rasterio.open(folder / name)) for name in ("displacement.tif", "masks.tif")
        )
        there, ground = truth.read().astype(float), masks.read(3).astype(bool)
        rows, columns = np.mgrid[EVERY // 2 : truth.height : EVERY, EVERY // 2 : truth.width : EVERY]
        alignment = Alignment(geometry, read_correction(out / "transform.json"))
        found = np.stack(alignment(columns.astype(float), rows.astype(float)))
        errors = np.hypot(*(found - there[:, rows, columns])) / geometry.scale()
    errors = errors[ground[rows, columns]]
    return float(np.nanmedian(errors)), float(np.nanpercentile(errors, 95))


if __name__ == "__main__":
    main()
