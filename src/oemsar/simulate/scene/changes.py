"""Differences between two acquisitions of a scene: parked cars, the crops on fields, the exposure."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from oemsar.simulate.world.infrared import infrared
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.materials import AGRICULTURE, CROPS, MATERIALS, seasonal
from oemsar.simulate.world.region import Region


def with_cars(land_cover: WorldRasters, share: float, rng: np.random.Generator) -> WorldRasters:
    """Keep a random `share` (0..1) of the cars; the ground around replaces the others."""
    table = land_cover.table
    is_car = (table.height > 0) & (table.half_width == 0)
    gone = is_car & (rng.random(len(is_car)) >= share)
    hidden = gone[land_cover.surface]
    if not hidden.any():
        return land_cover
    rows, columns = np.nonzero(hidden)
    window = (
        slice(max(rows.min() - 1, 0), rows.max() + 2),
        slice(max(columns.min() - 1, 0), columns.max() + 2),
    )
    nearest = ndimage.distance_transform_edt(
        is_car[land_cover.surface[window]], return_distances=False, return_indices=True
    )
    rows, columns = rows - window[0].start, columns - window[1].start
    under = land_cover.surface[window][nearest[0][rows, columns], nearest[1][rows, columns]]
    surface, height = land_cover.surface.copy(), land_cover.height.copy()
    surface[hidden] = under
    # A building beside a car park is no ground for a car to have stood on.
    height[hidden & ~land_cover.is_tree] = 0
    surface[hidden] = np.where(table.half_width[under] > 0, 0, under)
    return replace(land_cover, surface=surface, height=height)


def with_other_crops(
    land_cover: WorldRasters, region: Region, share: float, rng: np.random.Generator
) -> WorldRasters:
    """Give a random `share` (0..1) of the fields the colour of another crop, as in another season.

    All colours are exposed differently, by up to an eighth.
    """
    table = land_cover.table
    changed = (table.land_cover == AGRICULTURE) & (rng.random(len(table.height)) < share)
    colour, near = table.colour.copy(), table.infrared.copy()
    for number in np.nonzero(changed)[0].tolist():
        name = str(rng.choice(CROPS[region.country]))
        crop = seasonal(MATERIALS[name], region.dryness)
        brightness = np.float32(np.exp(rng.normal(0, crop.spread)))
        colour[number] = np.array(crop.colour, np.float32) * brightness
        near[number] = np.float32(infrared(name, region.dryness)) * brightness
    exposure = np.float32(np.exp(rng.uniform(-0.12, 0.12)))
    return replace(land_cover, table=replace(table, colour=colour * exposure, infrared=near * exposure))
