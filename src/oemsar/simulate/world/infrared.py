"""Near infrared of the materials: reflectance near 0.85 micrometres, and grey values of flat sunlit ones.

Leaves reflect several times as much as in the red, water almost nothing, and mineral surfaces a little more
than in the red. The numbers are rounded typical ones, chosen for the order of materials and not measured.
"""

import numpy as np

from oemsar.simulate.world.materials import AGRICULTURE, BARELAND, MATERIALS, RANGELAND, TREE

REFLECTANCE = {
    "asphalt": 0.13,
    "marking": 0.50,
    "lane": 0.22,
    "parking": 0.14,
    "concrete": 0.33,
    "paving": 0.30,
    "gravel": 0.33,
    "pitch": 0.44,
    "lawn": 0.48,
    "grass": 0.43,
    "meadow": 0.40,
    "scrub": 0.34,
    "crop": 0.50,
    "ripe": 0.37,
    "ploughed": 0.27,
    "paddy": 0.40,
    "vine": 0.37,
    "soil": 0.32,
    "sand": 0.44,
    "water": 0.012,
    "pool": 0.025,
    "hedge": 0.46,
    "tile": 0.40,
    "slate": 0.13,
    "dark_tile": 0.10,
    "brown_shingle": 0.22,
    "blue_metal": 0.26,
    "zinc": 0.36,
    "flat_white": 0.65,
    "flat_grey": 0.30,
    "unit": 0.50,
    "car": 0.30,
}
"""Reflectance 0..1 of each material, lush where it is a plant."""

_GAMMA = 2.2
"""Exponent by which the colours of `MATERIALS` follow from reflectance, too: asphalt of 0.12 is 116 there."""

_DRY = {RANGELAND: 0.80, AGRICULTURE: 0.85, TREE: 0.93, BARELAND: 1.05}
"""Factor of the grey value in the driest region: dry leaves reflect less, dry soil more."""


def infrared(material: str, dryness: float) -> float:
    """Give the grey value 0..255 of a material in the near infrared, under full light on flat ground.

    Args:
        material: Key of `MATERIALS`.
        dryness: Dryness of the region, 0..1.
    """
    factor = float(np.interp(dryness, (0, 1), (1, _DRY.get(MATERIALS[material].land_cover, 1.0))))
    return float(255 * REFLECTANCE[material] ** (1 / _GAMMA) * factor)
