"""`predict` end to end against the bare network on the same windows.

    python benchmarks/predict_rate.py [--side 8192] [--repeats 5] [--encoder efficientnet-b4]

End to end is the Python call behind the command: reading, nodata search, network, blending, both COG layers,
summary and quick look. The bare network gets the same windows from memory and throws its answer away. The
model is loaded and compiled inside both.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from oemsar.inference.select import open_model
from oemsar.inputs import SAR
from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.predict.scene import open_scene
from oemsar.predict.windows import spans
from oemsar.raster.read import Extent
from scenes import write_speckle
from timing import medians


def main() -> None:
    """Print seconds of both sides and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=8192)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--encoder", default="efficientnet-b4")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene, model = folder / "scene.tif", folder / "model"
        write_speckle(scene, arguments.side)
        torch.manual_seed(0)
        spec = ModelSpec(
            architecture="unet", encoder=arguments.encoder, modalities="sar", mean=(50.0,), std=(40.0,)
        )
        saved.save_model(build(spec), model, {})
        config = PredictConfig()
        windows = spans(arguments.side, config.window, config.overlap)
        with open_scene(scene, None, SAR) as opened:
            images = [
                opened.read(Extent(row.start, column.start, row.size, column.size))[0]
                for row in windows
                for column in windows
            ]

        def bare() -> None:
            with open_model(model) as engine:
                for _ in engine.stream(images):
                    pass

        def whole() -> None:
            predict_scene(model, scene, folder / "map.tif", config=config)

        seconds = medians({"bare": bare, "predict": whole}, arguments.repeats)
    for side, value in seconds.items():
        print(f"{side:<8}{value:8.1f} s   {arguments.side**2 / value / 1e6:6.3f} Mpx/s")
    print(
        f"{len(images)} windows; predict runs at {seconds['bare'] / seconds['predict']:.3f} of the bare rate"
    )


if __name__ == "__main__":
    main()
