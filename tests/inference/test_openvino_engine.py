"""The engine of OpenVINO: the mean over mirror images in a fixed order, streams, and errors."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from oemsar.errors import Failure
from oemsar.inference.openvino_engine import OpenVinoEngine, _MeanOfViews
from oemsar.inference.select import open_engine
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec

from ..commands import Command, Run
from .small import images, pixel_network

AXES = ((), (2,), (1,), (1, 2))


def _views(image: NDArray[np.float32]) -> dict[tuple[int, ...], NDArray[np.float32]]:
    """The mirror images of an image, padded at the bottom and right, as the network gives them."""
    padding = ((0, 0), (0, 2), (0, 3))
    return {axes: np.pad(np.flip(image, axes), padding, constant_values=np.nan) for axes in AXES}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_the_mean_of_views_is_the_same_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    parts = [rng.random((8, 5, 7), np.float32) * 10.0**power for power in (0, 3, -3, 5)]
    mean = _MeanOfViews((5, 7), AXES)
    for index in order:
        assert not mean.future.done()
        mean.add(AXES[index], _views(parts[index].astype(np.float32))[AXES[index]])
    expected = parts[0].astype(np.float32)
    for part in parts[1:]:
        expected = expected + part.astype(np.float32)
    assert np.array_equal(mean.future.result(timeout=1), expected / np.float32(4))


def test_the_first_error_of_a_view_counts() -> None:
    mean = _MeanOfViews((5, 7), AXES)
    mean.fail(RuntimeError("first"))
    mean.fail(RuntimeError("second"))
    with pytest.raises(RuntimeError, match="first"):
        mean.future.result(timeout=1)


def test_each_size_is_compiled_once_while_it_lasts() -> None:
    with OpenVinoEngine(pixel_network(), flips=False) as engine:
        list(engine.stream(images((16, 8), (16, 8))))
        compiled = dict(engine._compiled)
        list(engine.stream(images((16, 8))))
        assert engine._compiled == compiled
        list(engine.stream(images((8, 16))))
        assert list(engine._compiled) == [((1, 1, 8, 16),)]


class _Branching(nn.Conv2d):
    """A convolution of which PyTorch's tracer says that a condition was decided for good."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images if images.sum() < torch.inf else -images)


def test_a_conversion_says_nothing(recwarn: pytest.WarningsRecorder) -> None:
    def told() -> list[str]:
        return [str(warning.message) for warning in recwarn if "Tracer" in warning.category.__name__]

    body, spec = _Branching(1, 8, 1), pixel_network().spec
    open_engine(LandCoverNetwork(spec, body, 1).eval(), kind="openvino", device="cpu").close()
    assert told() == []
    torch.jit.trace(body, torch.zeros(1, 1, 8, 8))
    assert "Converting a tensor to a Python boolean" in told()[0]


@pytest.mark.parametrize("flips", [False, True])
def test_an_error_of_openvino_is_raised_where_its_result_is_taken(
    network: LandCoverNetwork, flips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("this request failed")

    (image,) = images((32, 32))
    with open_engine(network, kind="openvino", device="cpu", flips=flips) as engine:
        with monkeypatch.context() as patch:
            patch.setattr("oemsar.inference.openvino_engine._Compiled.run", fail)
            future = engine.submit(image)
            with pytest.raises(
                Failure,
                match=r"engine: OpenVINO failed on an image of 32 x 32 pixels \(this request failed\)",
            ):
                future.result(timeout=60)
        assert engine.submit(image).result(timeout=60).shape == (8, 32, 32)


def test_a_signal_is_received_after_two_engines_have_gone() -> None:
    """A core of OpenVINO that goes can leave a freed stack for signal handlers, and the process dies."""
    script = """
import gc, signal
import numpy as np, torch
from torch import nn
from oemsar.inference.select import open_engine, open_model
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.spec import ModelSpec

spec = ModelSpec(architecture="unet", encoder="none", modalities="sar", mean=(0.0,), std=(1.0,))
network = LandCoverNetwork(spec, nn.Conv2d(1, 8, 1), 1).eval()
engines = [open_engine(network, kind="openvino", device="cpu") for _ in range(2)]
for engine in engines:
    list(engine.stream([np.zeros((1, 8, 8), np.uint8)]))
while engines:
    engine = engines.pop(0)
    engine.close()
    del engine
    gc.collect()
received = []
signal.signal(signal.SIGINT, lambda *_: received.append(1))
signal.raise_signal(signal.SIGINT)
assert received == [1]
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("flips", [False, True])
def test_measured_inputs_and_their_gaps_give_what_pytorch_gives(flips: bool) -> None:
    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar+height", mean=(60, 6), std=(40, 4))
    torch.manual_seed(0)
    network = LandCoverNetwork(spec, nn.Conv2d(2, 8, 5, padding=2), 8).eval()
    image = np.random.default_rng(0).uniform(0, 20, (2, 21, 34)).astype(np.float32)
    image[1, 3:9, 10:] = np.nan
    maps = []
    for kind in ("torch", "openvino"):
        with open_engine(network, kind=kind, device="cpu", flips=flips) as engine:
            maps += list(engine.stream([image]))
    np.testing.assert_allclose(maps[1], maps[0], atol=1e-4)
    assert np.isfinite(maps[0]).all()


def test_nothing_is_told_to_the_maker_of_openvino(run_command: Run, tmp_path: Path) -> None:
    code = """
import os, sys
for name in [each for each in sys.modules if each.split(".")[0] in ("openvino", "openvino_telemetry")]:
    del sys.modules[name]
os.environ.pop("CI", None)
from oemsar.inference import openvino_engine
import openvino.tools.ovc.telemetry_utils as told
print(told.tm.__name__)
"""
    ended = run_command(Command(("python", "-c", code), environment={"HOME": str(tmp_path)}))
    assert ended.stdout.strip() == "openvino.tools.ovc.telemetry_stub", ended.stderr
    assert list(tmp_path.iterdir()) == []
