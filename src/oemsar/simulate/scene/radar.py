"""The radar images of a scene: 8-bit amplitude with speckle, placed by the exact sensor model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.simulate.noise import Raster
from oemsar.simulate.render.focus import accumulate, subdivided
from oemsar.simulate.render.sar import Echoes, add_stray, digitise, gather_echoes
from oemsar.simulate.scene.changes import with_cars
from oemsar.simulate.scene.reflectors import PEAK_LEVEL, point_response
from oemsar.simulate.scene.streams import Stream, scene_stream
from oemsar.simulate.scene.world import SimulatedScene
from oemsar.simulate.sensor.radar_grid import CubicMap

CARS = 0.65
"""Share of the cars of the world that are there at each of the two acquisitions."""


def receive(scene: SimulatedScene) -> list[Echoes]:
    """Collect everything the radar sees in one pass, as scatterers at canvas rows and columns."""
    geometry = scene.geometry
    rng = scene_stream(geometry.config, Stream.PASS)
    world = with_cars(scene.land_cover, CARS, rng)
    surface, *points = gather_echoes(world, geometry.region, rng, geometry.reach)
    return [*subdivided(surface, world.ground, geometry.region.look_azimuth, geometry.config.gsd), *points]


def focus(
    scene: SimulatedScene,
    echoes: Sequence[Echoes],
    to_image: CubicMap,
    shape: tuple[int, int],
    speckle: Stream,
) -> NDArray[np.uint8]:
    """Focus scatterers into an 8-bit image, with speckle and the corner reflectors.

    Args:
        scene: Simulated scene.
        echoes: Scatterers, as `receive` gives them.
        to_image: Column and row of the image for easting, northing and ellipsoidal height.
        shape: Rows and columns of the image.
        speckle: Random stream of the speckle.
    """
    geometry = scene.geometry

    def where(columns: Doubles, rows: Doubles, heights: Doubles) -> tuple[Doubles, Doubles]:
        return to_image(*geometry.on_map(columns, rows), heights + geometry.base)

    power = np.zeros((shape[0] + 2) * (shape[1] + 2))
    for each in echoes:
        accumulate(each, where, shape, power)
    intensity = power.reshape(shape[0] + 2, shape[1] + 2)[1:-1, 1:-1].astype(np.float32)
    del power
    intensity = add_stray(intensity, geometry.config.gsd)
    bright: Raster | None = None
    if len(scene.reflectors):
        rows, columns = scene.reflectors.T
        height = scene.land_cover.ground[rows, columns].astype(np.float64)
        column, row = where(columns.astype(np.float64), rows.astype(np.float64), height)
        peak = ((PEAK_LEVEL - geometry.region.radar_offset) / geometry.region.radar_gain) ** 2
        bright = point_response(column.tolist(), row.tolist(), peak, shape)
    return digitise(intensity, geometry.region, scene_stream(geometry.config, speckle), bright)
