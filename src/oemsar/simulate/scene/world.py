"""The world of a simulated scene and the way the radar sees it, before anything is rendered."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.scene.acquisition import Acquisition, acquire
from oemsar.simulate.scene.changes import with_cars
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.geometry import SceneGeometry, choose_geometry
from oemsar.simulate.scene.reflectors import place_reflectors
from oemsar.simulate.scene.streams import Stream, scene_stream
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.landcover import WorldRasters, raise_land_cover
from oemsar.simulate.world.landscape import draw_landscape
from oemsar.simulate.world.layout import plan

FORMAT = 1
"""Number of the scene's rules; a change of any pixel for the same options raises it."""


@dataclass(frozen=True)
class SimulatedScene:
    """A scene before its images are rendered.

    Attributes:
        geometry: Position of the scene and its grids.
        plan: streets, buildings and trees as planned.
        land_cover: the world on the canvas, with all its cars.
        still: the same without cars.
        acquisition: how the radar sees it.
        reflectors: rows and columns (canvas) of corner reflectors.
    """

    geometry: SceneGeometry
    plan: CanvasPlan
    land_cover: WorldRasters
    still: WorldRasters
    acquisition: Acquisition
    reflectors: NDArray[np.intp]


def build_scene(config: SceneConfig) -> SimulatedScene:
    """Draw the world of `config` and point the radar at it."""
    geometry = choose_geometry(config)
    region = geometry.region
    landscape = draw_landscape(
        region.character,
        geometry.shape,
        scene_stream(config, Stream.LANDSCAPE),
        gsd=config.gsd,
        relief=config.relief,
        scene=geometry.core,
    )
    suited = landscape.suited(config.gsd, scene_stream(config, Stream.USES))
    layout = plan(
        region, geometry.shape, scene_stream(config, Stream.PLAN), waters=landscape.waters, suited=suited
    )
    land_cover = raise_land_cover(layout, scene_stream(config, Stream.SURFACES), landscape.ground)
    acquisition = acquire(geometry, land_cover.ground, land_cover.top)
    still = with_cars(land_cover, 0, scene_stream(config, Stream.SURFACES))
    reflectors = place_reflectors(geometry, still, config.reflectors, scene_stream(config, Stream.REFLECTORS))
    return SimulatedScene(geometry, layout, land_cover, still, acquisition, reflectors)
