"""What is made of a map once its windows are complete: sieved layers, polygons, the table of areas."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oemsar import legend
from oemsar.errors import InputError
from oemsar.folders import require_own
from oemsar.geometry.ground import pixel_areas
from oemsar.polygons.features import Written, feature_files
from oemsar.polygons.run import require_own_polygons, write_polygons
from oemsar.polygons.sieve import Sieved, sieve
from oemsar.polygons.stream import strips
from oemsar.predict.area_table import is_area_table
from oemsar.predict.config import PredictConfig
from oemsar.predict.mapping import MapLayers
from oemsar.predict.scene import Scene
from oemsar.progress import Report, silent
from oemsar.qgis_style import is_style, style_path
from oemsar.raster.raw_raster import RawRaster


@dataclass(frozen=True, eq=False)
class FinishedMap:
    """A map and what was made of it.

    Attributes:
        layers: Layers of the map, sieved where that was asked for.
        pixels: Number of pixels of each class, in legend order.
        raw: Classes and confidence as the network gave them, where the map was sieved.
        sieved: Patches below the smallest mapping unit, where the map was sieved.
        polygons: Polygons that were written; None without.
    """

    layers: MapLayers
    pixels: NDArray[np.int64]
    raw: tuple[RawRaster, RawRaster] | None = None
    sieved: Sieved | None = None
    polygons: Written | None = None


def beside_files(out: Path, config: PredictConfig) -> list[Path]:
    """List the files beside a map that its options name, and those that belong to them."""
    if config.polygons is None:
        return [] if config.areas is None else [config.areas]
    style = style_path(config.polygons)
    of_map = style == style_path(out)
    tables = [] if config.areas is None else [config.areas]
    return [*feature_files(config.polygons), *([] if of_map else [style]), *tables]


def require_distinct(files: list[Path], others: list[Path]) -> None:
    """Check that no file beside a map has the name of another file of the map.

    Raises:
        InputError: One has.
    """
    names = {path.absolute() for path in others}
    for file in files:
        if file.absolute() in names or files.count(file) > 1:
            raise InputError(
                f"{file} would be written twice; choose another name", option=("polygons", "areas")
            )


def require_own_beside(config: PredictConfig) -> None:
    """Check that what lies under the names of files beside a map was written by this program.

    Raises:
        InputError: One of them is of another origin.
    """
    if config.polygons is not None:
        require_own_polygons(config.polygons)
        require_own([style_path(config.polygons)], is_style, "a style of this program")
    if config.areas is not None:
        require_own([config.areas], is_area_table, "a table of areas")


def require_ground(scene: Scene, config: PredictConfig) -> None:
    """Check that the map of a scene lies where polygons and square metres can be had.

    Raises:
        InputError: It has no CRS and affine, or does not lie on the earth.
    """
    placed = scene.grid is not None and scene.grid.crs is not None
    if config.polygons is not None and not placed:
        raise InputError(
            "the scene has no CRS and affine, so that polygons would lie nowhere; leave them out",
            option="polygons",
        )
    if config.stac and not placed:
        raise InputError(
            "the scene has no CRS and affine, so that its map has no STAC item; leave it out", option="stac"
        )
    if config.min_area is not None and (scene.grid is None or pixel_areas(scene.grid) is None):
        raise InputError(
            "the scene does not tell where on the earth it lies, so that its pixels have no square metres; "
            "leave the smallest mapping unit out",
            option="min_area",
        )


def finish_map(
    layers: MapLayers,
    pixels: NDArray[np.int64],
    scene: Scene,
    folder: Path,
    *,
    config: PredictConfig,
    report: Report = silent,
) -> FinishedMap:
    """Sieve the layers of a map and write its polygons, as the options say.

    Args:
        layers: Layers as the network gave them, complete; they stay as they are.
        pixels: Number of their pixels of each class.
        scene: Scene of the map.
        folder: Folder for the sieved layers.
        config: Options of the map.
        report: Called with the rows done and in all, for each reading of the map anew.
    """
    finished = FinishedMap(layers, pixels)
    if config.min_area is not None and scene.grid is not None:
        classes = _copied(layers.classes, folder / "sieved.raw")
        found = sieve(classes, pixel_areas(scene.grid), config.min_area, report)
        confidence = RawRaster(folder / "sieved_confidence.raw", classes.shape, np.uint8)
        counts = np.zeros(legend.NUM_CLASSES + 1, np.int64)
        for row, height in strips(classes.shape):
            ids = classes.read_rows(row, height)
            kept = ids == layers.classes.read_rows(row, height)
            confidence.write_rows(row, layers.confidence.read_rows(row, height) * kept)
            counts += np.bincount(ids.ravel(), minlength=counts.size)
        finished = FinishedMap(
            layers._replace(classes=classes, confidence=confidence),
            counts[1:],
            (layers.classes, layers.confidence),
            found,
        )
    if config.polygons is None or scene.grid is None:
        return finished
    final = finished.layers
    made = write_polygons(
        config.polygons, final.classes, final.confidence, scene.grid, config.outlines, report=report
    )
    return FinishedMap(final, finished.pixels, finished.raw, finished.sieved, made)


def _copied(source: RawRaster, path: Path) -> RawRaster:
    target = RawRaster(path, source.shape, source.dtype)
    for row, height in strips(source.shape):
        target.write_rows(row, source.read_rows(row, height))
    return target
