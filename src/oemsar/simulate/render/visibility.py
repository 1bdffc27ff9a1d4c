"""Layover, shadow and open ground of a surface under the radar."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.render.shadow import is_shadowed
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.materials import BUILDING, TREE
from oemsar.simulate.world.polygon import heading
from oemsar.simulate.world.region import Region

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Visibility:
    """Masks of a canvas, all (rows, columns).

    Attributes:
        layover: Surface that appears in one pixel of the radar image with another part of the surface.
        shadow: Surface that no radar ray reaches.
        ground: Bare ground, neither under a roof nor a crown, that the radar sees alone.
    """

    layover: Mask
    shadow: Mask
    ground: Mask


def visibility(land_cover: WorldRasters, region: Region, reach: float) -> Visibility:
    """Tell what a radar sees of the surface of a canvas, roofs and crowns included.

    In ground range x, rising away from the sensor, a point of height h appears at x - h / tan(i). Two points
    change their order where the farther one is higher than a line that rises with the incidence angle i from
    the nearer one (Kropatsch and Strobl 1990, The generation of SAR layover and shadow maps from digital
    elevation models, IEEE TGRS 28). That is the test of a shadow with the source on the far side at the
    elevation i; turned upside down it finds the farther ones.

    Args:
        land_cover: World to test.
        region: Region; its `look_azimuth` counts from the north of the canvas.
        reach: Longest displacement and shadow to look for, metres.
    """
    look = heading(region.look_azimuth)
    top, gsd, incidence = land_cover.top, land_cover.gsd, region.incidence_angle
    shadow = is_shadowed(top, -look, 90 - incidence, gsd, reach)
    layover = is_shadowed(top, look, incidence, gsd, reach)
    layover |= is_shadowed(-top, -look, incidence, gsd, reach)
    bare = ~np.isin(land_cover.classes, (BUILDING, TREE)) & (land_cover.height < 0.5)
    return Visibility(layover, shadow, bare & ~layover & ~shadow)
