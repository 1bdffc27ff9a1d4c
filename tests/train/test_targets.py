"""Confidences and soft labels in training: what samples hold, and what the loss makes of them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from oemsar.dataset.pixels import read_label
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import SAR
from oemsar.raster.read import Extent
from oemsar.train.config import TrainConfig
from oemsar.train.crops import CropDataset
from oemsar.train.losses import compute_loss
from oemsar.train.registry import LOSSES, SOFT_LOSSES
from oemsar.train.run import train_model
from oemsar.train.targets import Targets, one_hot
from oemsar.train.tiles import usable_tiles

from .conftest import SIDE

Write = Callable[[Path, np.ndarray], Path]
BOTH = Targets(confidence=True, soft=True)


@pytest.fixture
def trusted(make_tile: Callable[[str], Tile], write: Write, tmp_path: Path) -> Tile:
    """A pseudo-labelled tile whose confidence is the row, and whose soft label tells the column."""
    rows, columns = np.indices((SIDE, SIDE), np.uint8)
    soft = np.zeros((8, SIDE, SIDE), np.uint8)
    soft[2], soft[6] = columns, 255 - columns
    soft[:, -5:] = 0
    return replace(
        make_tile("a"),
        confidence=write(tmp_path / "confidence.tif", rows[None]),
        soft_label=write(tmp_path / "soft.tif", soft),
    )


def test_targets_of_a_pseudo_label_are_read_beside_it(trusted: Tile) -> None:
    extent = Extent(50, 20, 46, 30)
    targets = BOTH.read(trusted, extent)
    rows, columns = np.indices((46, 30)) + np.array([50, 20])[:, None, None]
    np.testing.assert_allclose(targets["confidence"], rows / 255, rtol=1e-6)
    np.testing.assert_allclose(targets["soft"][2, :41], columns[:41] / 255, rtol=1e-6)
    label = read_label(trusted, extent)
    np.testing.assert_array_equal(targets["label"][:41], label[:41])
    assert not targets["label"][41:].any()  # no probabilities there
    assert label[41:].all()


def test_a_label_made_by_hand_is_trusted(trusted: Tile) -> None:
    real = replace(trusted, real_label=trusted.pseudo_label)
    extent = Extent(0, 0, SIDE, SIDE)
    targets = BOTH.read(real, extent)
    assert (targets["confidence"] == 1).all()
    np.testing.assert_array_equal(targets["soft"], one_hot(read_label(real)))
    bare = BOTH.read(replace(trusted, confidence=None, soft_label=None), extent)
    assert all(np.array_equal(bare[name], targets[name]) for name in ("confidence", "soft", "label"))
    assert list(Targets().read(trusted, extent)) == ["label"]


@pytest.mark.parametrize("side", [64, 130])
def test_targets_are_mirrored_scaled_and_filled_up_with_the_label(trusted: Tile, side: int) -> None:
    plain = CropDataset([trusted], SAR, side, 3, augment=True)
    with_targets = CropDataset([trusted], SAR, side, 3, augment=True, targets=BOTH)
    sizes = set()
    for number in range(12):
        one, other = plain[number], with_targets[number]
        assert torch.equal(one["image"], other["image"])
        known = other["label"] > 0
        assert torch.equal(one["label"][known], other["label"][known])
        assert other["soft"].shape == (8, side, side)
        assert torch.equal(other["soft"].sum(0) > 0.5, (other["soft"] > 0).any(0))
        # the confidence is the row, and the probabilities end five rows before the last
        assert not other["soft"][:, other["confidence"] * 255 > SIDE - 5.5].any()
        sizes.add(int(known.sum()))
    assert len(sizes) > 1


def logits_and_label() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(2, 8, 5, 7, generator=generator, requires_grad=True)
    return logits, torch.randint(0, 9, (2, 5, 7), generator=generator).to(torch.uint8)


def test_confidence_weighs_the_cross_entropy() -> None:
    logits, label = logits_and_label()
    weights = torch.linspace(0.5, 2, 8)
    confidence = torch.rand(2, 5, 7, generator=torch.Generator().manual_seed(5))
    found = compute_loss("ce", logits, label, weights, confidence=confidence)
    each = F.cross_entropy(logits, label.long() - 1, weights, ignore_index=-1, reduction="none")
    by_class = weights[(label.long() - 1).clamp_min(0)] * (label > 0)
    expected = (each * confidence).sum() / (by_class * confidence).sum()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("loss", LOSSES.names())
def test_confidence_of_0_is_unknown_and_that_of_1_changes_nothing(loss: str) -> None:
    logits, label = logits_and_label()
    weights = torch.linspace(0.5, 2, 8)
    sure = torch.ones(2, 5, 7)
    plain = compute_loss(loss, logits, label, weights)
    torch.testing.assert_close(compute_loss(loss, logits, label, weights, confidence=sure), plain)
    sure[:, 2:] = 0
    cut = torch.where(sure > 0, label, torch.zeros_like(label))
    doubtful = compute_loss(loss, logits, label, weights, confidence=sure)
    torch.testing.assert_close(doubtful, compute_loss(loss, logits, cut, weights))


def test_soft_cross_entropy_is_the_mean_by_the_probabilities() -> None:
    logits, label = logits_and_label()
    soft = torch.rand(2, 8, 5, 7, generator=torch.Generator().manual_seed(6)).softmax(1)
    found = compute_loss("ce", logits, label, torch.ones(8), soft=soft)
    known = label > 0
    expected = -(soft * logits.log_softmax(1)).sum(1)[known].mean()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("loss", sorted(SOFT_LOSSES))
def test_probabilities_of_one_class_are_a_label(loss: str) -> None:
    logits, label = logits_and_label()
    soft = torch.from_numpy(np.stack([one_hot(each) for each in label.numpy()]))
    weights = torch.linspace(0.5, 2, 8)
    hard, same = (compute_loss(loss, logits, label, weights, soft=each) for each in (None, soft))
    assert torch.equal(hard, same)


def test_losses_of_one_class_a_pixel_take_no_probabilities() -> None:
    with pytest.raises(
        InputError, match=r"soft_labels, loss: focal needs one class a pixel .* choose one of ce"
    ):
        TrainConfig(soft_labels=True, loss="focal")


@pytest.mark.parametrize(
    ("option", "column"), [("confidence_weights", "confidence"), ("soft_labels", "soft_label")]
)
def test_a_table_without_the_column_is_refused(
    make_tile: Callable[[str], Tile],
    trusted: Tile,
    caplog: pytest.LogCaptureFixture,
    option: str,
    column: str,
) -> None:
    config = TrainConfig(**{option: True})
    plain = make_tile("b")
    with pytest.raises(
        InputError, match=rf"{option}: the table has no training tile .* in the column {column}; add"
    ):
        usable_tiles([plain], config, "the table")
    real = replace(trusted, real_label=trusted.pseudo_label)
    with pytest.raises(InputError, match=rf"{option}: the table has no training tile with a pseudo label"):
        usable_tiles([real], config, "the table")
    with caplog.at_level(logging.INFO, "oemsar"):
        usable_tiles([trusted, plain], config, "the table")
    assert f"1 of the 2 pseudo labels have no {column}" in caplog.text


def test_a_run_trains_with_both(trusted: Tile, tmp_path: Path) -> None:
    size = {"steps": 2, "crop": 64, "batch": 2, "workers": 0, "device": "cpu"}
    config = TrainConfig(encoder="tu-test_efficientnet", confidence_weights=True, soft_labels=True, **size)
    run = train_model([trusted, replace(trusted, name="b")], tmp_path / "run", config=config)
    assert (run.model / "model.safetensors").is_file()
