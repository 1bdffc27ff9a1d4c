"""Networks whose answer at a pixel depends on its neighbours."""

import pytest
import torch
from torch import nn

from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

SPEC = ModelSpec(
    architecture="unet", encoder="tu-test_efficientnet", modalities="sar", mean=(60.0,), std=(400.0,)
)


@pytest.fixture(scope="session")
def network() -> LandCoverNetwork:
    """Two layers over radar whose input must be a multiple of 8 pixels."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1))
    return LandCoverNetwork(SPEC, body, 8).eval()


@pytest.fixture(scope="session")
def unet() -> LandCoverNetwork:
    """A U-Net over radar with random weights."""
    torch.manual_seed(0)
    return build(SPEC).eval()
