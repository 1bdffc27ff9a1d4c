"""Materials: the classes they are of, the ranking of their backscatter, and what dryness does to them."""

import pytest

from oemsar.legend import CLASSES, NAMES
from oemsar.simulate.world.materials import (
    AGRICULTURE,
    BARELAND,
    BUILDING,
    CROPS,
    DEVELOPED,
    MATERIALS,
    RANGELAND,
    ROAD,
    ROOFS,
    TREE,
    WATER,
    seasonal,
)


def test_every_class_has_a_material_and_bears_the_legends_number() -> None:
    names = dict(zip(NAMES, (entry.id for entry in CLASSES), strict=True))
    assert names == {
        "Bareland": BARELAND,
        "Rangeland": RANGELAND,
        "Developed space": DEVELOPED,
        "Road": ROAD,
        "Tree": TREE,
        "Water": WATER,
        "Agriculture land": AGRICULTURE,
        "Building": BUILDING,
    }
    assert {material.land_cover for material in MATERIALS.values()} == set(names.values())


def test_roofs_are_buildings_and_crops_are_agriculture() -> None:
    roofs = [name for country in ROOFS.values() for kind in country.values() for name in kind]
    assert {MATERIALS[name].land_cover for name in roofs} == {BUILDING}
    assert {MATERIALS[name].land_cover for crops in CROPS.values() for name in crops} == {AGRICULTURE}
    assert set(ROOFS) == set(CROPS) == {"FRA", "JPN", "USA"}


def test_backscatter_ranks_as_in_x_band_statistics() -> None:
    """Ulaby and Dobson 1989: smooth water and roads, bare soil, grass and crops, trees."""
    order = ("water", "asphalt", "soil", "grass", "crop", "hedge")
    values = [MATERIALS[name].backscatter for name in order]
    assert values == sorted(values)
    assert values[-1] - values[0] > 10


@pytest.mark.parametrize(
    ("name", "strength"), [("grass", 1.0), ("crop", 1.0), ("soil", 0.2), ("hedge", 0.35)]
)
def test_vegetation_and_soil_turn_yellower_and_paler_where_it_is_dry(name: str, strength: float) -> None:
    fresh, dry = seasonal(MATERIALS[name], 0.0), seasonal(MATERIALS[name], 0.5)
    assert fresh == MATERIALS[name]
    gains = [after / before for before, after in zip(fresh.colour, dry.colour, strict=True)]
    assert gains == pytest.approx([1 + 0.5 * strength * gain for gain in (0.18, 0.12, 0.10)])
    assert dry.backscatter == pytest.approx(fresh.backscatter - 0.4)
    rest = ("land_cover", "spread", "tint", "grain", "patches", "backscatter_spread", "backscatter_patches")
    assert all(getattr(dry, field) == getattr(fresh, field) for field in rest)


@pytest.mark.parametrize("name", ["asphalt", "concrete", "water", "tile", "car"])
def test_what_is_built_and_water_know_no_season(name: str) -> None:
    assert seasonal(MATERIALS[name], 0.9) == MATERIALS[name]
