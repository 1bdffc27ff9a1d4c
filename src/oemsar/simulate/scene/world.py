"""The world of a simulated scene and the way the radar sees it, before anything is rendered."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.scene.acquisition import Acquisition, aim
from oemsar.simulate.scene.changes import with_cars
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.reflectors import place_reflectors
from oemsar.simulate.scene.site import Site, choose_site
from oemsar.simulate.world.canvas_plan import Site as Plan
from oemsar.simulate.world.landcover import LandCoverMap, raise_land_cover
from oemsar.simulate.world.landscape import draw_landscape
from oemsar.simulate.world.layout import plan

FORMAT = 1
"""Number of the scene's rules; a change of any pixel for the same options raises it."""


class Stream(IntEnum):
    """Random streams of a scene's parts, independent of each other."""

    LANDSCAPE = 10
    USES = 11
    PLAN = 12
    SURFACES = 13
    FLIGHT = 14
    PASS = 15
    SPECKLE = 16
    SLANT = 17
    REFLECTORS = 18


@dataclass(frozen=True)
class Scene:
    """A scene before its images are rendered.

    Attributes:
        site: where it lies.
        plan: streets, buildings and trees as planned.
        land_cover: the world on the canvas, with all its cars.
        still: the same without cars.
        acquisition: how the radar sees it.
        reflectors: rows and columns (canvas) of corner reflectors.
    """

    site: Site
    plan: Plan
    land_cover: LandCoverMap
    still: LandCoverMap
    acquisition: Acquisition
    reflectors: NDArray[np.intp]


def build_scene(config: SceneConfig) -> Scene:
    """Draw the world of `config` and point the radar at it."""
    site = choose_site(config)
    region = site.region
    landscape = draw_landscape(
        region.character,
        site.shape,
        config.stream(Stream.LANDSCAPE),
        gsd=config.gsd,
        relief=config.relief,
        scene=site.core,
    )
    suited = landscape.suited(config.gsd, config.stream(Stream.USES))
    layout = plan(region, site.shape, config.stream(Stream.PLAN), waters=landscape.waters, suited=suited)
    land_cover = raise_land_cover(layout, config.stream(Stream.SURFACES), landscape.ground)
    acquisition = aim(site, land_cover.ground, land_cover.top)
    still = with_cars(land_cover, 0, config.stream(Stream.SURFACES))
    reflectors = place_reflectors(site, still, config.reflectors, config.stream(Stream.REFLECTORS))
    return Scene(site, layout, land_cover, still, acquisition, reflectors)
