"""A small raster of three bands with holes, for tests of where pixels carry data."""

import numpy as np
from numpy.typing import NDArray

from oemsar.raster.read import Extent

WHOLE = Extent(0, 0, 3, 5)


def three_bands() -> NDArray[np.float32]:
    """Bands of 3 x 5 pixels: 9 in all bands at (0, 4), in one at (2, 1), NaN in one at (1, 3)."""
    bands = np.arange(20, 65, dtype=np.float32).reshape(3, 3, 5)
    bands[:, 0, 4] = 9
    bands[1, 2, 1] = 9
    bands[2, 1, 3] = np.nan
    return bands


def without(*positions: tuple[int, int]) -> NDArray[np.bool_]:
    """Where the raster carries data, but for some rows and columns."""
    valid = np.ones((3, 5), bool)
    for position in positions:
        valid[position] = False
    return valid
