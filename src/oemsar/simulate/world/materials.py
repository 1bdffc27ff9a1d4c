"""Materials of surfaces: their class, colour in the sun and backscatter in the radar."""

from dataclasses import dataclass

import numpy as np

from oemsar.legend import CLASSES

BARELAND, RANGELAND, DEVELOPED, ROAD, TREE, WATER, AGRICULTURE, BUILDING = (entry.id for entry in CLASSES)


@dataclass(frozen=True)
class Material:
    """One kind of surface.

    Attributes:
        land_cover: Class id 1..8.
        colour: Red, green, blue of the sunlit flat surface as 8-bit digital numbers.
        spread: Standard deviation of a surface's brightness around `colour`, relative.
        tint: Standard deviation of a surface's hue, relative.
        grain: Relative amplitude of the finest optical texture.
        patches: Relative amplitude of optical texture of a few metres.
        backscatter: Radar cross-section per area (sigma nought) at 40 degrees incidence, decibels.
        backscatter_spread: Standard deviation of a surface's backscatter around `backscatter`, decibels.
        backscatter_patches: Standard deviation of backscatter within a surface over some metres, decibels.
    """

    land_cover: int
    colour: tuple[float, float, float]
    spread: float = 0.08
    tint: float = 0.02
    grain: float = 0.04
    patches: float = 0.04
    backscatter: float = -12.0
    backscatter_spread: float = 1.0
    backscatter_patches: float = 0.6


# Mean backscatter follows the ranking of X-band statistics at 40 degrees, HH, in Ulaby and Dobson
# (1989, Handbook of Radar Scattering Statistics for Terrain): smooth water and roads lowest, then
# bare soil, grass and crops, trees highest. The spreads make neighbours in that ranking overlap.
# Colours are read off the published tiles.
MATERIALS: dict[str, Material] = {
    "asphalt": Material(ROAD, (116, 120, 116), 0.11, 0.0054, 0.035, 0.04, -17.5, 1.2, 0.7),
    "marking": Material(ROAD, (190, 192, 186), 0.05, 0.0045, 0.03, 0.02, -16.5, 0.5, 0.5),
    "lane": Material(ROAD, (134, 132, 120), 0.12, 0.009, 0.05, 0.06, -16.0, 1.5, 0.8),
    "parking": Material(DEVELOPED, (118, 121, 117), 0.13, 0.00675, 0.04, 0.06, -16.5, 1.6, 0.9),
    "concrete": Material(DEVELOPED, (158, 156, 146), 0.11, 0.009, 0.035, 0.05, -15.0, 1.8, 1.0),
    "paving": Material(DEVELOPED, (144, 138, 128), 0.12, 0.0135, 0.06, 0.06, -13.5, 2.0, 1.2),
    "gravel": Material(DEVELOPED, (170, 158, 136), 0.10, 0.0135, 0.07, 0.07, -13.0, 1.6, 0.8),
    "pitch": Material(DEVELOPED, (198, 182, 148), 0.06, 0.009, 0.03, 0.04, -16.0, 1.2, 0.6),
    "lawn": Material(RANGELAND, (80, 100, 68), 0.10, 0.018, 0.05, 0.07, -12.4, 1.0, 0.6),
    "grass": Material(RANGELAND, (88, 103, 72), 0.10, 0.0225, 0.06, 0.10, -12.0, 1.1, 0.8),
    "meadow": Material(RANGELAND, (98, 108, 74), 0.12, 0.027, 0.07, 0.12, -11.4, 1.3, 1.0),
    "scrub": Material(RANGELAND, (86, 94, 62), 0.12, 0.0225, 0.13, 0.16, -10.4, 1.3, 1.4),
    "crop": Material(AGRICULTURE, (86, 118, 62), 0.14, 0.027, 0.05, 0.05, -10.6, 1.9, 0.5),
    "ripe": Material(AGRICULTURE, (158, 146, 96), 0.10, 0.018, 0.05, 0.05, -11.0, 1.8, 0.5),
    "ploughed": Material(AGRICULTURE, (134, 112, 88), 0.13, 0.018, 0.06, 0.06, -11.8, 2.2, 0.6),
    "paddy": Material(AGRICULTURE, (92, 116, 78), 0.12, 0.027, 0.05, 0.08, -11.5, 2.2, 0.6),
    "vine": Material(AGRICULTURE, (116, 116, 78), 0.10, 0.018, 0.09, 0.06, -10.0, 1.2, 0.6),
    "soil": Material(BARELAND, (164, 142, 116), 0.12, 0.0225, 0.06, 0.09, -13.4, 1.7, 1.2),
    "sand": Material(BARELAND, (196, 180, 146), 0.09, 0.0135, 0.05, 0.07, -15.4, 1.3, 0.8),
    "water": Material(WATER, (48, 74, 72), 0.16, 0.027, 0.03, 0.05, -20.5, 1.4, 0.8),
    "pool": Material(WATER, (96, 170, 184), 0.08, 0.0135, 0.03, 0.03, -19.0, 1.0, 0.5),
    "hedge": Material(TREE, (66, 84, 55), 0.10, 0.018, 0.13, 0.10, -6.2, 1.0, 2.0),
    "tile": Material(BUILDING, (176, 118, 92), 0.12, 0.0225, 0.06, 0.05, -8.8, 1.6, 1.0),
    "slate": Material(BUILDING, (92, 98, 106), 0.14, 0.009, 0.05, 0.04, -9.3, 1.6, 1.0),
    "dark_tile": Material(BUILDING, (78, 82, 86), 0.16, 0.0135, 0.06, 0.05, -8.8, 1.6, 1.0),
    "brown_shingle": Material(BUILDING, (126, 112, 98), 0.16, 0.0135, 0.07, 0.06, -8.8, 1.6, 1.0),
    "blue_metal": Material(BUILDING, (92, 118, 146), 0.14, 0.0225, 0.04, 0.04, -10.8, 2.0, 1.0),
    "zinc": Material(BUILDING, (150, 158, 164), 0.10, 0.009, 0.05, 0.05, -9.0, 2.0, 1.2),
    "flat_white": Material(BUILDING, (208, 206, 198), 0.08, 0.00675, 0.04, 0.05, -10.3, 2.2, 1.4),
    "flat_grey": Material(BUILDING, (148, 146, 140), 0.16, 0.009, 0.05, 0.07, -10.3, 2.2, 1.4),
    "unit": Material(BUILDING, (186, 186, 182), 0.18, 0.009, 0.05, 0.03, -5.0, 3.0, 0.5),
    "car": Material(ROAD, (140, 141, 143), 0.45, 0.03, 0.02, 0.02, -9.0, 3.5, 3.0),
}

