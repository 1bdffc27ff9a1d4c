"""The summary of a land cover map: its files, the ground of each class, and how it was made."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oemsar import legend
from oemsar.config_file import Value
from oemsar.inference.engine import Engine
from oemsar.polygons.run import ClassPolygons, class_polygons
from oemsar.polygons.source import confidence_path
from oemsar.predict.areas import class_hectares
from oemsar.predict.beside import FinishedMap
from oemsar.predict.config import PredictConfig
from oemsar.predict.given import subset_shares
from oemsar.predict.map_files import SHARES, inputs_path, raw_path, sets_path
from oemsar.predict.mapping import MapLayers
from oemsar.predict.radar_product import RadarScene
from oemsar.predict.scene import Scene
from oemsar.record import RunRecord, run_record


class ClassArea(Value):
    """Ground that a map gives to one class."""

    pixels: int
    """Number of pixels."""
    share: float
    """Share of the pixels that carry data, 0..1."""
    hectares: float | None
    """Area on the ellipsoid in hectares; None without a CRS and an affine."""


class SieveSummary(Value):
    """Patches below the smallest mapping unit, which were given to the class beside them."""

    square_metres: float
    """Smallest mapping unit on the ground."""
    patches_before: int
    """Number of smaller patches in the map as the network gave it."""
    patches_after: int
    """Number that is left, since they border on pixels without data alone."""


class PolygonSummary(Value):
    """Polygons of a map."""

    file: str
    """Path of the file of polygons."""
    number: int
    """Number of polygons."""
    points: int
    """Number of points of all polygons, those that neighbours share counted for each."""
    classes: dict[str, ClassPolygons]
    """Polygons of each class by its name."""


class LandCoverMap(Value):
    """Files and areas of a land cover map: the content of `MAP.json`."""

    format: Literal[1] = 1
    """Version of the format."""
    map: str
    """Path of the class map."""
    confidence: str
    """Path of the confidence in percent."""
    quicklook: str
    """Path of the quick look."""
    sets: str | None = None
    """Path of the prediction sets; None without them."""
    inputs: str | None = None
    """Path of the layer that tells which inputs carry data; None without it."""
    probabilities: str | None = None
    """Path of the probabilities of the classes; None without."""
    entropy: str | None = None
    """Path of the entropy of the probabilities; None without."""
    disagreement: str | None = None
    """Path of the disagreement of the models; None without."""
    raw: str | None = None
    """Path of the map as the network gave it; None where it was not sieved."""
    sieve: SieveSummary | None = None
    """Patches that were sieved; None where none were."""
    polygons: PolygonSummary | None = None
    """Polygons of the map; None without."""
    areas: str | None = None
    """Path of the table of areas; None without."""
    calibrated: bool = False
    """Whether the model brings a calibration, which the confidence went through."""
    georeferenced: bool
    """Whether the scene, and so the map, has a CRS and an affine."""
    georeferencing: str = ""
    """Georeferencing that the map takes over from the scene, in words; empty in maps of earlier versions."""
    radar_product: str | None = None
    """Kind of product that the radar image was taken for; None for bytes and without a radar image."""
    recognised_by: str = ""
    """What told the kind of product, in words; empty without one."""
    models: tuple[str, ...] = ()
    """Models whose probabilities were averaged, as they were given; empty in maps of earlier versions."""
    modalities: str
    """Imagery that the network sees, or several of them together."""
    engine: str
    """Engine that ran the network."""
    nodata_share: float
    """Share of the pixels without data, 0..1."""
    classes: dict[str, ClassArea]
    """Pixels and area of each class by its name."""
    subsets: dict[str, float] | None = None
    """Share of the mapped pixels, 0..1, by the inputs that carry data there; None for a model that needs all
    of its inputs, but with the layer of inputs."""
    record: RunRecord
    """Command, configuration and versions of the run."""


def class_areas(scene: Scene, layers: MapLayers, pixels: NDArray[np.int64]) -> dict[str, ClassArea]:
    """Measure the ground that a map gives to each class."""
    counts = [int(count) for count in pixels]
    found = class_hectares(layers.classes, scene.grid, counts)
    hectares: list[float | None] = [None] * len(counts) if found is None else [*found]
    return {
        name: ClassArea(pixels=count, share=count / sum(counts), hectares=area)
        for name, count, area in zip(legend.NAMES, counts, hectares, strict=True)
    }


def summarise(
    out: Path,
    config: PredictConfig,
    scene: Scene,
    *,
    models: tuple[str, ...],
    engine: Engine,
    radar: RadarScene,
    finished: FinishedMap,
    subsets: NDArray[np.int64],
) -> LandCoverMap:
    """Sum up a map and how it was made.

    Args:
        out: Map.
        config: Options of the map.
        scene: Images it was made from.
        models: Names of the models.
        engine: Network that made it.
        radar: Kind of the radar image, and what told it.
        finished: Layers of the map, complete, and what was made of them.
        subsets: Number of pixels of each subset of the inputs, as `MappedPixels` has them.
    """
    seen = engine.spec.modalities
    classes = class_areas(scene, finished.layers, finished.pixels)
    unused = {
        name
        for name in ("input_bands", "input_nodata", "inputs", "inputs_layer")
        if not getattr(config, name)
    }
    unused |= config.unrecorded
    options = config.model_dump(mode="json", exclude={"optical", "input", "engine", "device", *unused})
    return LandCoverMap(
        map=str(out),
        confidence=str(confidence_path(out)),
        quicklook=str(out.with_suffix(".png")),
        sets=None if config.sets is None else str(sets_path(out)),
        inputs=str(inputs_path(out)) if config.inputs_layer else None,
        **{name: str(layer.path(out)) if getattr(config, name) else None for name, layer in SHARES.items()},
        raw=None if finished.raw is None else str(raw_path(out)),
        sieve=_sieve(finished, config),
        polygons=_polygons(finished, config),
        areas=None if config.areas is None else str(config.areas),
        calibrated=engine.is_calibrated,
        georeferenced=scene.grid is not None and scene.grid.crs is not None,
        georeferencing=scene.georeference.in_words(),
        radar_product=radar.kind,
        recognised_by=radar.reason,
        models=models,
        modalities=str(seen),
        engine=engine.name,
        nodata_share=1 - sum(area.pixels for area in classes.values()) / (scene.shape[0] * scene.shape[1]),
        classes=classes,
        subsets=subset_shares(seen, subsets) if len(subsets) else None,
        record=run_record(options),
    )


def _sieve(finished: FinishedMap, config: PredictConfig) -> SieveSummary | None:
    if finished.sieved is None or config.min_area is None:
        return None
    return SieveSummary(
        square_metres=config.min_area,
        patches_before=finished.sieved.before,
        patches_after=finished.sieved.after,
    )


def _polygons(finished: FinishedMap, config: PredictConfig) -> PolygonSummary | None:
    made = finished.polygons
    if made is None or config.polygons is None:
        return None
    return PolygonSummary(
        file=str(config.polygons),
        number=sum(made.polygons.values()),
        points=made.points,
        classes=class_polygons(made),
    )
