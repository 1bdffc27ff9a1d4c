"""SegFormer has the published sizes."""

import pytest

from oemsar.errors import InputError
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

CLASSES_OF_ADE20K = 150


def _spec(encoder: str) -> ModelSpec:
    return ModelSpec(
        architecture="segformer", encoder=encoder, modalities="optical", mean=(0.0,) * 3, std=(1.0,) * 3
    )


@pytest.mark.parametrize(("encoder", "millions"), [("mit_b0", 3.8), ("mit_b1", 13.7), ("mit_b2", 27.5)])
def test_parameters_are_as_many_as_published(encoder: str, millions: float) -> None:
    """Xie et al. 2021, table 1: parameters of the encoder and decoder with 150 classes."""
    network = build(_spec(encoder))
    head = network.body.segmentation_head[0]  # type: ignore[index, union-attr]
    parameters = sum(value.numel() for value in network.parameters())
    parameters += (CLASSES_OF_ADE20K - head.out_channels) * (head.in_channels + 1)
    assert parameters / 1e6 == pytest.approx(millions, abs=0.1)


def test_an_encoder_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"resnet18 does not go with model segformer; choose one of mit_b0"):
        build(_spec("resnet18"))
