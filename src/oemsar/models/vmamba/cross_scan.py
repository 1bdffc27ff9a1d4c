"""Cross-scan and cross-merge: an image as four sequences of its pixels, and back.

The directions of Liu et al. (arXiv 2401.10166, section 4.2), in the order of the published parameters:
along the rows, along the columns, along the rows from the last pixel, along the columns from the last pixel.
"""

import torch
from torch import Tensor

DIRECTIONS = 4


def cross_scan(maps: Tensor) -> Tensor:
    """Turn four images into the sequences of their pixels, each in its own direction.

    Args:
        maps: Images, shape (batch, 4, height, width, channels).

    Returns:
        Sequences, shape (batch, 4, height * width, channels).
    """
    along_rows, along_columns, rows_reversed, columns_reversed = maps.unbind(1)
    return torch.stack(
        [
            along_rows.flatten(1, 2),
            along_columns.transpose(1, 2).flatten(1, 2),
            rows_reversed.flatten(1, 2).flip(1),
            columns_reversed.transpose(1, 2).flatten(1, 2).flip(1),
        ],
        dim=1,
    )


def cross_merge(sequences: Tensor, height: int, width: int) -> Tensor:
    """Turn four sequences back into images and add the four images up.

    Args:
        sequences: Pixels, shape (batch, 4, height * width, channels), in the directions of `cross_scan`.
        height: Height of the image.
        width: Width of the image.

    Returns:
        Sum of the images, shape (batch, height, width, channels).
    """
    along_rows = sequences[:, 0] + sequences[:, 2].flip(1)
    along_columns = sequences[:, 1] + sequences[:, 3].flip(1)
    by_column = torch.unflatten(along_columns, 1, (width, height)).transpose(1, 2)
    return torch.unflatten(along_rows, 1, (height, width)) + by_column
