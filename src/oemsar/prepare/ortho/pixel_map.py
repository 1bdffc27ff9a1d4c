"""The map from the pixels of a grid on the ground to those of a radar scene, through the terrain."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.arrays import Doubles
from oemsar.geometry.datum import Datum, DemVoid
from oemsar.geometry.heights import GEOGRAPHIC, Heights, HeightsOn
from oemsar.geometry.look import Look
from oemsar.geometry.mapping import PixelMap, affine_map, centre_affine, crs_of, projection
from oemsar.geometry.open_heights import open_heights
from oemsar.geometry.sensor import SensorModel, sensor_of
from oemsar.geometry.smooth import smoothly
from oemsar.raster.read import open_raster


@dataclass(frozen=True, eq=False)
class OrthoMap:
    """A `PixelMap` from the pixels of a grid to those of a scene: ground, its height, sensor model.

    Attributes:
        to_ground: Map from column and row of the grid to coordinates of its CRS.
        to_lonlat: Map from coordinates of the grid's CRS to longitude and latitude.
        heights: Heights above the ellipsoid by coordinates of the grid's CRS, metres.
        model: Sensor model of the scene.
        files: Open files, closed at the end of a `with` block, or with the last reference.
    """

    to_ground: PixelMap
    to_lonlat: PixelMap
    heights: HeightsOn
    model: SensorModel
    files: ExitStack

    @classmethod
    def from_grid(cls, grid: GeoBox, heights: Heights, model: SensorModel) -> Self:
        """Make the map from the pixels of a grid to those of a scene with a sensor model.

        Raises:
            ValueError: The grid has no CRS.
        """
        crs = crs_of(grid)
        return cls(
            affine_map(centre_affine(grid)),
            smoothly(projection(crs, GEOGRAPHIC), 1e-9),  # degrees: a tenth of a millimetre
            heights.on(crs),
            model,
            ExitStack(),
        )

    def __call__(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Locate pixels of the grid in the scene, column and row, centres at integers; NaN without height."""
        east, north = self.to_ground(x, y)
        line, sample = self.model.to_image(*self.to_lonlat(east, north), self.heights.at(east, north))
        return sample, line

    def lost(self, x: Doubles, y: Doubles, shape: tuple[int, int], height: float) -> int:
        """Count the pixels of the grid that have no height but would lie in the scene, if at `height`.

        Args:
            x: Columns of the grid, any shape.
            y: Rows of the grid, the same shape.
            shape: Rows and columns of the scene.
            height: Height of the terrain around, metres above the ellipsoid.
        """
        east, north = self.to_ground(x, y)
        holes = np.isnan(self.heights.at(east, north))
        lon, lat = self.to_lonlat(east[holes], north[holes])
        line, sample = self.model.to_image(lon, lat, np.full(lon.shape, height))
        with np.errstate(invalid="ignore"):
            inside = (np.abs(line * 2 + 1 - shape[0]) < shape[0]) & (
                np.abs(sample * 2 + 1 - shape[1]) < shape[1]
            )
        return int(inside.sum())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.files.close()


def ortho_mapping(
    scene: Path,
    grid: GeoBox,
    dem: Path,
    *,
    datum: Datum | None = None,
    geoid: Path | None = None,
    look: Look | None = None,
    projection_height: float | None = None,
    void: DemVoid = "refuse",
) -> OrthoMap:
    """Open the map from the pixels of a grid to those of a scene, over the terrain of an elevation model.

    The elevation model is read block by block as heights are needed; the map may be used as a context manager
    that closes it.

    Args:
        scene: Radar image with an RPC, or with an affine and its look.
        grid: Grid of the result, with a CRS.
        dem: Elevation model.
        datum: Vertical datum of an elevation model that does not state one.
        geoid: Geoid undulations, for heights above the sea.
        look: Look of a scene without RPC; None to read it from its tags.
        projection_height: Projection height of a scene without RPC; None to read it from its tags.
        void: `refuse` gives voids of the model no height, `sea` that of the geoid.

    Raises:
        InputError: The scene says too little about its geometry, or the model about its heights.
    """
    with open_raster(scene) as dataset:
        model = sensor_of(dataset, look, projection_height)
    heights = open_heights(dem, datum, geoid, void)
    mapping = OrthoMap.from_grid(grid, heights, model)
    mapping.files.push(heights)
    return mapping
