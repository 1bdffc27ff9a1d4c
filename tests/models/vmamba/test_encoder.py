"""The encoder's levels, with its own weights and those of a classifier."""

from pathlib import Path

import pytest
import torch

from oemsar.errors import InputError
from oemsar.models.checkpoint import read_tensors
from oemsar.models.vmamba import encoder as encoder_module
from oemsar.models.vmamba.classifier import VMambaClassifier
from oemsar.models.vmamba.encoder import VMambaEncoder
from oemsar.models.vmamba.weights import load_classifier_weights

from .small import SMALL

pytestmark = pytest.mark.usefixtures("small_variant")


def test_levels_have_their_strides_and_channels() -> None:
    encoder = VMambaEncoder(4, "vmamba_t").eval()
    with torch.inference_mode():
        features = encoder(torch.randn(1, 4, 64, 96))
    assert encoder.out_channels == (16, 32, 64, 128)
    assert [tuple(level.shape) for level in features] == [
        (1, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(encoder.out_channels, (4, 8, 16, 32), strict=True)
    ]


def test_an_encoder_with_the_weights_of_a_classifier_sees_what_it_sees(checkpoint: Path) -> None:
    encoder = VMambaEncoder(3, "vmamba_t").eval()
    state_dict = read_tensors(checkpoint)
    load_classifier_weights(encoder, state_dict)
    classifier = VMambaClassifier(SMALL, classes=5).eval()
    classifier.load_state_dict(state_dict)
    images = torch.randn(1, 3, 32, 64)
    with torch.inference_mode():
        for own, published in zip(encoder.levels(images), classifier.levels(images), strict=True):
            assert torch.equal(own, published)


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(InputError, match="vmamba_x is not known"):
        VMambaEncoder(3, "vmamba_x")


def test_training_in_bfloat16_stays_finite() -> None:
    torch.manual_seed(0)
    encoder = VMambaEncoder(1, "vmamba_t")
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-3)
    images = torch.randn(2, 1, 32, 32)
    for _ in range(5):
        with torch.autocast("cpu", torch.bfloat16):
            loss = sum((level.float() ** 2 - level.float()).mean() for level in encoder(images))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert all(value.isfinite().all() for value in encoder.parameters())


@pytest.mark.parametrize(("variant", "millions"), [("vmamba_s_s1l20", 49), ("vmamba_b_s1l20", 87)])
def test_the_later_classifiers_have_the_published_number_of_parameters(variant: str, millions: int) -> None:
    """Sizes of the authors' list of classifiers."""
    with torch.device("meta"):
        model = VMambaClassifier(encoder_module.VARIANTS[variant])
    assert round(sum(value.numel() for value in model.parameters()) / 1e6) == millions
