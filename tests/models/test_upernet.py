"""UPerNet's pooling and heads, and the published sizes of the networks with it."""

import pytest
import torch

from oemsar.errors import InputError
from oemsar.inputs import OPTICAL
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.models.upernet import FcnHead, PyramidPooling, UPerHead, grid_means


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 6), (13, 32)])
@pytest.mark.parametrize("cells", [1, 2, 3, 6])
def test_means_over_a_grid_are_those_of_adaptive_pooling(size: tuple[int, int], cells: int) -> None:
    features = torch.randn(2, 3, *size, dtype=torch.float64)
    expected = torch.nn.functional.adaptive_avg_pool2d(features, cells)
    torch.testing.assert_close(grid_means(features, cells), expected)


@pytest.mark.parametrize(("encoder", "millions"), [("vmamba_t", 62), ("vmamba_s", 82), ("vmamba_b", 122)])
def test_networks_have_the_published_sizes(encoder: str, millions: int) -> None:
    spec = ModelSpec(architecture="vmamba", encoder=encoder, modalities=OPTICAL, mean=(0,) * 3, std=(1,) * 3)
    with torch.device("meta"):
        network = build(spec)
    count = sum(value.numel() for value in network.parameters())
    assert round(count / 1e6) == millions
    # 150 classes instead of eight, as published
    assert round((count + 142 * (512 + 1 + 256 + 1)) / 1e6) == millions


def test_heads_answer_at_the_size_of_their_level() -> None:
    channels, sizes = (4, 8, 16, 32), (16, 8, 4, 2)
    features = [torch.randn(2, c, s, s + 1) for c, s in zip(channels, sizes, strict=True)]
    assert UPerHead(channels)(features).shape == (2, 8, 16, 17)
    assert FcnHead(16)(features[2]).shape == (2, 8, 4, 5)


def test_training_on_one_crop_is_refused_in_a_sentence() -> None:
    pooling = PyramidPooling(4)
    with pytest.raises(InputError, match="batch: UPerNet cannot train on one crop"):
        pooling(torch.randn(1, 4, 3, 3))
    assert pooling.eval()(torch.randn(1, 4, 3, 3)).shape == (1, 512, 3, 3)
