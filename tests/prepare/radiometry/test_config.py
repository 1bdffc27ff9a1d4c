"""Options of radiometry are checked when they are made, and the mistake is named."""

import subprocess
import sys
from typing import Any

import pytest

from oemsar.errors import InputError
from oemsar.prepare.radiometry.config import PROFILES, REMAPS, OpticalConfig, RadiometryConfig


@pytest.mark.parametrize("spelt", ["dB clip", "db_clip", "DB-CLIP"])
def test_a_remap_is_found_however_it_is_spelt(spelt: str) -> None:
    assert RadiometryConfig(remap=spelt).remap == "db-clip"


def test_a_profile_is_found_however_it_is_spelt() -> None:
    assert OpticalConfig(profile="BD_ortho").profile == "bd-ortho"


@pytest.mark.parametrize("registry", [REMAPS, PROFILES])
def test_every_entry_bears_the_name_that_it_is_found_by(registry: Any) -> None:
    assert [registry.find(name).name for name in registry] == list(registry.names())


@pytest.mark.parametrize(
    ("fields", "option", "sentence"),
    [
        ({"remap": "gamma"}, "remap", "remap gamma .* identity, linear, log, density, nrl, pedf"),
        ({"percentiles": (99, 1)}, "percentiles", "rising numbers between 0 and 100"),
        ({"percentiles": (0, 101)}, "percentiles", "rising numbers between 0 and 100"),
        ({"percentiles": (float("nan"), 99)}, "percentiles.0", "finite"),
        ({"db": (0, 0)}, "db", "do not rise"),
        ({"db": (5, -5)}, "db", "do not rise"),
        ({"noddata": "none"}, "noddata", "is not known"),
    ],
)
def test_a_wrong_option_of_a_remap_is_named(fields: dict[str, Any], option: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        RadiometryConfig(**fields)
    assert error.value.options == (option,)


@pytest.mark.parametrize(
    ("fields", "options", "sentence"),
    [
        ({"meaning": "calibrated"}, ("gain",), "need a gain"),
        ({"meaning": "calibrated", "gain": 0}, ("gain",), "gain: 0 is out of range"),
        ({"gain": 2}, ("gain", "offset"), "belong to calibrated pixels"),
        ({"offset": 2}, ("gain", "offset"), "belong to calibrated pixels"),
        ({"profile": "nap"}, ("profile",), "choose one of naip, bd-ortho, gsi"),
        ({"percentiles": (2, 2)}, ("percentiles",), "rising numbers"),
    ],
)
def test_a_wrong_option_of_an_orthophoto_is_named(
    fields: dict[str, Any], options: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        OpticalConfig(**fields)
    assert error.value.options == options


def test_options_are_read_without_numpy_and_rasterio() -> None:
    probe = (
        "import sys, oemsar.prepare.radiometry.config as config; list(config.REMAPS); "
        "print([name for name in ('numpy', 'rasterio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
