"""The contracts of remaps and optical profiles hold for those of the package, and notice what breaks them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.prepare.radiometry import config
from oemsar.prepare.radiometry.optical_profiles import NAIP, OpticalProfile
from oemsar.prepare.radiometry.remap import LINEAR, Remap
from oemsar.registry import Registry
from oemsar.testing import optical_profiles, remaps
from oemsar.testing.optical_profiles import check_optical_profile
from oemsar.testing.remaps import check_remap


@pytest.mark.parametrize("name", config.REMAPS.names())
def test_remaps_of_the_package_keep_the_contract(name: str) -> None:
    check_remap(name)


@pytest.mark.parametrize("name", config.PROFILES.names())
def test_profiles_of_the_package_keep_the_contract(name: str) -> None:
    check_optical_profile(name)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="remap clahe is not known"):
        check_remap("clahe")


class _Offered(Registry[Any]):
    """A registry of one entry."""

    def __init__(self, entry: Remap | OpticalProfile) -> None:
        super().__init__("entry", "oemsar.none", {})
        self.entry = entry

    def find(self, name: str) -> Remap | OpticalProfile:
        return self.entry


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"name": "other"}, "bears the name other"),
        ({"curve": lambda amplitude, **_: -amplitude + 200}, "a larger amplitude a smaller grey value"),
        ({"fit": lambda *_: {"minimum": 0.0, "maximum": np.inf}}, "JSON does not hold"),
        ({"summary": ""}, "has no summary"),
    ],
)
def test_a_remap_that_breaks_the_contract_is_noticed(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr(remaps, "REMAPS", _Offered(replace(LINEAR, **fault)))
    with pytest.raises(AssertionError, match=sentence):
        check_remap("linear")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [({"licence": ""}, "states no licence"), ({"bands": (0, 1, 2)}, "three bands"), ({"url": ""}, "address")],
)
def test_a_profile_that_breaks_the_contract_is_noticed(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr(optical_profiles, "PROFILES", _Offered(replace(NAIP, **fault)))
    with pytest.raises(AssertionError, match=sentence):
        check_optical_profile("naip")
