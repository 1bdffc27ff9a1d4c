"""Saved models small enough to map with in a test."""

from pathlib import Path

import pytest
import torch

from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec


def _save(folder: Path, modalities: str, channels: int) -> Path:
    torch.manual_seed(3)
    spec = ModelSpec(
        architecture="unet",
        encoder="tu-test_efficientnet",
        modalities=modalities,
        mean=(60.0,) * channels,
        std=(40.0,) * channels,
    )
    saved.save_model(build(spec), folder, {})
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A saved model for each modality set, with random weights."""
    folder = tmp_path_factory.mktemp("models")
    sets = {"sar": 1, "optical": 3, "sar+optical": 4}
    return {name: _save(folder / name, name, channels) for name, channels in sets.items()}