ROOFS = {
    "FRA": {
        "pitched": ("tile", "tile", "tile", "slate", "slate", "brown_shingle"),
        "flat": ("zinc", "zinc", "flat_grey", "flat_white"),
    },
    "JPN": {
        "pitched": ("dark_tile", "dark_tile", "slate", "brown_shingle", "blue_metal", "tile", "zinc"),
        "flat": ("flat_grey", "flat_white", "blue_metal", "flat_grey"),
    },
    "USA": {
        "pitched": ("brown_shingle", "brown_shingle", "slate", "tile", "flat_grey"),
        "flat": ("flat_white", "flat_white", "flat_grey"),
    },
}
"""Roof materials of a country, the common ones repeated."""

CROPS = {
    "FRA": ("crop", "ripe", "ploughed", "crop", "vine"),
    "JPN": ("paddy", "paddy", "crop", "ploughed"),
    "USA": ("crop", "crop", "ripe", "ploughed"),
}
"""Crops on the fields of each country, the common ones repeated."""


def seasonal(material: Material, dryness: float) -> Material:
    """Adapt `material` to a region: vegetation and soil turn yellower and paler where it is dry."""
    if material.land_cover not in (RANGELAND, TREE, AGRICULTURE, BARELAND):
        return material
    strength = {TREE: 0.35, BARELAND: 0.2}.get(material.land_cover, 1.0) * dryness
    red, green, blue = material.colour
    dry = (red * 1.18, green * 1.12, blue * 1.10)
    colour = tuple(
        float(np.interp(strength, (0, 1), pair)) for pair in zip(material.colour, dry, strict=True)
    )
    return Material(
        material.land_cover,
        (colour[0], colour[1], colour[2]),
        material.spread,
        material.tint,
        material.grain,
        material.patches,
        material.backscatter - 0.8 * dryness,
        material.backscatter_spread,
        material.backscatter_patches,
    )
