"""Engines give the network's own probabilities, in order."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from oemsar.errors import Failure
from oemsar.inference.options import EngineKind
from oemsar.inference.select import open_engine
from oemsar.inputs import SAR, Inputs
from oemsar.masked import MaskedImage
from oemsar.models.network import LandCoverNetwork
from oemsar.testing.networks import make_network

from ..models.small_upernet import SWIN, shrink
from .small import images as make_images
from .small import pixel_network


def _direct(network: LandCoverNetwork, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    with torch.inference_mode():
        probabilities: NDArray[np.float32] = network(torch.from_numpy(image)[None])[0].softmax(0).numpy()
    return probabilities


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_probabilities_are_those_of_the_network_in_the_order_of_the_images(
    unet: LandCoverNetwork, kind: EngineKind
) -> None:
    images = make_images((64, 96), (64, 96), (40, 75), (64, 96), (1, 1))
    with open_engine(unet, kind=kind, device="cpu") as engine:
        results = list(engine.stream(images))
    assert len(results) == len(images)
    for image, result in zip(images, results, strict=True):
        np.testing.assert_allclose(result, _direct(unet, image), atol=2e-3)
        np.testing.assert_allclose(result.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize("encoder", ["convnextv2_atto", SWIN])
def test_openvino_runs_encoders_of_timm_at_sizes_it_was_not_traced_with(
    encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink(monkeypatch)
    network = make_network("upernet", encoder=encoder, modalities=SAR).eval()
    images = make_images((64, 96), (40, 75))
    with open_engine(network, kind="openvino", device="cpu") as engine:
        for image, result in zip(images, engine.stream(images), strict=True):
            np.testing.assert_allclose(result, _direct(network, image), atol=2e-3)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_flips_average_the_four_mirror_images(network: LandCoverNetwork, kind: EngineKind) -> None:
    images = make_images((64, 96), (24, 1), (1, 24))
    mirrors = [(), (2,), (1,), (1, 2)]
    with open_engine(network, kind=kind, device="cpu", flips=True) as engine:
        for image in images:
            views = [np.flip(_direct(network, np.flip(image, axes).copy()), axes) for axes in mirrors]
            (result,) = engine.stream([image])
            np.testing.assert_allclose(result, np.mean(views, axis=0), atol=2e-3)


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_the_same_image_gives_the_same_bytes(network: LandCoverNetwork, kind: EngineKind) -> None:
    with open_engine(network, kind=kind, device="cpu", flips=True) as engine:
        results = list(engine.stream(make_images((64, 64)) * 6))
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_tags_travel_with_images_and_past_missing_ones(network: LandCoverNetwork) -> None:
    (image,) = make_images((32, 32))
    with open_engine(network, kind="torch", device="cpu") as engine:
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
        for image in make_images((32, 32)) * 50:
            read += 1
            yield image

    with open_engine(network, kind="torch", device="cpu") as engine:
        stream = engine.stream(images())
        next(stream)
        assert read <= engine.depth + 1
        stream.close()


SIZES = ((43, 20), (58, 20), (43, 25), (58, 20))


@pytest.mark.parametrize("kind", ["torch", "openvino"])
@pytest.mark.parametrize("flips", [False, True])
def test_images_of_several_sizes_come_out_whole(
    network: LandCoverNetwork, kind: EngineKind, flips: bool
) -> None:
    """Each size is compiled when it comes, while images of the former size are in flight."""
    images = make_images(*SIZES * 3)
    with open_engine(network, kind=kind, device="cpu", flips=flips) as engine:
        results = list(engine.stream(images))
        alone = [next(engine.stream([image])) for image in images]
    assert all(np.array_equal(one, other) for one, other in zip(results, alone, strict=True))


def _under_watch(work: Callable[[], None], seconds: float) -> None:
    """Do `work` in a thread and fail, rather than wait for ever, where it does not end in time."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"no end within {seconds} s"
    if errors:
        raise errors[0]


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_three_hundred_images_of_random_sizes_all_come_out(kind: EngineKind) -> None:
    """Each size lasts one to 24 images, and is compiled while those of the former size are in flight."""
    network = pixel_network()
    rng = np.random.default_rng(7)
    drawn = rng.integers(1, 97, (300, 2)).repeat(rng.integers(1, 25, 300), axis=0)[:300]
    sizes = [(int(height), int(width)) for height, width in drawn]
    images = make_images(*sizes)
    shapes: list[tuple[int, ...]] = []

    def work() -> None:
        with open_engine(network, kind=kind, device="cpu", flips=True) as engine:
            for image, probabilities in zip(images, engine.stream(images), strict=True):
                shapes.append(probabilities.shape)
                if len(shapes) % 50 == 0:
                    np.testing.assert_allclose(probabilities, _direct(network, image), atol=2e-3)

    _under_watch(work, 120)
    assert shapes == [(8, *size) for size in sizes]


