"""An encoder small enough to build in no time, under a published name."""

from pathlib import Path

import pytest
import torch

from oemsar.models.vmamba import encoder as encoder_module
from oemsar.models.vmamba.classifier import VMambaClassifier

from .small import SMALL


@pytest.fixture
def small_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes vmamba_t the small encoder."""
    monkeypatch.setitem(encoder_module.VARIANTS, "vmamba_t", SMALL)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A classifier saved as the published ones are."""
    torch.manual_seed(1)
    path = tmp_path / "classifier.pth"
    torch.save({"model": VMambaClassifier(SMALL, classes=5).state_dict(), "epoch": 3}, path)
    return path
