"""The land cover map of a whole scene on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import Failure, InputError
from oemsar.inference.engine import Engine
from oemsar.inference.select import open_model
from oemsar.locks import holds_output, output_lock
from oemsar.models.joint import (
    Models,
    as_models,
    names_of_models,
)
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import model_files
from oemsar.predict.beside import (
    beside_files,
    finish_map,
    require_ground,
)
from oemsar.predict.config import PredictConfig
from oemsar.predict.given import SubsetScene
from oemsar.predict.map_files import held_files
from oemsar.predict.mapping import (
    NOTHING,
    MapLayers,
    MappedPixels,
    map_windows,
)
from oemsar.predict.order import Order, open_order, order_map
from oemsar.predict.publish import publish_map
from oemsar.predict.scene import Scene
from oemsar.predict.stac import write_items
from oemsar.predict.stac_model import ModelFiles
from oemsar.predict.state import MapIdentity, MapInputs, ResumableMap
from oemsar.predict.summary import LandCoverMap, summarise
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache


@holds_output(held_files)
def predict_scene(
    model: Models,
    scene: Path,
    out: Path,
    *,
    config: PredictConfig = PredictConfig(),
    report: Report = silent,
) -> LandCoverMap:
    """Map a scene of any size on its own grid.

    Write `out` (class ids 1..8, uint8, 0 = no data) and beside it `_confidence.tif` (percent, uint8, 0 = no
    data), `.png` (a quick look with the legend), `.json` (the summary) and the layers, polygons and tables
    that `config` names. Memory is that of a few windows, and of the polygons that are not complete. Killed
    and called again with the same arguments it goes on, to the same bytes.

    Args:
        model: Folder of a run or of a saved model, the name of a packaged model, or a network; or several,
            whose probabilities are averaged where they see enough of a pixel.
        scene: Image of the first input that a network sees, or of the first of `config.inputs`: radar image
            or folder of a radar product where one sees radar, else orthophoto or the file of another input.
        out: Map to write, ending in `.tif`.
        config: Images beside the scene, windows, engine, and how values are read.
        report: Called after each window.

    Raises:
        InputError: The model or an image is not as it must be, an output is an input, or no pixel carries
            data.
        Failure: An input changed meanwhile.
        DiskFull: The disk is full.
        Failure: The network gives something other than probabilities in a window, whose position is named.
        OutOfMemory: A window does not fit into the memory of the device.
    """
    order = order_map(model, scene, out, config)
    with output_lock(*beside_files(out, config)), gdal_cache(), open_order(order, config) as opened:
        require_ground(opened, config)
        with open_model(order.networks, names=order.names, **config.engine_options) as engine:
            resumable = ResumableMap(out, MapIdentity.of(order.inputs, engine.name, config))
            mapped = _map(opened, order, engine, resumable, config, report=report)
        _require_data(mapped.classes, order.image, resumable)
        _require_unchanged(order.inputs, order.state(model, config), resumable)
        layers = MapLayers.in_folder(resumable.folder, opened.shape, order.further)
        with resumable.working(opened.shape, len(layers.present) + _sieved_layers(config)):
            made = finish_map(layers, mapped.classes, opened, resumable.folder, config=config, report=report)
            summary = summarise(
                out,
                config,
                opened,
                models=order.names,
                engine=engine,
                radar=order.radar,
                finished=made,
                subsets=mapped.subsets,
            )
            seen = order.spec.modalities
            publish_map(made.layers, summary, out, image=order.image, scene=opened, inputs=seen, raw=made.raw)
        if opened.grid is not None and config.stac:
            write_items(out, summary, opened.grid, _model_files(model, order.networks))
        resumable.remove()
    return summary


def _model_files(models: Models, networks: Sequence[LandCoverNetwork]) -> list[ModelFiles]:
    """Describe models for their STAC items."""
    return [
        ModelFiles(name, network.spec, tuple(model_files(model)))
        for name, model, network in zip(names_of_models(models), as_models(models), networks, strict=True)
    ]


def _map(
    scene: Scene,
    order: Order,
    engine: Engine,
    resumable: ResumableMap,
    config: PredictConfig,
    *,
    report: Report,
) -> MappedPixels:
    """Map the windows that are not on disk yet; returns the mapped pixels."""
    begun = resumable.checkpoint or NOTHING
    spec, further = order.spec, order.further
    with resumable.working(scene.shape, 2 + further.number + _sieved_layers(config)):
        return map_windows(
            SubsetScene(scene, spec) if spec.takes_any or further.inputs else scene,
            engine,
            resumable.folder,
            config,
            further=further,
            begun=begun,
            save=resumable.save,
            report=report,
        )


def _sieved_layers(config: PredictConfig) -> int:
    """Count the layers that a map has twice, raw and sieved."""
    return 0 if config.min_area is None else 2


def _require_data(pixels: NDArray[np.int64], scene: Path, resumable: ResumableMap) -> None:
    """Check that any pixel was mapped."""
    if not pixels.any():
        resumable.remove()
        raise InputError(f"{scene} holds no data: every pixel is nodata, so there is nothing to map")


def _require_unchanged(inputs: MapInputs, later: MapInputs, resumable: ResumableMap) -> None:
    """Check that the inputs are those that the map began with; what was made of others is thrown away."""
    if (changed := inputs.changed(later)) is not None:
        resumable.remove()
        raise Failure(f"{changed} changed while the map was being made; run the same command again")
