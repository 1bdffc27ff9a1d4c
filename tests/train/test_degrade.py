"""Loss of resolution: its factors, its pixels by hand, and that gaps stay gaps."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from oemsar.dataset.table import read_tiles
from oemsar.inputs import SAR_OPTICAL, Inputs
from oemsar.train.config import TrainConfig
from oemsar.train.data import TileData
from oemsar.train.degrade import Degradation, degraded, draw_factor


def test_one_sample_in_three_loses_a_factor_that_is_log_uniform() -> None:
    factors = np.array([draw_factor(3, number, 4.0) for number in range(6000)])
    lost = factors[factors > 1]
    assert len(lost) / len(factors) == pytest.approx(1 / 3, abs=0.02)
    assert lost.max() <= 4
    shares = np.log(lost) / math.log(4)
    assert np.histogram(shares, 4, (0, 1))[0] / len(lost) == pytest.approx(0.25, abs=0.03)
    assert draw_factor(3, 17, 4.0) == draw_factor(3, 17, 4.0)
    assert [draw_factor(4, number, 4.0) for number in range(50)] != factors[:50].tolist()


def test_what_varies_within_a_coarse_pixel_is_lost_and_what_varies_slowly_stays() -> None:
    rows, columns = torch.meshgrid(torch.arange(24.0), torch.arange(36.0), indexing="ij")
    board = 100 + 50 * (1 - 2 * ((rows + columns) % 2))
    slope = 2 * rows + 3 * columns
    lost = degraded(torch.stack([board, slope]), 4)
    inside = (slice(8, -8), slice(8, -8))
    torch.testing.assert_close(lost[0][inside], torch.full((8, 20), 100.0), atol=0.5, rtol=0)
    torch.testing.assert_close(lost[1][inside], slope[inside], atol=1e-3, rtol=0)
    assert lost.mean().item() == pytest.approx(torch.stack([board, slope]).mean().item(), rel=1e-3)


def test_a_factor_of_one_changes_nothing() -> None:
    image = torch.rand(2, 7, 11)
    torch.testing.assert_close(degraded(image, 1.0), image)


def test_gaps_stay_and_do_not_bleed() -> None:
    generator = torch.Generator().manual_seed(0)
    image = 40 + torch.rand(2, 20, 30, generator=generator)
    image[1, 5:9, 3:20] = torch.nan
    lost = degraded(image, 3.0)
    assert torch.equal(lost.isnan(), image.isnan())
    assert lost[1][~lost[1].isnan()].min() > 39.9
    black = torch.nan_to_num(image)
    valid = ~image.isnan()
    masked = degraded(black, 3.0, valid)
    assert (masked[1, 5:9, 3:20] == 0).all()
    torch.testing.assert_close(masked[valid], lost[valid])
    assert degraded(black, 3.0)[1][valid[1]].min() < 35


def test_all_inputs_of_a_sample_lose_the_same_and_others_nothing() -> None:
    inputs = Inputs.parse("sar+optical")
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (9, 4, 16, 24), dtype=torch.uint8, generator=generator)
    numbers = torch.arange(9) + 100
    changed = Degradation(inputs, 4.0, seed=6)(images, numbers)
    factors = [draw_factor(6, number, 4.0) for number in numbers.tolist()]
    assert 0 < sum(factor > 1 for factor in factors) < 9
    for image, before, factor in zip(changed, images, factors, strict=True):
        torch.testing.assert_close(image, degraded(before.float(), factor) if factor > 1 else before.float())
    assert images.dtype == torch.uint8


def test_an_input_that_is_missing_keeps_what_it_holds() -> None:
    images = torch.full((1, 4, 8, 10), 90.0)
    images[:, 1:] = 7
    images[:, 0, ::2] = 110
    valid = torch.ones(1, 2, 8, 10, dtype=torch.bool)
    valid[:, 1] = False
    number = next(each for each in range(99) if draw_factor(0, each, 8.0) > 2)
    changed = Degradation(SAR_OPTICAL, 8.0, 0)(images, torch.tensor([number]), valid)
    assert (changed[:, 1:] == 7).all()
    assert changed[0, 0].std() < 3


@pytest.mark.parametrize("augment", [True, False])
def test_a_batch_loses_resolution_before_its_brightness_changes(table: Path, augment: bool) -> None:
    tiles = [tile for tile in read_tiles(table) if tile.split == "train"]
    numbers = torch.arange(6)
    images = torch.randint(0, 256, (6, 1, 32, 32), dtype=torch.uint8)
    batch = {"image": images, "label": torch.ones(6, 32, 32, dtype=torch.uint8), "number": numbers}
    config = TrainConfig(crop=32, batch=6, degrade=4, seed=2, augment=augment)
    changed = TileData(config, [tiles], []).on_after_batch_transfer(batch, 0)
    coarse = Degradation(config.modalities, 4, 2)(images, numbers)
    plain = TileData(config.model_copy(update={"degrade": 1}), [tiles], [])
    expected = plain.on_after_batch_transfer({**batch, "image": coarse}, 0)
    torch.testing.assert_close(changed["image"], expected["image"])
    assert torch.equal(changed["label"], batch["label"])
    assert not torch.equal(changed["image"], plain.on_after_batch_transfer(batch, 0)["image"].float())
