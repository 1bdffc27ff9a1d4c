"""Crops: the same ground in every image and the label, and samples that depend on their number alone."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from oemsar.dataset.tile import Tile
from oemsar.inputs import SAR, SAR_OPTICAL, Inputs
from oemsar.raster.geotiff import write_raster
from oemsar.train.crops import CropDataset, StepSampler, dihedral, draw_crop

SHAPES = [(200, 200), (300, 180), (90, 90)]


@pytest.fixture
def coordinates(tmp_path: Path, write: Callable[[Path, np.ndarray], Path]) -> Tile:
    """A tile whose pixels say where they are: red the row, green the column, and the others both."""
    rows, columns = np.meshgrid(np.arange(200), np.arange(200), indexing="ij")
    both = (rows + columns) // 2
    label = (rows // 25 + columns // 25) % 8 + 1
    return Tile(
        name="where",
        split="train",
        shape=(200, 200),
        sar=write(tmp_path / "sar.tif", both[None].astype(np.uint8)),
        optical=write(tmp_path / "optical.tif", np.stack([rows, columns, both]).astype(np.uint8)),
        pseudo_label=write(tmp_path / "label.tif", label[None].astype(np.uint8)),
    )


def test_images_and_label_show_the_same_ground(coordinates: Tile) -> None:
    dataset = CropDataset([coordinates], SAR_OPTICAL, 64, seed=3, augment=True)
    scales, turns = set(), set()
    for number in range(60):
        crop = draw_crop([coordinates.shape], 64, 3, number, True)
        scales.add(crop.extent.height != 64)
        turns.add(crop.symmetry)
        sample = dataset[number]
        sar, rows, columns, both = sample["image"].numpy().astype(float)
        np.testing.assert_allclose(sar, both, atol=0)
        np.testing.assert_allclose(sar, (rows + columns) / 2, atol=1.5)
        away = (np.abs(rows % 25 - 12) < 9) & (np.abs(columns % 25 - 12) < 9)  # from the edge of a label
        expected = (rows // 25 + columns // 25) % 8 + 1
        np.testing.assert_array_equal(sample["label"].numpy()[away], expected[away])
    assert scales == {True, False}
    assert turns == set(range(8))


def test_every_crop_lies_in_its_tile_and_reaches_its_edges() -> None:
    starts: dict[int, set[int]] = {0: set(), 1: set(), 2: set()}
    for number in range(3000):
        crop = draw_crop(SHAPES, 128, 1, number, True)
        height, width = SHAPES[crop.tile]
        row, column, rows, columns = crop.extent
        assert 0 <= row <= row + rows <= height
        assert 0 <= column <= column + columns <= width
        assert max(crop.size) <= 128
        starts[crop.tile] |= {row == 0, 2 + (row + rows == height)}
    assert starts[0] == {False, True, 2, 3}


def test_the_last_place_of_a_crop_is_drawn_as_often_as_the_first() -> None:
    """A tile that is one row higher and two columns wider than the crop has two and three places."""
    crops = [draw_crop([(33, 34)], 32, 0, number, False).extent for number in range(300)]
    places = Counter((crop.row, crop.column) for crop in crops)
    assert set(places) == {(row, column) for row in range(2) for column in range(3)}
    assert min(places.values()) > 30


def test_scale_is_within_its_range_and_as_often_up_as_down() -> None:
    sides = [draw_crop([(1000, 1000)], 300, 0, n, True).extent.height for n in range(2000)]
    assert min(sides) >= 150
    assert max(sides) <= 600
    assert np.mean(np.array(sides) == 300) == pytest.approx(2 / 3, abs=0.04)
    assert np.mean(np.array(sides) > 300) == pytest.approx(1 / 6, abs=0.03)


def test_a_tile_smaller_than_a_scaled_crop_is_resampled_by_the_same_factor() -> None:
    side, checked = 128, 0
    for number in range(300):
        whole = draw_crop([(1000, 900)], side, 7, number, True)
        cut = draw_crop([(150, 70)], side, 7, number, True)
        scale = whole.extent.height / side
        assert whole.size == (side, side)
        for read, wanted, resampled in zip(
            (cut.extent.height, cut.extent.width), (150, 70), cut.size, strict=True
        ):
            assert read == min(wanted, round(side * scale))
            assert resampled == pytest.approx(min(side, read / scale), abs=2)
        checked += scale != 1
    assert checked > 60


def test_every_tile_comes_once_an_epoch_in_another_order() -> None:
    tiles = [draw_crop([(64, 64)] * 10, 32, 5, number, True).tile for number in range(40)]
    epochs = [tiles[start : start + 10] for start in range(0, 40, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_sample_depends_on_seed_and_number_alone(coordinates: Tile) -> None:
    def samples(numbers: Iterable[int], seed: int) -> dict[int, bytes]:
        dataset = CropDataset([coordinates] * 3, SAR, 64, seed, augment=True)
        return {number: dataset[number]["image"].numpy().tobytes() for number in numbers}

    forward, backward = samples(range(12), 1), samples(reversed(range(12)), 1)
    assert forward == backward
    assert samples([7], 1)[7] == forward[7]
    assert samples([7], 2)[7] != forward[7]
    assert len(set(forward.values())) == 12


def test_without_augmentation_crops_are_only_placed(coordinates: Tile) -> None:
    crops = [draw_crop([coordinates.shape], 64, 0, n, False) for n in range(50)]
    assert {(crop.symmetry, crop.size, crop.extent.height) for crop in crops} == {(0, (64, 64), 64)}


def test_small_tile_is_filled_up_by_reflection_and_unknown(coordinates: Tile) -> None:
    sample = CropDataset([coordinates], SAR, 256, 0, augment=False)[0]
    image, label = sample["image"].numpy()[0], sample["label"].numpy()
    assert image.shape == label.shape == (256, 256)
    assert (label[:200, :200] > 0).all()
    assert not label[200:].any()
    assert not label[:, 200:].any()
    np.testing.assert_array_equal(image[200:], image[199:143:-1])


def test_turns_are_the_eight_symmetries() -> None:
    square = np.arange(9, dtype=np.uint8).reshape(3, 3)
    views = {dihedral(square, turn).tobytes() for turn in range(8)}
    rotations = [np.rot90(square, k) for k in range(4)]
    assert views == {np.ascontiguousarray(v).tobytes() for r in rotations for v in (r, r.T)}


def test_steps_go_on_from_where_they_were_left() -> None:
    whole = list(StepSampler(4, 0, 6))
    assert list(StepSampler(4, 2, 6)) == whole[2:]
    assert len(StepSampler(4, 2, 6)) == 6
    assert Counter(number for step in whole for number in step) == Counter(range(24))


def test_processes_share_every_step() -> None:
    shares = zip(*(StepSampler(6, 1, 4, rank=rank, processes=3) for rank in range(3)), strict=True)
    assert [list(chain(*step)) for step in shares] == list(StepSampler(6, 1, 4))


@pytest.fixture
def measured(coordinates: Tile, tmp_path: Path) -> Tile:
    """The same ground with heights of half the row, and a square without any."""
    rows = np.arange(200, dtype=np.float32)[:, None].repeat(200, 1) / 2
    rows[60:110, 80:140] = np.nan
    write_raster(tmp_path / "height.tif", rows[None], None)
    return replace(coordinates, further={"height": tmp_path / "height.tif"})


def test_measured_inputs_show_the_same_ground_and_their_gaps(measured: Tile) -> None:
    inputs = Inputs.parse("optical+height")
    crops = CropDataset([measured], inputs, 64, seed=3, augment=True)
    scaled, gaps = 0, 0
    for number in range(60):
        crop = draw_crop([measured.shape], 64, 3, number, True)
        rows, columns, _, height = crops[number]["image"].numpy()
        assert height.dtype == np.float32
        known = ~np.isnan(height)
        np.testing.assert_allclose(height[known], rows[known] / 2, atol=1.0)
        inside = (rows > 62) & (rows < 107) & (columns > 82) & (columns < 137)
        outside = (rows < 57) | (rows > 112) | (columns < 77) | (columns > 142)
        assert not known[inside].any()
        assert known[outside].all()
        scaled += crop.extent.height != 64
        gaps += inside.any()
    assert scaled > 10
    assert gaps > 10


def test_measured_inputs_are_drawn_as_the_others(measured: Tile) -> None:
    plain = CropDataset([measured], SAR_OPTICAL, 64, seed=3, augment=True)
    more = CropDataset([measured], Inputs.parse("sar+optical+height"), 64, seed=3, augment=True)
    for number in range(12):
        crop = draw_crop([measured.shape], 64, 3, number, True)
        np.testing.assert_array_equal(plain[number]["label"], more[number]["label"])
        tolerance = 0 if crop.extent.height == 64 else 1.5  # bytes are resampled in whole numbers
        np.testing.assert_allclose(plain[number]["image"], more[number]["image"][:4], atol=tolerance)
