"""Blocks of windows."""

import numpy as np
import pytest

from oemsar.prepare.align.matching.blocks import WindowBlock, blocks_of
from oemsar.raster.read import Extent


@pytest.mark.parametrize("step", [64, 700])
def test_every_window_lies_in_one_block_that_holds_it(step: int) -> None:
    rows, columns, window = np.arange(3) * step, 5 + np.arange(20) * step, 128
    blocks = list(blocks_of(rows, columns, window))
    indices = [index for block in blocks for index in block.windows]
    assert sorted(indices) == [(row, column) for row in range(3) for column in range(20)]
    for block in blocks:
        top, left, height, width = block.extent
        for row, column in block.windows:
            assert top <= rows[row]
            assert rows[row] + window <= top + height
            assert left <= columns[column]
            assert columns[column] + window <= left + width
    assert (len(blocks) == len(indices)) == (step == 700)  # alone where windows lie far apart


def test_a_block_grows_on_every_side_and_keeps_its_windows() -> None:
    assert WindowBlock(Extent(10, 20, 30, 40), [(0, 1)]).grown(5) == WindowBlock(
        Extent(5, 15, 40, 50), [(0, 1)]
    )
