"""The land cover map of a whole scene on disk."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import oemsar
from oemsar import legend
from oemsar.config_file import read_json
from oemsar.errors import Failure, InputError
from oemsar.files import require_writable, write_json
from oemsar.folders import require_apart
from oemsar.inference.engine import Engine
from oemsar.inference.select import open_model
from oemsar.inputs import Inputs
from oemsar.locks import holds_output
from oemsar.models.joint import JointSpec, Models, as_networks, files_of_models, names_of_models
from oemsar.models.prediction_sets import thresholds_of
from oemsar.predict.config import PredictConfig
from oemsar.predict.given import SubsetScene, given_inputs
from oemsar.predict.map_files import (
    CONFIDENCE,
    SETS,
    confidence_path,
    held_files,
    map_files,
    require_own_files,
    sets_path,
)
from oemsar.predict.mapping import NOTHING, MapLayers, MappedPixels, WindowSource, map_windows
from oemsar.predict.measured import images_beside, measured_files, treatments
from oemsar.predict.quicklook import write_quicklook
from oemsar.predict.radar_product import RadarScene, radar_scene
from oemsar.predict.scene import Scene, open_scene
from oemsar.predict.state import MapIdentity, MapInputs, ResumableMap, model_state
from oemsar.predict.summary import LandCoverMap, class_areas, summarise
from oemsar.products.reader import OpenedProduct
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, cog_files, publish_cog
from oemsar.raster.read import files_of


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

    Write `out` (class ids 1..8, uint8, 0 = no data), beside it `_confidence.tif` (percent, uint8, 0 = no
    data), `.png` (a quick look with the legend) and `.json` (the summary); with `config.sets` also
    `_sets.tif` (number of classes in the prediction set, and their bits, uint8, 0 = no data). Memory is that
    of a few windows. Killed and called again with the same arguments it goes on, to the same bytes.

    Args:
        model: Folder of a run or of a saved model, or a network; or several, whose probabilities are averaged
            where they see enough of a pixel.
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
    weights, networks = model_state(model), as_networks(model)
    spec = JointSpec.of([network.spec for network in networks])
    given = given_inputs(spec, config)
    thresholds = thresholds_of(networks, config.sets)
    radar = _radar(scene, given, config)
    product = radar.product
    beside = [scene] if product is None else [scene, *product.metadata]
    scene = scene if product is None else product.path
    _require_apart(model, scene, out, config, beside)
    beside_scene = images_beside(config)
    inputs = MapInputs.of(weights, scene, beside_scene, product)
    with gdal_cache(), _opened(scene, given, spec.all_take_any, config, product) as opened:
        with open_model(networks, **config.engine_options) as engine:
            resumable = ResumableMap(out, MapIdentity.of(inputs, engine.name, config))
            seen = SubsetScene(opened, spec) if spec.takes_any else opened
            mapped = _map(seen, engine, resumable, config, thresholds=thresholds, report=report)
        _require_data(mapped.classes, scene, resumable)
        later = MapInputs.of(model_state(model), scene, beside_scene, product)
        _require_unchanged(inputs, later, resumable)
        layers = MapLayers.in_folder(resumable.folder, opened.shape, sets=thresholds is not None)
        classes = class_areas(opened, layers, mapped.classes)
        summary = summarise(
            out,
            config,
            opened,
            models=names_of_models(model),
            engine=engine,
            radar=radar,
            classes=classes,
            subsets=mapped.subsets,
        )
        with resumable.working(opened.shape, len(layers.present)):
            _publish(out, scene, opened, layers, summary)
        resumable.remove()
    return summary


def _opened(
    scene: Path, given: Inputs, gaps_are_known: bool, config: PredictConfig, product: OpenedProduct | None
) -> AbstractContextManager[Scene]:
    """Open the images that networks are given together, treated as the options say."""
    return open_scene(
        scene,
        config.orthophoto,
        given,
        treatments(config),
        product,
        further=measured_files(config),
        gaps_are_known=gaps_are_known,
    )


def _map(
    scene: WindowSource,
    engine: Engine,
    resumable: ResumableMap,
    config: PredictConfig,
    *,
    thresholds: NDArray[np.float32] | None,
    report: Report,
) -> MappedPixels:
    """Map the windows that are not on disk yet; returns the mapped pixels."""
    layers = 2 if thresholds is None else 4
    begun = resumable.checkpoint or NOTHING
    with resumable.working(scene.shape, layers):
        return map_windows(
            scene,
            engine,
            resumable.folder,
            config,
            thresholds=thresholds,
            begun=begun,
            save=resumable.save,
            report=report,
        )


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
    require_apart(map_files(out), [*read, *beside, *files_of_models(model)])
    require_own_files(out, sets=config.sets is not None)
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


def _publish(out: Path, image: Path, scene: Scene, layers: MapLayers, summary: LandCoverMap) -> None:
    tags = {"SOFTWARE": f"oemsar {oemsar.__version__}"}
    percent = Layer(nodata=0, tags=tags, description=CONFIDENCE)
    publish_cog([layers.confidence], confidence_path(out), scene.georeference, percent)
    earlier_sets = _made_sets(out)
    if layers.set_sizes is not None and layers.set_members is not None:
        sets = Layer(nodata=0, labels=True, tags=tags, bands=SETS)
        publish_cog([layers.set_sizes, layers.set_members], sets_path(out), scene.georeference, sets)
    elif earlier_sets:
        for file in cog_files(sets_path(out)):
            file.unlink(missing_ok=True)
    land_cover = Layer(
        nodata=legend.UNKNOWN.id,
        palette=legend.palette(),
        categories=legend.category_names(),
        tags=tags,
        description="land cover",
    )
    write_json(out.with_suffix(".json"), summary.model_dump(mode="json"))
    publish_cog([layers.classes], out, scene.georeference, land_cover)
    write_quicklook(out, image, out.with_suffix(".png"), scene.bands)


def _made_sets(out: Path) -> bool:
    """Tell whether an earlier map of this name has prediction sets, which would be taken for this one's."""
    try:
        earlier = read_json(out.with_suffix(".json"), LandCoverMap, "summary of a map")
    except InputError:
        return False
    return earlier.sets is not None
