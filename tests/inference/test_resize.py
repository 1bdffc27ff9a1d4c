"""Images at other sizes, against means and interpolations worked out in other ways."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from oemsar.inference.resize import Size, resize, resize_image
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage

MIXED = Inputs.parse("sar+optical+height")


def _planes(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(-5, 250, shape).astype(np.float32)


def _mean_by_area(planes: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Every old pixel in so many equal parts that new pixels are whole numbers of them."""
    parts = planes.astype(np.float64).repeat(height, axis=1).repeat(width, axis=2)
    blocks = parts.reshape(len(planes), height, planes.shape[1], width, planes.shape[2])
    return blocks.mean((2, 4)).astype(np.float32)


@pytest.mark.parametrize("size", [(6, 10), (5, 7), (1, 1), (9, 12), (9, 1), (3, 4)])
def test_smaller_planes_are_means_by_area(size: tuple[int, int]) -> None:
    planes = _planes(3, 9, 12)
    np.testing.assert_allclose(
        resize(planes, Size(*size)), _mean_by_area(planes, *size), rtol=1e-5, atol=1e-4
    )


@pytest.mark.parametrize("size", [(11, 15), (18, 24), (9, 36), (27, 12)])
def test_larger_planes_are_interpolated_as_pytorch_does(size: tuple[int, int]) -> None:
    planes = _planes(3, 9, 12)
    expected = F.interpolate(torch.from_numpy(planes)[None], size, mode="bilinear")[0]
    np.testing.assert_allclose(resize(planes, Size(*size)), expected.numpy(), rtol=1e-5, atol=1e-3)


def test_each_side_is_resampled_in_its_own_way() -> None:
    planes = _planes(2, 9, 12)
    expected = F.interpolate(torch.from_numpy(_mean_by_area(planes, 5, 12))[None], (5, 20), mode="bilinear")
    np.testing.assert_allclose(resize(planes, Size(5, 20)), expected[0].numpy(), rtol=1e-5, atol=1e-3)


def test_sides_are_rounded_and_never_empty() -> None:
    assert Size(43, 20).scaled(0.75) == (32, 15)
    assert Size(1, 3).scaled(0.25) == (1, 1)
    assert Size.of(np.zeros((3, 7, 5), np.uint8)) == (7, 5)
    assert Size.of(MaskedImage(np.zeros((3, 7, 5), np.uint8), np.zeros((1, 7, 5), bool))) == (7, 5)


def test_bytes_stay_whole_numbers() -> None:
    image = np.array([[[10, 11, 200, 201]]], np.uint8)
    smaller = resize_image(image, Inputs.parse("sar"), Size(1, 2))
    assert smaller.dtype == np.uint8  # type: ignore[union-attr]
    assert np.asarray(smaller).tolist() == [[[10, 200]]]  # 10.5 and 200.5, halves to even
    assert np.asarray(resize_image(image, Inputs.parse("sar"), Size(1, 8)))[0, 0].tolist() == [
        10,
        10,
        11,
        58,
        153,
        200,
        201,
        201,
    ]


def test_gaps_of_a_measured_input_do_not_enter_its_values() -> None:
    heights = np.array([[[2, np.nan, np.nan, np.nan, 6, 8]]], np.float32)
    smaller = np.asarray(resize_image(heights, Inputs.parse("height"), Size(1, 3)))
    np.testing.assert_array_equal(smaller, [[[2, np.nan, 7]]])
    larger = np.asarray(resize_image(heights, Inputs.parse("height"), Size(1, 12)))
    np.testing.assert_allclose(
        larger[0, 0], [2, 2, *[np.nan] * 6, 6, 6.5, 7.5, 8], rtol=1e-6
    )  # half a pixel of each neighbour


@pytest.mark.parametrize("size", [(15, 23), (8, 9), (30, 47), (21, 20)])
def test_only_what_carries_data_enters_and_masks_follow(size: tuple[int, int]) -> None:
    draws = np.random.default_rng(0)
    pixels = draws.uniform(0, 200, (5, 20, 31)).astype(np.float32)
    valid = draws.random((3, 20, 31)) > 0.4
    pixels[4, :5] = np.nan
    found = resize_image(MaskedImage(pixels, valid), MIXED, Size(*size))
    other = pixels.copy()
    for part, mask in zip((slice(0, 1), slice(1, 4), slice(4, 5)), valid, strict=True):
        other[part, ~mask] = 1e30
    garbled = resize_image(MaskedImage(other, valid), MIXED, Size(*size))
    assert isinstance(found, MaskedImage)
    assert isinstance(garbled, MaskedImage)
    np.testing.assert_array_equal(found.pixels, garbled.pixels)
    np.testing.assert_array_equal(found.valid, garbled.valid)
    known = valid & [[[True]], [[True]], [[False]]]
    known[2, 5:] = valid[2, 5:]
    shares = resize(known.astype(np.float32), Size(*size))
    np.testing.assert_array_equal(found.valid, shares > 0.4999)
    totals = resize(np.where(known.repeat([1, 3, 1], 0), pixels, 0).astype(np.float32), Size(*size))
    there = found.valid.repeat([1, 3, 1], 0)
    expected = (totals / np.maximum(shares, 1e-9).repeat([1, 3, 1], 0))[there]
    np.testing.assert_allclose(found.pixels[there], expected, rtol=1e-4)
    assert (found.pixels[~there] == 0).all()


def test_a_mask_of_everything_is_one_of_everything() -> None:
    pixels = _planes(5, 20, 31)
    masked = resize_image(MaskedImage(pixels, np.ones((3, 20, 31), bool)), MIXED, Size(13, 40))
    assert isinstance(masked, MaskedImage)
    assert masked.valid.all()
    np.testing.assert_array_equal(masked.pixels, resize_image(pixels, MIXED, Size(13, 40)))
