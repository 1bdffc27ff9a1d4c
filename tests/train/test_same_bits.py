"""What the networks of the paper are trained on is the same as ever: draws, bytes, and the weights they give.

The digests were computed before networks could see other inputs than radar and optical images.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from oemsar.dataset.table import read_tiles
from oemsar.inputs import Inputs
from oemsar.train.augment import Augmentation, draw_photometry
from oemsar.train.config import TrainConfig
from oemsar.train.crops import CropDataset, draw_crop
from oemsar.train.run import train_model

SHAPES = [(96, 96), (130, 70), (40, 200)]


def digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


def test_crops_and_brightness_are_drawn_as_ever() -> None:
    crops = [draw_crop(SHAPES, 64, 5, number, augment=True) for number in range(200)]
    plain = [(crop.tile, *crop.extent, *crop.size, crop.symmetry) for crop in crops]
    assert digest([tuple(map(int, each)) for each in plain]) == "b472a572a6589c2c"
    draws = [draw_photometry(5, number) for number in range(200)]
    assert [draw.looks for draw in draws[:8]] == [0, None, 0, 0, None, 0, 2, None]
    assert sum(draw.gain + draw.brightness + draw.contrast + draw.gamma for draw in draws) == pytest.approx(
        392.09481903296745, rel=1e-12
    )


@pytest.mark.parametrize(
    ("modalities", "expected"),
    [("sar", "3f65dc4375e68af6"), ("optical", "a6db862a1f730c4f"), ("sar+optical", "9eea669d8f71d2b4")],
)
def test_crops_hold_the_bytes_they_held(table: Path, modalities: str, expected: str) -> None:
    tiles = [tile for tile in read_tiles(table) if tile.split == "train"]
    crops = CropDataset(tiles, Inputs.parse(modalities), 64, seed=2, augment=True)
    found = []
    for number in range(24):
        crop = draw_crop([tile.shape for tile in tiles], 64, 2, number, augment=True)
        if crop.size == crop.extent[2:]:  # resampling is another on other processors
            sample = crops[number]
            found += [sample["image"].numpy().tobytes(), sample["label"].numpy().tobytes()]
    assert len(found) > 20
    assert sample["image"].dtype == torch.uint8
    assert digest(found) == expected


@pytest.mark.parametrize(
    ("modalities", "expected"),
    [
        ("sar", [121.64329977569977]),
        ("optical", [124.19801397637029, 122.96562965376178, 123.48178767000138]),
        ("sar+optical", [121.42283566088477, 123.66834618512789, 123.04990492484718, 123.51681681698561]),
    ],
)
def test_brightness_is_changed_as_ever(modalities: str, expected: list[float]) -> None:
    inputs = Inputs.parse(modalities)
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (6, inputs.channels, 40, 50), dtype=torch.uint8, generator=generator)
    changed = Augmentation(inputs, 64, seed=9)(images, torch.arange(6) + 11)
    means = changed.double().mean((0, 2, 3)).tolist()
    assert means == pytest.approx(expected, rel=1e-6)


@pytest.mark.skipif(
    version("segmentation-models-pytorch") != "0.6.0", reason="the weights are known of pinned releases alone"
)
@pytest.mark.parametrize(
    ("fusion", "expected"), [("stack", 102746.75078769904), ("dual", 145608.86761723185)]
)
def test_a_training_gives_the_weights_it_gave(
    table: Path, tmp_path: Path, fusion: str, expected: float
) -> None:
    config = TrainConfig(
        encoder="tu-mobilenetv3_small_050",
        modalities="sar+optical",
        fusion=fusion,
        steps=3,
        crop=64,
        batch=4,
        seed=1,
        workers=0,
        device="cpu",
    )
    train_model(table, tmp_path / "run", config=config)
    weights = load_file(tmp_path / "run" / "model" / "model.safetensors")
    total = sum(value.double().abs().sum().item() for value in weights.values() if value.is_floating_point())
    assert total == pytest.approx(expected, rel=3e-6)  # other processors add in another order
