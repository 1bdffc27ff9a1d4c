"""UPerNet with an encoder of timm trains from published weights, or is refused before anything is written."""

import logging
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from oemsar.errors import InputError
from oemsar.models.saved import load_model
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model

from ..models.small_upernet import SWIN, shrink


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch)


def _config(**options: Any) -> TrainConfig:
    chosen = {"model": "upernet", "encoder": SWIN, "steps": 1, "crop": 64, "batch": 2, "calibrate": False}
    return TrainConfig(**{**chosen, "workers": 0, "device": "cpu", "precision": "float32", **options})


def test_a_published_encoder_is_where_training_starts(
    table: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(5)
    weights = timm.create_model(SWIN, in_chans=1, features_only=True).state_dict()
    path = tmp_path / f"{SWIN}.ms_in1k.pth"
    torch.save(weights, path)
    config = _config(encoder_weights=path, learning_rate=1e-9, weight_decay=0)
    with caplog.at_level(logging.WARNING):
        run = train_model(table, tmp_path / "run", config=config)
    assert "the terms of these weights are: mit" in caplog.text
    trained = load_model(run.model).body.encoder.state_dict()  # type: ignore[union-attr]
    for name, value in weights.items():
        torch.testing.assert_close(trained[f"features.{name}"], value, atol=1e-6, rtol=0)


def test_a_training_that_computes_blocks_again_ends_at_the_same_weights(table: Path, tmp_path: Path) -> None:
    plain = train_model(table, tmp_path / "a", config=_config(steps=2))
    frugal = train_model(table, tmp_path / "b", config=_config(steps=2, checkpoint_gradients=True))
    expected, found = (load_model(run.model).state_dict() for run in (plain, frugal))
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoder": "convnextv2_atta"}, "did you mean convnextv2_atto"),
        ({"encoder": "vit_tiny_patch16_224"}, "not at 4, 8, 16 and 32"),
        ({"encoder": "maxvit_pico_rw_256"}, "does not take images of any size"),
        ({"batch": 1}, "UPerNet cannot train on one crop"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    options: dict[str, Any], sentence: str, table: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        train_model(table, tmp_path / "run", config=_config(**options))
    assert not (tmp_path / "run").exists()
