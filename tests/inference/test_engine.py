"""Engines give the network's own probabilities, in order."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from oemsar.errors import InputError, OutOfMemory
from oemsar.inference.options import EngineKind
from oemsar.inference.select import open_engine, open_model
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import save_model
from oemsar.models.spec import ModelSpec


@pytest.fixture(scope="module")
def network() -> LandCoverNetwork:
    torch.manual_seed(0)
    spec = ModelSpec(architecture="unet", encoder="resnet18", modalities="sar", mean=(60.0,), std=(400.0,))
    return build(spec).eval()


def _images(*sizes: tuple[int, int]) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (1, *size), np.uint8) for size in sizes]


def _direct(network: LandCoverNetwork, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    with torch.inference_mode():
        probabilities: NDArray[np.float32] = network(torch.from_numpy(image)[None])[0].softmax(0).numpy()
    return probabilities


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_probabilities_are_those_of_the_network_in_the_order_of_the_images(
    network: LandCoverNetwork, kind: EngineKind
) -> None:
    images = _images((64, 64), (64, 64), (40, 75), (64, 64), (1, 1))
    with open_engine(network, kind=kind, device="cpu") as engine:
        results = list(engine.stream(images))
    assert len(results) == len(images)
    for image, result in zip(images, results, strict=True):
        np.testing.assert_allclose(result, _direct(network, image), atol=2e-3)
        np.testing.assert_allclose(result.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_flips_average_the_four_mirror_images(network: LandCoverNetwork, kind: EngineKind) -> None:
    image = _images((64, 96))[0]
    mirrors = [(), (2,), (1,), (1, 2)]
    views = [np.flip(_direct(network, np.ascontiguousarray(np.flip(image, axes))), axes) for axes in mirrors]
    with open_engine(network, kind=kind, device="cpu", flips=True) as engine:
        (result,) = engine.stream([image])
    np.testing.assert_allclose(result, np.mean(views, axis=0), atol=2e-3)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_the_same_image_gives_the_same_bytes(network: LandCoverNetwork, kind: EngineKind) -> None:
    with open_engine(network, kind=kind, device="cpu", flips=True) as engine:
        results = list(engine.stream(_images((64, 64)) * 6))
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_a_conversion_says_nothing(recwarn: pytest.WarningsRecorder) -> None:
    spec = ModelSpec(architecture="segformer", encoder="mit_b0", modalities="sar", mean=(0.0,), std=(1.0,))
    open_engine(build(spec).eval(), kind="openvino", device="cpu").close()
    assert [str(warning.message) for warning in recwarn if "Tracer" in warning.category.__name__] == []


def test_tags_travel_with_images_and_past_missing_ones(network: LandCoverNetwork) -> None:
    (image,) = _images((32, 32))
    with open_engine(network, device="cpu") as engine:
        tagged = [("a", image), ("b", None), ("c", None), ("d", image)]
        results = list(engine.stream_tagged(tagged))
    assert [(tag, result is None) for tag, result in results] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("d", False),
    ]


def test_images_are_read_only_as_they_are_needed(network: LandCoverNetwork) -> None:
    read = 0

    def images() -> "list[NDArray[np.uint8]]":
        nonlocal read
        for image in _images((32, 32)) * 50:
            read += 1
            yield image

    with open_engine(network, device="cpu") as engine:
        stream = engine.stream(images())
        next(stream)
        assert read <= engine.depth + 1
        stream.close()


@pytest.mark.parametrize(("architecture", "library"), [("unet", "openvino"), ("vmamba", "torch")])
def test_the_faster_library_is_taken_on_a_cpu(architecture: str, library: str) -> None:
    spec = ModelSpec(architecture=architecture, encoder="none", modalities="sar", mean=(0.0,), std=(1.0,))
    with open_engine(LandCoverNetwork(spec, nn.Conv2d(1, 8, 1), 1).eval(), device="cpu") as engine:
        assert engine.name.startswith(library)


@pytest.mark.parametrize(
    ("kind", "device", "sentence"), [("onnx", "auto", "not known"), ("auto", "tpu", "not known")]
)
def test_an_engine_or_device_that_is_not_known_is_refused(
    network: LandCoverNetwork, kind: str, device: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        open_engine(network, kind=kind, device=device)  # type: ignore[arg-type]


SIZES = ((43, 20), (58, 20), (43, 25), (58, 20))


@pytest.mark.parametrize("kind", ["torch", "openvino"])
@pytest.mark.parametrize("flips", [False, True])
def test_images_of_several_sizes_come_out_whole(
    network: LandCoverNetwork, kind: EngineKind, flips: bool
) -> None:
    """Each size is compiled when it comes, while images of the former size are in flight."""
    images = _images(*SIZES * 3)
    with open_engine(network, kind=kind, device="cpu", flips=flips) as engine:
        results = list(engine.stream(images))
        alone = [next(engine.stream([image])) for image in images]
    assert all(np.array_equal(one, other) for one, other in zip(results, alone, strict=True))


class _Broken(nn.Module):
    """A body that fails on images of more than 40 rows."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if images.shape[-2] > 40:
            raise RuntimeError("this body is broken")
        return images.repeat(1, 8, 1, 1)


def test_an_error_of_the_network_is_raised_where_its_result_is_taken() -> None:
    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar", mean=(0.0,), std=(1.0,))
    whole, broken = _images((32, 32), (64, 32))
    with open_engine(LandCoverNetwork(spec, _Broken(), 1), kind="torch", device="cpu") as engine:
        stream = engine.stream([whole, broken, whole])
        assert next(stream).shape == (8, 32, 32)
        with pytest.raises(RuntimeError, match="this body is broken"):
            next(stream)


@pytest.mark.parametrize("flips", [False, True])
def test_an_error_of_openvino_is_raised_where_its_result_is_taken(
    network: LandCoverNetwork, flips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("this request failed")

    (image,) = _images((32, 32))
    with open_engine(network, kind="openvino", device="cpu", flips=flips) as engine:
        with monkeypatch.context() as patch:
            patch.setattr("oemsar.inference.openvino_engine._Compiled.run", fail)
            future = engine.submit(image)
            with pytest.raises(RuntimeError, match="this request failed"):
                future.result(timeout=60)
        assert engine.submit(image).result(timeout=60).shape == (8, 32, 32)


def test_lack_of_memory_names_the_size_of_the_image(
    network: LandCoverNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    (image,) = _images((32, 48))
    with open_engine(network, kind="torch", device="cpu") as engine:
        monkeypatch.setattr(type(network), "forward", exhausted)
        with pytest.raises(OutOfMemory, match="32 x 48 pixels does not fit"):
            next(engine.stream([image]))


def test_a_model_is_opened_by_its_path_or_as_a_network(network: LandCoverNetwork, tmp_path: Path) -> None:
    save_model(network, tmp_path / "run" / "model", {})
    (image,) = _images((40, 25))
    results = []
    for model in (tmp_path / "run", tmp_path / "run" / "model", network):
        with open_model(model, engine="torch", device="cpu") as engine:
            assert engine.spec == network.spec
            results.append(next(engine.stream([image])))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
    with pytest.raises(RuntimeError, match="shutdown"):
        engine.submit(image)


def test_a_signal_is_received_after_two_engines_have_gone() -> None:
    """A core of OpenVINO that goes can leave a freed stack for signal handlers, and the process dies."""
    script = """
import gc, signal
import numpy as np, torch
from torch import nn
from oemsar.inference.select import open_engine, open_model
from oemsar.models.network import LandCoverNetwork
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
