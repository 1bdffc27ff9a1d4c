"""The size of a network, by its short name or its encoder."""

import pytest

from oemsar.errors import InputError
from oemsar.models.registry import NETWORKS
from oemsar.models.variants import ENCODERS, choose_encoder, encoders_of, variant_of


@pytest.mark.parametrize(
    ("names", "encoder"),
    [
        (("unet",), "efficientnet-b4"),
        (("unet", "resnet18"), "resnet18"),
        (("segformer",), "mit_b2"),
        (("segformer", None, "b5"), "mit_b5"),
        (("segformer", "mit_b1", "b1"), "mit_b1"),
        (("vmamba", None, "s"), "vmamba_s"),
        (("vmamba", None, "s-s1l20"), "vmamba_s_s1l20"),
    ],
)
def test_the_encoder_is_that_of_the_variant_or_the_default(names: tuple[str], encoder: str) -> None:
    assert choose_encoder(*names) == encoder


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("unet", None, "b0"), "unet has no variants"),
        (("segformer", None, "t"), "no variant t; choose one of b0, b1"),
        (("segformer", "mit_b1", "b0"), "has the encoder mit_b0, not mit_b1"),
    ],
)
def test_names_that_do_not_go_together_are_refused(names: tuple[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        choose_encoder(*names)


def test_every_variant_is_known_by_its_encoder() -> None:
    for architecture in ENCODERS:
        for variant, encoder in encoders_of(architecture).variants.items():
            assert variant_of(architecture, encoder) == variant
    assert variant_of("unet", "resnet18") is None


def test_every_network_names_its_encoders() -> None:
    assert set(NETWORKS.names()) == set(ENCODERS.names())


def test_a_network_that_names_no_encoders_has_one_of_its_own_name() -> None:
    assert choose_encoder("lidarnet") == "lidarnet"
