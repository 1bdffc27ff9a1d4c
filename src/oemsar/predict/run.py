"""The land cover map of a whole scene on disk."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import Failure, InputError
from oemsar.files import require_writable
from oemsar.folders import require_apart
from oemsar.inference.engine import Engine
from oemsar.inference.select import open_model
from oemsar.inputs import Inputs
from oemsar.locks import holds_output, output_lock
from oemsar.models.joint import (
    JointSpec,
    Models,
    as_models,
    as_networks,
    files_of_models,
    names_of_models,
)
from oemsar.models.network import LandCoverNetwork
from oemsar.models.prediction_sets import thresholds_of
from oemsar.models.saved import model_files
from oemsar.predict.beside import (
    beside_files,
    finish_map,
    require_distinct,
    require_ground,
    require_own_beside,
)
from oemsar.predict.config import PredictConfig
from oemsar.predict.given import SubsetScene, given_inputs
from oemsar.predict.map_files import SHARES, held_files, map_files, require_own_files
from oemsar.predict.mapping import (
    NOTHING,
    FurtherLayers,
    MapLayers,
    MappedPixels,
    map_windows,
)
from oemsar.predict.measured import images_beside, measured_files, treatments
from oemsar.predict.publish import publish_map
from oemsar.predict.radar_product import RadarScene, radar_scene
from oemsar.predict.scene import Scene, open_scene
from oemsar.predict.stac import item_files, require_own_items, write_items
from oemsar.predict.stac_model import ModelFiles
from oemsar.predict.state import MapIdentity, MapInputs, ResumableMap, model_state
from oemsar.predict.summary import LandCoverMap, summarise
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.read import files_of

_BITS = 8
"""Bits of a byte: most inputs that the layer of inputs tells apart."""


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
    _require_name(out)
    order = _order(model, scene, out, config)
    with output_lock(*beside_files(out, config)), gdal_cache(), _opened(order, config) as opened:
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


class _Order(NamedTuple):
    """What is to be mapped and by what, checked before anything is written.

    Attributes:
        networks: Networks whose probabilities are averaged.
        names: Their names.
        spec: What they see together.
        given: Inputs that they are given.
        further: Layers beside classes and confidence.
        radar: The radar scene, with its product where it is one.
        image: File of the scene.
        inputs: State of all files that decide the map.
    """

    networks: tuple[LandCoverNetwork, ...]
    names: tuple[str, ...]
    spec: JointSpec
    given: Inputs
    further: FurtherLayers
    radar: RadarScene
    image: Path
    inputs: MapInputs

    def state(self, model: Models, config: PredictConfig) -> MapInputs:
        """Look again at the files that decide the map."""
        return MapInputs.of(model_state(model), self.image, images_beside(config), self.radar.product)


def _order(model: Models, scene: Path, out: Path, config: PredictConfig) -> _Order:
    """Load the networks and check that they, the images and the outputs go together.

    Raises:
        InputError: They do not.
    """
    weights, networks, names = model_state(model), as_networks(model), names_of_models(model)
    spec = JointSpec.of([network.spec for network in networks], names)
    given = given_inputs(spec, config)
    thresholds = thresholds_of(networks, config.sets, config.flips, config.scales)
    further = _further(spec, thresholds, config, len(networks))
    radar = _radar(scene, given, config)
    product = radar.product
    image, beside = (scene, [scene]) if product is None else (product.path, [scene, *product.metadata])
    _require_apart(model, image, out, config, beside)
    inputs = MapInputs.of(weights, image, images_beside(config), product)
    return _Order(networks, names, spec, given, further, radar, image, inputs)


def _model_files(models: Models, networks: Sequence[LandCoverNetwork]) -> list[ModelFiles]:
    """Describe models for their STAC items."""
    return [
        ModelFiles(name, network.spec, tuple(model_files(model)))
        for name, model, network in zip(names_of_models(models), as_models(models), networks, strict=True)
    ]


def _opened(order: _Order, config: PredictConfig) -> AbstractContextManager[Scene]:
    """Open the images that networks are given together, treated as the options say."""
    return open_scene(
        order.image,
        config.orthophoto,
        order.given,
        treatments(config),
        order.radar.product,
        further=measured_files(config),
        gaps_are_known=order.spec.all_take_any,
    )


def _map(
    scene: Scene,
    order: _Order,
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


def _further(
    spec: JointSpec, thresholds: NDArray[np.float32] | None, config: PredictConfig, networks: int
) -> FurtherLayers:
    """Tell which layers are wanted beside classes and confidence.

    Raises:
        InputError: They cannot be had of these networks.
    """
    if config.disagreement and networks < 2:
        raise InputError(
            "one model cannot disagree with itself; give several, or leave it out", option="disagreement"
        )
    return FurtherLayers(
        thresholds,
        _maps_inputs(spec, config),
        probabilities=config.probabilities,
        entropy=config.entropy,
        disagreement=config.disagreement,
    )


def _sieved_layers(config: PredictConfig) -> int:
    """Count the layers that a map has twice, raw and sieved."""
    return 0 if config.min_area is None else 2


def _maps_inputs(spec: JointSpec, config: PredictConfig) -> bool:
    """Tell whether the layer of inputs is wanted.

    Raises:
        InputError: There are more inputs than a byte has bits.
    """
    if config.inputs_layer and len(spec.modalities) > _BITS:
        raise InputError(
            f"the model sees {len(spec.modalities)} inputs, and the layer has {_BITS} bits; leave it out",
            option="inputs_layer",
        )
    return config.inputs_layer


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


def _require_name(out: Path) -> None:
    """Check that the name of the map is that of a GeoTIFF."""
    if out.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"{out} must end in .tif: the map is a GeoTIFF", option="out")
    if out.is_dir():
        raise InputError(f"{out} is a folder; give the name of the map to write", option="out")


def _require_apart(
    model: Models, scene: Path, out: Path, config: PredictConfig, beside: Sequence[Path]
) -> None:
    """Check that none of the files of the map is an input, and that they can be written."""
    read = [file for image in (scene, *images_beside(config).values()) for file in files_of(image)]
    items = len(as_models(model)) if config.stac else 0
    further = [*beside_files(out, config), *(item_files(out, items) if items else [])]
    require_apart([*map_files(out), *further], [*read, *beside, *files_of_models(model)])
    require_distinct(further, map_files(out))
    require_own_files(
        out,
        sets=config.sets is not None,
        inputs=config.inputs_layer,
        raw=config.min_area is not None,
        shares=[name for name in SHARES if getattr(config, name)],
    )
    require_own_beside(config)
    if items:
        require_own_items(out, items)
    for file in further:
        require_writable(file.parent)
    require_writable(out.parent)


def _radar(scene: Path, inputs: Inputs, config: PredictConfig) -> RadarScene:
    """Recognise the radar scene of a network that is given radar.

    Raises:
        InputError: The radar image is unreadable or not of the kind named.
    """
    if inputs.parts[0].kind != "radar" or inputs.parts[0].channels > 1:
        if config.product is not None:
            sees = "optical only" if str(inputs) == "optical" else str(inputs)
            raise InputError(f"the model sees {sees}; name no radar product", option="product")
        return RadarScene()
    return radar_scene(scene, config.product, config.bands)
