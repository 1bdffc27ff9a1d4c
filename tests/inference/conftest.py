"""A network with levels, whose answer at a pixel depends on its neighbours."""

import pytest
import torch

from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec


@pytest.fixture(scope="session")
def network() -> LandCoverNetwork:
    """A U-Net over radar with random weights."""
    torch.manual_seed(0)
    spec = ModelSpec(architecture="unet", encoder="resnet18", modalities="sar", mean=(60.0,), std=(400.0,))
    return build(spec).eval()
