"""What a map is made of and by what, checked before anything is written."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.files import require_writable
from oemsar.folders import require_apart
from oemsar.inputs import Inputs
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
from oemsar.predict.beside import (
    beside_files,
    require_distinct,
    require_own_beside,
)
from oemsar.predict.config import PredictConfig
from oemsar.predict.given import given_inputs
from oemsar.predict.map_files import SHARES, map_files, require_own_files
from oemsar.predict.mapping import (
    FurtherLayers,
)
from oemsar.predict.measured import images_beside, measured_files, treatments
from oemsar.predict.radar_product import RadarScene, radar_scene
from oemsar.predict.scene import Scene, open_scene
from oemsar.predict.stac import item_files, require_own_items
from oemsar.predict.state import MapInputs, model_state
from oemsar.raster.read import files_of

_BITS = 8
"""Bits of a byte: most inputs that the layer of inputs tells apart."""


class Order(NamedTuple):
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


def order_map(model: Models, scene: Path, out: Path, config: PredictConfig) -> Order:
    """Load the networks and check that they, the images and the outputs go together.

    Args:
        model: Model, or several.
        scene: File or folder of the scene.
        out: Map to write.
        config: Options of the map.

    Raises:
        InputError: They do not go together; nothing was written.
    """
    _require_name(out)
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
    return Order(networks, names, spec, given, further, radar, image, inputs)


def open_order(order: Order, config: PredictConfig) -> AbstractContextManager[Scene]:
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
