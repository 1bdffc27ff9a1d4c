"""The description of a network: numbers for each channel, and the part of it over one modality."""

from typing import Any

import pytest

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.spec import ModelSpec

FIELDS: dict[str, Any] = {
    "architecture": "unet",
    "encoder": "resnet18",
    "modalities": "sar+optical",
    "mean": (50.0, 60.0, 70.0, 80.0),
    "std": (10.0, 20.0, 30.0, 40.0),
}


def test_a_description_is_read_back_from_json() -> None:
    spec = ModelSpec(**FIELDS, fusion="dual")
    assert ModelSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mean": (1.0,)}, r"mean, std: sar\+optical needs 4 numbers each"),
        ({"std": (1.0, 2.0, 3.0)}, r"mean, std: sar\+optical needs 4 numbers each"),
        ({"std": (1.0, 2.0, 0.0, 4.0)}, r"std\.2: 0\.0 is out of range; give at least 0\.001"),
        ({"std": (1.0, 2.0, 1e-320, 4.0)}, r"std\.2: 1e-320 is out of range"),
        ({"std": (1.0, 2.0, 1e308, 4.0)}, r"std\.2: 1e\+308 is out of range; give at most 1e\+06"),
        ({"std": (1.0, float("nan"), 3.0, 4.0)}, r"std\.1: nan is not a finite number"),
        ({"mean": (float("inf"), 1.0, 1.0, 1.0)}, r"mean\.0: inf is not a finite number"),
        ({"modalities": "sar", "mean": (1.0,), "std": (1.0,), "fusion": "dual"}, "fusion, modalities: dual"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ModelSpec(**FIELDS | changes)


@pytest.mark.parametrize(
    ("modalities", "mean", "std"),
    [("sar", (50.0,), (10.0,)), ("optical", (60.0, 70.0, 80.0), (20.0, 30.0, 40.0))],
)
def test_a_part_keeps_the_numbers_of_its_channels(
    modalities: str, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    part = ModelSpec(**FIELDS, fusion="dual").restricted_to(Inputs.parse(modalities))
    assert part == ModelSpec(**FIELDS | {"modalities": modalities, "mean": mean, "std": std})
