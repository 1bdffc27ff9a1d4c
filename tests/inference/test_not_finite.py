"""A network that gives no probabilities stops the run, whatever engine runs it, and the place is named."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from oemsar.dataset.tile import Tile
from oemsar.errors import Failure
from oemsar.evaluate.predictions import predict_tiles
from oemsar.inference.class_map import class_maps
from oemsar.inference.engine import _are_probabilities
from oemsar.inference.select import open_engine
from oemsar.inputs import SAR
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.predict.array import predict_array
from oemsar.predict.config import WindowConfig

SPEC = ModelSpec(architecture="unet", encoder="tiny", modalities=SAR, mean=(0.0,), std=(1.0,))
Kind = Literal["torch", "openvino"]
ENGINES = pytest.mark.parametrize("kind", ["torch", "openvino"])


@pytest.fixture
def network() -> LandCoverNetwork:
    """Logits of 0 where a pixel is 0, and beyond 32 bits where it is 255; the weights are finite."""
    body = nn.Conv2d(1, 8, 1, bias=False)
    with torch.no_grad():
        body.weight.fill_(1e38)
    return LandCoverNetwork(SPEC, body, 1).eval()


@pytest.mark.parametrize(
    ("total", "are"), [(1.0, True), (0.99, True), (1.01, True), (0.9, False), (1.1, False), (np.nan, False)]
)
def test_every_pixel_is_to_add_up_to_one_within_the_reduced_precision(total: float, are: bool) -> None:
    values = np.full((8, 3, 5), 1 / 8, np.float32)
    values[:, 2, 4] = total / 8
    assert _are_probabilities(values) is are


@pytest.mark.parametrize(("kind", "flips"), [("torch", False), ("torch", True), ("openvino", False)])
def test_the_window_is_named(network: LandCoverNetwork, kind: Kind, flips: bool) -> None:
    if kind == "openvino":
        pytest.importorskip("openvino")
    image = np.zeros((1, 100, 130), np.uint8)
    config = WindowConfig(window=48, overlap=8, engine=kind, device="cpu", flips=flips)
    assert (predict_array(network, image, config=config).classes == 1).all()
    image[0, 60, 70] = 255
    with pytest.raises(Failure, match="no probabilities for the window at row 26, column 27"):
        predict_array(network, image, config=config)


@ENGINES
def test_the_tile_is_named(network: LandCoverNetwork, kind: Kind) -> None:
    if kind == "openvino":
        pytest.importorskip("openvino")
    good, bad = np.zeros((1, 32, 40), np.uint8), np.full((1, 32, 40), 255, np.uint8)
    tiles = [Tile(name, "test", (32, 40), sar=Path("a.tif")) for name in ("TestArea_1", "TestArea_2")]
    with open_engine(network, kind=kind, device="cpu") as engine:
        maps = class_maps(zip(tiles, [good, bad], strict=True), engine)
        assert next(maps)[0].name == "TestArea_1"
        with pytest.raises(Failure, match="no probabilities for tile TestArea_2: they are not finite"):
            next(maps)
        with pytest.raises(Failure, match="image 2"):
            list(engine.stream([good, bad, good]))


def test_an_evaluation_names_the_tile(network: LandCoverNetwork, tmp_path: Path) -> None:
    import rasterio

    for name, value in (("sar", 255), ("label", 3)):
        shape = {"count": 1, "height": 32, "width": 40, "dtype": "uint8"}
        with rasterio.open(tmp_path / f"{name}.tif", "w", driver="GTiff", **shape) as dataset:
            dataset.write(np.full((1, 32, 40), value, np.uint8))
    tile = Tile("Area_7", "val", (32, 40), sar=tmp_path / "sar.tif", real_label=tmp_path / "label.tif")
    with (
        open_engine(network, kind="torch", device="cpu") as engine,
        pytest.raises(Failure, match="tile Area_7"),
    ):
        list(predict_tiles([tile], SAR, engine))
