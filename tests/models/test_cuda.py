"""The networks on a CUDA device, beside themselves on the CPU."""

import numpy as np
import pytest
import torch

from oemsar.inference.options import DeviceKind
from oemsar.inference.select import open_engine
from oemsar.inputs import OPTICAL
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

NETWORKS = [
    ("unet", "resnet18"),
    ("segformer", "mit_b0"),
    ("vmamba", "vmamba_t"),
    ("upernet", "convnextv2_atto"),
    ("upernet", "swinv2_tiny_window8_256"),
]


@pytest.fixture(params=NETWORKS, ids="-".join)
def network(request: pytest.FixtureRequest) -> LandCoverNetwork:
    torch.manual_seed(0)
    architecture, encoder = request.param
    optical = OPTICAL
    mean, std = (60.0,) * 3, (50.0,) * 3
    spec = ModelSpec(architecture=architecture, encoder=encoder, modalities=optical, mean=mean, std=std)
    return build(spec).eval()


def test_logits_are_those_of_the_cpu(network: LandCoverNetwork) -> None:
    images = torch.randint(0, 256, (2, 3, 96, 130), dtype=torch.uint8)
    with torch.inference_mode():
        expected = network(images)
        found = network.cuda()(images.cuda()).cpu()
    assert (found - expected).norm() <= 5e-3 * expected.norm()  # tf32 convolutions


def test_gradients_in_bfloat16_are_those_of_float32_but_for_its_rounding(network: LandCoverNetwork) -> None:
    network.cuda()
    images = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8, device="cuda")
    truth = torch.randint(0, 8, (2, 96, 96), device="cuda")
    gradients = []
    for reduced in (False, True):
        network.zero_grad()
        with torch.autocast("cuda", torch.bfloat16, enabled=reduced):
            logits = network(images)
        torch.nn.functional.cross_entropy(logits.float(), truth).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]))
    assert torch.nn.functional.cosine_similarity(*gradients, dim=0) > 0.97


def test_the_engine_gives_the_probabilities_of_the_cpu(network: LandCoverNetwork) -> None:
    images = [np.random.default_rng(seed).integers(0, 256, (3, 64, 64), np.uint8) for seed in range(3)]
    results, names = [], []
    devices: tuple[DeviceKind, ...] = ("cpu", "cuda")
    for device in devices:
        engine = open_engine(network, kind="torch", device=device)
        results.append(np.stack(list(engine.stream(images))))
        names.append(engine.name)
        engine.close()
    assert names[1] == "torch bfloat16 on cuda"
    assert np.abs(results[0] - results[1]).max() < 0.05
