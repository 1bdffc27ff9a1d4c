"""Probabilities averaged over sizes of an image."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.inference.config import InferenceConfig
from oemsar.inference.openvino_engine import OpenVinoEngine
from oemsar.inference.options import EngineKind
from oemsar.inference.resize import Size, resize
from oemsar.inference.select import open_engine
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.testing.networks import make_network

from .small import images as make_images
from .small import pixel_network

SCALES = (0.75, 1.0, 1.25)


def _axis(old: int, new: int) -> NDArray[np.float64]:
    """Weights of the old pixels, by columns, in each new one: means by area, or linear interpolation."""
    weights = np.zeros((new, old))
    for row in range(new):
        for column in range(old):
            if new <= old:
                begin, end = row * old / new, (row + 1) * old / new
                weights[row, column] = max(0.0, min(end, column + 1) - max(begin, column)) * new / old
            else:
                position = min(max((row + 0.5) * old / new - 0.5, 0), old - 1)
                weights[row, column] = max(0.0, 1 - abs(position - column))
    return weights


def _at(planes: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    rows, columns = _axis(planes.shape[1], height), _axis(planes.shape[2], width)
    return np.einsum("ij,cjk,lk->cil", rows, planes, columns)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_the_mean_is_that_of_a_computation_by_hand(kind: EngineKind) -> None:
    """A network that looks at one pixel at a time needs no context, so each size can be worked out."""
    network = pixel_network()
    weight, bias = (each.detach().double().numpy() for each in network.body.parameters())
    images = make_images((12, 31), (16, 8), (12, 31), (7, 20))
    for flips in (False, True):
        with open_engine(network, kind=kind, device="cpu", flips=flips, scales=SCALES) as engine:
            results = list(engine.stream(images))
        for image, result in zip(images, results, strict=True):
            _, height, width = image.shape
            parts = []
            for scale in SCALES:
                seen = np.rint(_at(image.astype(float), round(height * scale), round(width * scale)))
                logits = weight[:, 0] * (seen - 60) / 40 + bias[:, None, None]
                exponents = np.exp(logits)
                parts.append(_at(exponents / exponents.sum(0), height, width))
            np.testing.assert_allclose(result, np.mean(parts, axis=0), atol=3e-3)


class _Count(nn.Module):
    """A body whose class is told by the logarithm of the mean grey value: the same at every size."""

    def forward(self, images: Tensor) -> Tensor:
        return -(images[:, :1] - torch.arange(8).view(1, 8, 1, 1)).square()


@pytest.mark.parametrize("flips", [False, True])
def test_an_image_that_is_the_same_at_every_size_gives_the_same(flips: bool) -> None:
    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar", mean=(0.0,), std=(1.0,))
    network = LandCoverNetwork(spec, _Count(), 8).eval()
    image = np.full((1, 40, 75), 3, np.uint8)
    maps = []
    for scales in ((1.0,), (0.5, 2.0), (0.3, 0.75, 1.0, 1.9)):
        with open_engine(network, kind="torch", device="cpu", flips=flips, scales=scales) as engine:
            maps += list(engine.stream([image]))
    np.testing.assert_allclose(maps[1], maps[0], atol=1e-6)
    np.testing.assert_allclose(maps[2], maps[0], atol=1e-6)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_a_scale_of_one_is_the_image_itself(
    network: LandCoverNetwork, kind: EngineKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = make_images((64, 96), (24, 1))
    with open_engine(network, kind=kind, device="cpu", flips=True) as engine:
        today = list(engine.stream(images))
    monkeypatch.setattr("oemsar.inference.engine.resize_image", None)
    monkeypatch.setattr("oemsar.inference.engine.resize", None)
    with open_engine(network, kind=kind, device="cpu", flips=True, scales=(1.0,)) as engine:
        for one, other in zip(today, engine.stream(images), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("kind", "modalities"), [("torch", "sar+optical"), ("torch", "sar+height"), ("openvino", "sar+height")]
)
def test_masks_and_measured_inputs_follow(kind: EngineKind, modalities: str) -> None:
    inputs = Inputs.parse(modalities)
    network = make_network("unet", encoder="tu-test_efficientnet", fusion="any", modalities=inputs).eval()
    draws = np.random.default_rng(0)
    pixels = draws.integers(0, 256, (inputs.channels, 32, 64), np.uint8)
    pixels = pixels if inputs.are_bytes else pixels.astype(np.float32)
    valid = np.ones((2, 32, 64), bool)
    valid[0, :16] = valid[1, :, :32] = False
    other = np.where(valid.repeat([part.channels for part in inputs], 0), pixels, 99).astype(pixels.dtype)
    with open_engine(network, kind=kind, device="cpu", scales=(0.5, 1.5)) as engine:
        images = [MaskedImage(each, valid) for each in (pixels, other)]
        found, garbled = engine.stream(images)
    np.testing.assert_array_equal(found, garbled)
    parts = []
    for height, width in ((16, 32), (48, 96)):
        # edges of the mask lie on edges of the pixels at half the size, and within one at half as much again
        mask = resize(valid.astype(np.float32), Size(height, width)) >= 0.5
        known = valid.repeat([part.channels for part in inputs], 0)
        shares = resize(known.astype(np.float32), Size(height, width))
        seen = resize(np.where(known, pixels, 0).astype(np.float32), Size(height, width))
        seen = np.where(shares >= 0.5, seen / np.maximum(shares, 0.4), 0).astype(np.float32)
        seen = np.rint(seen).astype(np.uint8) if inputs.are_bytes else seen
        with torch.inference_mode():
            logits = network(torch.from_numpy(seen)[None], torch.from_numpy(mask)[None])[0]
        parts.append(resize(logits.softmax(0).numpy(), Size(32, 64)))
    np.testing.assert_allclose(found, np.mean(parts, axis=0), atol=3e-3)


def test_gaps_without_a_mask_stay_gaps() -> None:
    spec = ModelSpec(architecture="unet", encoder="none", modalities="height", mean=(6,), std=(4,))
    network = LandCoverNetwork(spec, nn.Conv2d(1, 8, 1), 1).eval()
    heights = np.random.default_rng(0).uniform(0, 20, (1, 20, 30)).astype(np.float32)
    heights[:, :, 10:] = np.nan
    with open_engine(network, kind="torch", device="cpu", scales=(0.5, 1.0)) as engine:
        (found,) = engine.stream([heights])
    gap = torch.softmax(next(iter(list(network.body.parameters())[1:])), 0).detach().numpy()
    np.testing.assert_allclose(found[:, 3, 20], gap, atol=3e-3)
    assert np.isfinite(found).all()


def test_openvino_compiles_each_scale_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[tuple[int, ...]] = []
    compile_for = OpenVinoEngine._compile

    def counted(engine: OpenVinoEngine, shapes: tuple[tuple[int, ...], ...]) -> object:
        compiled.append(shapes[0][2:])
        return compile_for(engine, shapes)

    monkeypatch.setattr(OpenVinoEngine, "_compile", counted)
    with open_engine(pixel_network(), kind="openvino", device="cpu", scales=(0.5, 1.0)) as engine:
        assert len(list(engine.stream(make_images(*[(16, 8)] * 5, *[(8, 20)] * 3)))) == 8
    assert compiled == [(8, 4), (16, 8), (4, 10), (8, 20)]


def test_a_list_of_scales_is_written_in_one_word() -> None:
    assert InferenceConfig().scales == (1.0,)
    assert InferenceConfig().unrecorded == {"scales"}
    for given in ("0.75,1,1.25", "0.75 1 1.25", [0.75, 1, 1.25]):
        assert InferenceConfig(scales=given).scales == SCALES
    assert InferenceConfig(scales=0.5).scales == (0.5,)
    assert InferenceConfig(scales="0.5").unrecorded == set()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("small", "small is no list of scales; give numbers, such as 0.75,1,1.25"),
        ("", "0 scales are given; give 1 to 8"),
        ("0.1,1", "a scale of 0.1 is out of range; give 0.25 to 4"),
        ((1, 8), "a scale of 8 is out of range"),
        ("1,1.0", "a scale is given twice; give each once"),
        (tuple(1 + part / 10 for part in range(9)), "9 scales are given; give 1 to 8"),
    ],
)
def test_scales_that_cannot_be_meant_are_refused(given: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as raised:
        InferenceConfig(scales=given)
    assert raised.value.options == ("scales",)


@pytest.mark.parametrize("given", ["nan", "1,inf", [0.75, float("nan")], float("nan")])
def test_a_scale_that_is_no_number_is_that_of_the_option(given: Any) -> None:
    with pytest.raises(InputError, match="is not a finite number") as error:
        InferenceConfig(scales=given)
    assert error.value.options == ("scales",)


def test_scales_that_are_nearly_equal_are_given_twice() -> None:
    with pytest.raises(InputError, match="given twice"):
        InferenceConfig(scales=(1.0, 0.75, 1.0 + 5e-7))
    assert InferenceConfig(scales=(1.0, 1.00001)).scales == (1.0, 1.00001)
