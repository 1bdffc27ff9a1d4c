"""Mix Transformers known by their tensors."""

from pathlib import Path

import pytest
import torch

from oemsar.errors import InputError
from oemsar.models.mit import _nearest, is_mit, mit_encoder

WIDTHS = {0: 32, 1: 64, 2: 64, 3: 64, 4: 64, 5: 64}
DEPTHS = {
    0: (2, 2, 2, 2),
    1: (2, 2, 2, 2),
    2: (3, 4, 6, 3),
    3: (3, 4, 18, 3),
    4: (3, 8, 27, 3),
    5: (3, 6, 40, 3),
}
"""Table 6 of Xie et al. 2021."""


@pytest.mark.parametrize("size", range(6))
def test_the_size_is_known_by_width_and_blocks(size: int) -> None:
    tensors = {"patch_embed1.proj.weight": torch.empty(WIDTHS[size], 3, 7, 7)}
    for level, depth in enumerate(DEPTHS[size], start=1):
        for block in range(depth):
            tensors[f"block{level}.{block}.norm1.weight"] = torch.empty(1)
    assert is_mit(tensors)
    assert _nearest(tensors) == f"mit_b{size}"


def test_other_tensors_are_no_mix_transformer() -> None:
    assert not is_mit({"stem.patch_embed1.weight": torch.empty(1)})
    with pytest.raises(InputError, match=r"^a\.pth is no classifier mit_b\d: tensor .* is missing"):
        mit_encoder({"patch_embed1.proj.bias": torch.empty(1)}, Path("a.pth"))
