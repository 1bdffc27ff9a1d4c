"""Classifiers of VMamba known by their tensors."""

from pathlib import Path

import pytest
import torch

from oemsar.errors import InputError
from oemsar.models.vmamba import encoder as encoder_module
from oemsar.models.vmamba.classifier import VMambaClassifier
from oemsar.models.vmamba.classifier_file import is_vmamba, vmamba_encoder
from oemsar.models.vmamba.encoder import Variant

VARIANTS = {
    "vmamba_t": Variant(16, (1, 1, 2, 1), 1, 0.0),
    "vmamba_s": Variant(16, (1, 1, 4, 1), 1, 0.0),
    "vmamba_b": Variant(24, (1, 1, 4, 1), 1, 0.0),
}
"""Three small variants: two of one width, two of one depth."""


@pytest.fixture(autouse=True)
def small_variants(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, variant in VARIANTS.items():
        monkeypatch.setitem(encoder_module.VARIANTS, name, variant)


@pytest.mark.parametrize("name", ["vmamba_t", "vmamba_s", "vmamba_b"])
def test_the_variant_is_known_by_width_and_blocks(name: str) -> None:
    tensors = VMambaClassifier(VARIANTS[name], classes=5).state_dict()
    assert is_vmamba(tensors)
    found, weights = vmamba_encoder(tensors, Path("a.pth"))
    assert found == name
    shared = [key for key in weights if key in tensors]
    assert len(shared) == len([key for key in tensors if not key.startswith("classifier.")])
    assert all(torch.equal(weights[key], tensors[key]) for key in shared)


def test_a_classifier_that_lacks_a_block_is_held_against_the_nearest_variant() -> None:
    tensors = VMambaClassifier(VARIANTS["vmamba_b"], classes=5).state_dict()
    without = {key: value for key, value in tensors.items() if not key.startswith("layers.2.blocks.3.")}
    with pytest.raises(InputError, match=r"^a\.pth lacks layers\.2\.blocks\.3\."):
        vmamba_encoder(without, Path("a.pth"))


def test_other_tensors_are_no_vmamba() -> None:
    assert not is_vmamba({"layers.0.blocks.0.attn.weight": torch.ones(1), "op.Ds": torch.ones(1)})
