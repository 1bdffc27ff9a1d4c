"""The near infrared of materials: every one has it, and its index of vegetation tells plants apart."""

import pytest

from oemsar.simulate.world.infrared import REFLECTANCE, infrared
from oemsar.simulate.world.materials import (
    AGRICULTURE,
    BUILDING,
    MATERIALS,
    RANGELAND,
    TREE,
    WATER,
    seasonal,
)


def index(name: str, dryness: float = 0.0) -> float:
    """Normalised difference of near infrared and red, of the grey values."""
    red, near = seasonal(MATERIALS[name], dryness).colour[0], infrared(name, dryness)
    return (near - red) / (near + red)


def test_every_material_has_a_reflectance() -> None:
    assert REFLECTANCE.keys() == MATERIALS.keys()
    assert all(0 < value < 0.7 for value in REFLECTANCE.values())
    assert all(0 < infrared(name, dry) < 255 for name in MATERIALS for dry in (0.0, 1.0))


@pytest.mark.parametrize("name", MATERIALS)
def test_plants_are_told_from_water_and_from_what_is_built(name: str) -> None:
    kind = MATERIALS[name].land_cover
    if kind in (TREE, RANGELAND) or name in ("crop", "paddy"):
        assert index(name) > 0.25
    elif kind == WATER:
        assert index(name) < -0.15
    elif kind == AGRICULTURE:
        assert -0.1 < index(name) < 0.25
    else:
        assert -0.16 < index(name) < (0.25 if kind == BUILDING else 0.12)


@pytest.mark.parametrize("name", ["grass", "crop", "hedge"])
def test_dry_plants_have_less_of_it(name: str) -> None:
    indices = [index(name, dryness) for dryness in (0.0, 0.5, 1.0)]
    assert indices == sorted(indices, reverse=True)
    assert indices[0] - indices[2] > 0.03
