"""Several networks as one, against the mean of what each gives alone."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from oemsar.errors import Failure, InputError
from oemsar.inference.ensemble import part_of
from oemsar.inference.options import EngineKind
from oemsar.inference.select import open_model
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage
from oemsar.models.calibration import Calibration
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import Fusion, ModelSpec
from oemsar.testing.networks import make_network

from .small import images as make_images

HERE: dict[str, Any] = {"device": "cpu"}


def small(modalities: str, seed: int, mean: float = 90.0) -> LandCoverNetwork:
    """One convolution over the inputs, with random weights of a seed."""
    torch.manual_seed(seed)
    inputs = Inputs.parse(modalities)
    numbers = {"mean": (mean,) * inputs.channels, "std": (40.0,) * inputs.channels}
    spec = ModelSpec(architecture="unet", encoder="none", modalities=inputs, **numbers)
    return LandCoverNetwork(spec, nn.Conv2d(inputs.channels, 8, 3, padding=1), 1).eval()


def any_network(modalities: str) -> LandCoverNetwork:
    inputs = Inputs.parse(modalities)
    return make_network("unet", encoder="tu-test_efficientnet", fusion="any", modalities=inputs).eval()


def calibrated(network: LandCoverNetwork, scale: float) -> LandCoverNetwork:
    network.calibration = Calibration(
        kind="temperature",
        scale=(scale,) * 8,
        shift=(0.0,) * 8,
        coverages=(0.5, 0.9),
        thresholds=((0.3, 0.12),) * 8,
        regions=1,
        pixels=1,
        split="val",
        likelihood=(1.0, 1.0),
    )
    return network


def alone(network: LandCoverNetwork, *parts: NDArray[Any]) -> NDArray[np.float32]:
    with torch.inference_mode():
        logits = network(*(torch.from_numpy(part)[None] for part in parts))[0]
    probabilities: NDArray[np.float32] = logits.softmax(0).numpy()
    return probabilities


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_probabilities_are_the_mean_of_the_networks(kind: EngineKind) -> None:
    """Each with its own normalisation and its own temperature."""
    networks = [calibrated(small("sar", 1, 60), 0.5), small("sar", 2, 110), calibrated(small("sar", 3), 2.0)]
    images = make_images((20, 33), (20, 33), (12, 7))
    with open_model(networks, engine=kind, **HERE) as engine:
        results = list(engine.stream(images))
        assert not engine.is_calibrated
    for image, result in zip(images, results, strict=True):
        parts = []
        for network, scale in zip(networks, (0.5, 1.0, 2.0), strict=True):
            powers = alone(network, image).astype(float) ** scale
            parts.append(powers / powers.sum(0))
        np.testing.assert_allclose(result, np.mean(parts, axis=0), atol=3e-3)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
@pytest.mark.parametrize("options", [{}, {"flips": True}, {"scales": (0.5, 1.0)}])
def test_one_network_twice_gives_what_it_gives_alone(
    network: LandCoverNetwork, kind: EngineKind, options: dict[str, Any]
) -> None:
    images = make_images((33, 20), (16, 16))
    maps = []
    for models in (network, [network], [network, network]):
        with open_model(models, engine=kind, **HERE, **options) as engine:
            maps.append(list(engine.stream(images)))
    for first, second, third in zip(*maps, strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, third)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_networks_see_their_own_inputs_where_these_carry_data(kind: EngineKind) -> None:
    """Radar lacks the first rows, the orthophoto the last columns, heights a corner of both."""
    networks = [small("sar", 1), small("optical", 2), small("sar+height", 3), any_network("optical+height")]
    inputs = Inputs.parse("sar+optical+height")
    draws = np.random.default_rng(0)
    pixels = draws.integers(0, 256, (5, 30, 50)).astype(np.float32)
    valid = np.ones((3, 30, 50), bool)
    valid[0, :8] = valid[1, :, 40:] = valid[2, :10, 30:] = False
    pixels[4, 20:, :5] = np.nan
    valid[2, 20:, :5] = False
    with open_model(networks, engine=kind, **HERE) as engine:
        (result,) = engine.stream([MaskedImage(pixels, valid)])
        assert str(engine.spec.modalities) == str(inputs)
        assert engine.spec.takes_any
    radar = np.where(valid[0], pixels[:1], 0).astype(np.uint8)
    colours = np.where(valid[1], pixels[1:4], 0).astype(np.uint8)
    heights = np.where(valid[2], pixels[4:], np.nan).astype(np.float32)
    parts = [
        alone(networks[0], radar),
        alone(networks[1], colours),
        alone(networks[2], np.concatenate([radar, heights]).astype(np.float32)),
        alone(networks[3], np.concatenate([colours, heights]).astype(np.float32), valid[1:]),
    ]
    counts = np.stack([valid[0], valid[1], valid[0], valid[1] | valid[2]]).astype(float)
    counts[:, ~counts.any(0)] = 1
    assert (counts.sum(0) < 4).any()
    expected = (np.stack(parts) * counts[:, None]).sum(0) / counts.sum(0)
    np.testing.assert_allclose(result, expected, atol=3e-3)
    np.testing.assert_allclose(result.sum(0), 1, atol=1e-5)


def test_a_network_without_any_data_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    radar, optical = small("sar", 1), small("optical", 2)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 10, 14), np.uint8)
    valid = np.ones((2, 10, 14), bool)
    valid[0] = False
    with open_model([radar, optical], engine="torch", **HERE) as engine:
        (found,) = engine.stream([MaskedImage(pixels, valid)])
        (both,) = engine.stream([pixels])
        (neither,) = engine.stream([MaskedImage(np.zeros_like(pixels), valid & False)])
    np.testing.assert_allclose(found, alone(optical, pixels[1:]), atol=3e-3)
    mean = (alone(radar, pixels[:1]) + alone(optical, pixels[1:])) / 2
    np.testing.assert_allclose(both, mean, atol=3e-3)
    np.testing.assert_allclose(neither.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize(("modalities", "fusion"), [("sar+optical", "stack"), ("sar+height", "any")])
def test_the_part_of_a_network_is_of_its_type(modalities: str, fusion: Fusion) -> None:
    inputs, seen = Inputs.parse("sar+optical+height"), Inputs.parse(modalities)
    numbers = {"mean": (0.0,) * seen.channels, "std": (1.0,) * seen.channels}
    spec = ModelSpec(architecture="unet", encoder="none", modalities=seen, fusion=fusion, **numbers)
    pixels = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    valid = np.ones((3, 2, 3), bool)
    valid[0, 0, 0] = valid[2, 1, 1] = False
    part = part_of(MaskedImage(pixels, valid), inputs, spec)
    if isinstance(part, MaskedImage):
        np.testing.assert_array_equal(part.valid, valid[[0, 2]])
        assert (part.pixels.dtype, part.pixels.shape) == (np.float32, (2, 2, 3))
        np.testing.assert_array_equal(part.pixels[part.valid], pixels[[0, 4]][valid[[0, 2]]])
    else:
        assert part.dtype == np.uint8
        expected = pixels[:4].copy()
        expected[0, 0, 0] = 0
        np.testing.assert_array_equal(part, expected)


def test_networks_without_calibration_beside_others_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with open_model([calibrated(small("sar", 1), 0.5), small("sar", 2)], engine="torch", **HERE):
        pass
    assert "The probabilities of 2 networks are averaged" in caplog.text
    assert "1 of 2 networks have no calibration" in caplog.text


def test_models_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="the models see sar with 1 and 2 channels"),
        open_model([small("sar", 1), small("sar:2", 2)], engine="torch", **HERE),
    ):
        pass
    with (
        pytest.raises(InputError, match="holds no saved model"),
        open_model([small("sar", 1), tmp_path], engine="torch", **HERE),
    ):
        pass


def test_a_network_that_gives_no_probabilities_ends_the_mean() -> None:
    broken = small("sar", 2)
    with torch.no_grad():
        next(broken.body.parameters())[:] = torch.nan
    with (
        open_model([small("sar", 1), broken], engine="torch", **HERE) as engine,
        pytest.raises(Failure, match="gives no probabilities for image 1"),
    ):
        list(engine.stream(make_images((9, 9))))
