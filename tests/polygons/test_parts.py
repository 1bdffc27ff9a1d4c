"""Patches that are found strip by strip are those of the whole raster."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.polygons.parts import PartSweep


def labelled(values: NDArray[np.uint8], rows: int) -> NDArray[np.int64]:
    """Number of the patch of each pixel, -1 without; patches that joined later share their last number."""
    sweep, found, joins = PartSweep(values.shape[1]), [], {}
    for row in range(0, values.shape[0], rows):
        strip = sweep.advance(values[row : row + rows])
        pixels = np.arange(values.shape[1], strip.values.size)
        part = strip.part_at(pixels).reshape(-1, values.shape[1])
        found.append(np.where(part < 0, -1, strip.ids[part]))
        joins.update(zip(strip.joined.tolist(), strip.ids[strip.joined_to].tolist(), strict=True))

    def last(number: int) -> int:
        while joins.get(number, number) != number:
            number = joins[number]
        return number

    together = np.concatenate(found)
    return np.vectorize(last)(together)


@pytest.mark.parametrize("rows", [1, 3, 7, 40])
@pytest.mark.parametrize("kinds", [2, 4])
def test_patches_are_those_of_the_whole_raster(rows: int, kinds: int) -> None:
    values = np.random.default_rng(kinds).integers(0, kinds, (40, 53)).astype(np.uint8)
    found = labelled(values, rows)
    assert ((found < 0) == (values == 0)).all()
    for value in range(1, kinds):
        expected, count = ndimage.label(values == value)
        pairs = np.unique(np.stack([expected[values == value], found[values == value]]), axis=1)
        assert pairs.shape[1] == count == np.unique(found[values == value]).size


def test_a_horseshoe_is_one_patch_though_its_arms_join_last() -> None:
    values = np.ones((9, 11), np.uint8)
    values[:8, 4:7] = 2
    values[:3, 8] = 0
    assert np.unique(labelled(values, 2)[values == 1]).size == 1