@pytest.mark.parametrize("kind", ["torch", "openvino"])
def test_a_worker_that_dies_ends_the_run_in_a_sentence(
    kind: EngineKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker raises reaches the one who waits, and images behind it do not keep the engine open."""
    network = pixel_network()
    calls = 0

    def dies(*_: object) -> None:
        nonlocal calls
        calls += 1
        raise MemoryError

    where = "openvino_engine._Compiled.run" if kind == "openvino" else "torch_engine.TorchEngine._view"
    monkeypatch.setattr(f"oemsar.inference.{where}", dies)

    def work() -> None:
        with open_engine(network, kind=kind, device="cpu") as engine:
            list(engine.stream(make_images((40, 30), (20, 50), (60, 10), (40, 30))))

    with pytest.raises(Failure, match="an image of 40 x 30 pixels"):
        _under_watch(work, 60)
    assert calls


@pytest.mark.parametrize(
    ("kind", "flips", "modalities"),
    [
        ("torch", True, "sar+optical"),
        ("torch", False, "sar+height"),
        ("openvino", False, "sar+optical"),
        ("openvino", True, "sar+height"),
    ],
)
def test_engines_take_masks_of_inputs(kind: EngineKind, flips: bool, modalities: str) -> None:
    inputs = Inputs.parse(modalities)
    network = make_network("unet", encoder="tu-test_efficientnet", fusion="any", modalities=inputs).eval()
    rng = np.random.default_rng(0)
    images = []
    for height, width in ((37, 73), (37, 73), (20, 31)):
        pixels = rng.integers(0, 256, (inputs.channels, height, width), np.uint8)
        valid = rng.random((2, height, width)) > 0.3
        valid[len(images) % 2, :15] = False
        pixels = pixels if inputs.are_bytes else pixels.astype(np.float32)
        images.append(MaskedImage(pixels, valid))
    with open_engine(network, kind=kind, device="cpu", flips=flips) as engine:
        results = list(engine.stream(images))
        (bare,) = engine.stream([images[0].pixels])
    mirrors = [(), (2,), (1,), (1, 2)] if flips else [()]
    images.append(MaskedImage(images[0].pixels, np.ones_like(images[0].valid)))
    for (pixels, valid), result in zip(images, [*results, bare], strict=True):
        views = []
        for axes in mirrors:
            parts = (torch.from_numpy(np.flip(part, axes).copy())[None] for part in (pixels, valid))
            with torch.inference_mode():
                views.append(np.flip(network(*parts)[0].softmax(0).numpy(), axes))
        np.testing.assert_allclose(result, np.mean(views, axis=0), atol=2e-3)


def test_a_network_that_needs_all_inputs_does_not_look_at_masks(unet: LandCoverNetwork) -> None:
    (image,) = make_images((40, 75))
    with open_engine(unet, kind="torch", device="cpu") as engine:
        masked = MaskedImage(image, np.zeros((1, 40, 75), bool))
        plain, same = engine.stream([image, masked])
    assert np.array_equal(plain, same)
