"""The one contract of every registered network."""

from pathlib import Path

import pytest
import torch

from oemsar.legend import NUM_CLASSES
from oemsar.modalities import Modalities
from oemsar.models import saved
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import NETWORKS, build
from oemsar.models.spec import Fusion, ModelSpec

SMALL_ENCODERS = {
    "unet": ("resnet18", "efficientnet-b0", "tu-mobilenetv3_small_050"),
    "segformer": ("mit_b0",),
    "vmamba": ("vmamba_t",),
}
"""Encoders each architecture is tried with; a new architecture adds its own."""
CASES = [
    (name, encoder, fusion)
    for name in NETWORKS
    for encoder in SMALL_ENCODERS[name]
    for fusion in ("stack", "dual")
]


def _network(
    architecture: str,
    encoder: str,
    fusion: Fusion = "stack",
    modalities: Modalities = Modalities.SAR_OPTICAL,
) -> LandCoverNetwork:
    torch.manual_seed(0)
    channels = modalities.channels
    return build(
        ModelSpec(
            architecture=architecture,
            encoder=encoder,
            modalities=modalities,
            mean=(60.0,) * channels,
            std=(50.0,) * channels,
            fusion=fusion,
        )
    )


def _images(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def network(request: pytest.FixtureRequest) -> LandCoverNetwork:
    return _network(*request.param)


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (33, 97), (100, 31)])
def test_logits_are_finite_and_of_the_input_size(network: LandCoverNetwork, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        logits = network.eval()(_images(2, 4, *size))
    assert logits.shape == (2, NUM_CLASSES, *size)
    assert logits.isfinite().all()


def test_gradient_reaches_every_parameter(network: LandCoverNetwork) -> None:
    network.train()
    network.zero_grad()
    truth = torch.randint(0, NUM_CLASSES, (2, 96, 80))
    outputs = network.training_outputs(_images(2, 4, 96, 80))
    torch.stack(
        [w * torch.nn.functional.cross_entropy(logits, truth) for w, logits in outputs]
    ).sum().backward()
    missing = [name for name, value in network.named_parameters() if value.grad is None]
    assert missing == []
    assert all(value.grad.isfinite().all() for value in network.parameters() if value.grad is not None)


def test_the_first_training_output_is_what_the_network_answers(network: LandCoverNetwork) -> None:
    images = _images(2, 4, 40, 70)
    with torch.inference_mode():
        weight, logits = network.eval().training_outputs(images)[0]
        assert weight == 1
        assert torch.equal(logits, network(images))


def test_saved_and_loaded_network_gives_equal_logits(network: LandCoverNetwork, tmp_path: Path) -> None:
    saved.save_model(network.eval(), tmp_path / "model", {"note": "contract"})
    again = saved.load_model(tmp_path / "model")
    images = _images(1, 4, 70, 50)
    with torch.inference_mode():
        assert torch.equal(network(images), again(images))
    assert again.spec == network.spec


def test_pixels_mean_the_same_as_bytes_and_as_floats(network: LandCoverNetwork) -> None:
    images = _images(1, 4, 64, 64)
    with torch.inference_mode():
        assert torch.equal(network.eval()(images), network(images.float()))


@pytest.mark.parametrize("modalities", list(Modalities))
@pytest.mark.parametrize("architecture", list(NETWORKS))
def test_every_modality_set_is_taken(architecture: str, modalities: Modalities) -> None:
    network = _network(architecture, SMALL_ENCODERS[architecture][0], modalities=modalities).eval()
    with torch.inference_mode():
        assert network(_images(1, modalities.channels, 32, 32)).shape == (1, NUM_CLASSES, 32, 32)


def test_the_published_baseline_has_the_size_of_its_library() -> None:
    network = _network("unet", "efficientnet-b4")
    attention = [name for name, _ in network.named_modules() if name.endswith(("cSE", "sSE"))]
    assert len(attention) == 2 * (2 * 5 - 1)
    assert network.body.encoder.out_channels == [4, 48, 32, 56, 160, 448]  # type: ignore[union-attr]
