"""Maps of the starter model, from radar alone and from both images, against the default U-Net of `train`.

    python benchmarks/starter_rate.py [--side 4096] [--repeats 3]

Each side is the Python call behind `oemsar predict`, end to end: model loaded and compiled, scene read,
both COG layers, summary and quick look written. The weights of the U-Net are random, which costs the same.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
import torch

from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from scenes import write_speckle
from timing import medians


def write_colours(path: Path, radar: Path) -> None:
    """Write an orthophoto of noise on the grid of a radar image."""
    with rasterio.open(radar) as dataset:
        profile = {**dataset.profile, "count": 3, "nodata": None}
    rng = np.random.default_rng(0)
    with rasterio.open(path, "w", **profile) as dataset:
        for band in (1, 2, 3):
            shape = (profile["height"], profile["width"])
            dataset.write(rng.integers(1, 255, shape, dtype=np.uint8), band)


def main() -> None:
    """Print seconds of each side and how often the starter model maps a scene in the time of the U-Net."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene, colours, unet = folder / "scene.tif", folder / "colours.tif", folder / "model"
        write_speckle(scene, arguments.side)
        write_colours(colours, scene)
        torch.manual_seed(0)
        spec = ModelSpec(
            architecture="unet", encoder="efficientnet-b4", modalities="sar", mean=(50.0,), std=(40.0,)
        )
        saved.save_model(build(spec), unet, {})
        sides = {
            "starter, radar": partial(predict_scene, "starter", scene, folder / "a.tif"),
            "starter, both": partial(
                predict_scene, "starter", scene, folder / "b.tif", config=PredictConfig(optical=colours)
            ),
            "unet, radar": partial(predict_scene, unet, scene, folder / "c.tif"),
        }
        seconds = medians(sides, arguments.repeats)
    for side, value in seconds.items():
        ratio = seconds["unet, radar"] / value
        print(f"{side:<16}{value:8.1f} s   {arguments.side**2 / value / 1e6:6.3f} Mpx/s   {ratio:5.2f} times")


if __name__ == "__main__":
    main()
