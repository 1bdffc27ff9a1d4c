"""Scenes for networks that need not see all of them: what is given, and where it carries data."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage, spread, subset_by_number, subset_of
from oemsar.models.joint import JointSpec
from oemsar.predict.config import PredictConfig
from oemsar.predict.measured import images_beside
from oemsar.predict.scene import Scene
from oemsar.raster.read import Extent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SubsetScene:
    """Scene of some inputs as a network sees it that takes any subset of its own, or as several do.

    Attributes:
        scene: Scene of the inputs that are given.
        spec: Inputs of the networks.
    """

    scene: Scene
    spec: JointSpec

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.scene.shape

    def read(self, extent: Extent) -> tuple[MaskedImage, NDArray[np.bool_]]:
        """Read all channels of the networks, and the pixels to map: those that one sees enough of."""
        pixels, valid = self.scene.read_each(extent)
        image = spread(pixels, self.scene.modalities, self.spec.modalities, valid)
        return image, self.spec.mapped(image.valid)


def given_inputs(spec: JointSpec, config: PredictConfig) -> Inputs:
    """Find the inputs of networks that a scene and the images beside it give.

    These are all for networks that need all of the same; otherwise those that `config.inputs` names, or else
    the first and those of the images beside the scene.

    Args:
        spec: Inputs of the networks.
        config: Images beside the scene.

    Raises:
        InputError: No network sees an input that is named or given, or one needs another; or an image is
            given that is not named.
    """
    beside = images_beside(config)
    named = None
    if config.inputs is not None:
        named = subset_of(spec.modalities, config.inputs, any_subset=spec.takes_any)
    if not spec.takes_any:
        return spec.modalities
    for name in beside:
        option = "optical" if name == "optical" and config.optical is not None else "input"
        if name not in spec.modalities:
            raise InputError(f"the model sees {spec.modalities}, no {name}; leave it out", option=option)
        if name == (named or spec.modalities).names[0]:
            raise InputError(f"the scene itself is the {name} image; leave it out", option=option)
        if named is not None and name not in named:
            raise InputError(
                f"an image of {name} is given beside the scene, and not named with {named}; name it, too, or "
                "leave it out",
                option=("inputs", option),
            )
    if named is None:
        names = (spec.modalities.names[0], *beside)
        named = Inputs(tuple(part for part in spec.modalities if part.name in names))
    spec.require_seen(named)
    tell_of_missing(spec, named)
    return named


def tell_of_missing(spec: JointSpec, given: Inputs) -> None:
    """Log which inputs of each network are not given, of several under their names."""
    for name, inputs in dict(
        zip(spec.known_as, (each.modalities for each in spec.specs), strict=True)
    ).items():
        missing = [part for part in inputs.names if part not in given]
        if missing:
            seen = [part for part in inputs if part.name in given]
            log.info(
                "%s sees %s and is given %s: it maps without %s",
                *(name, inputs, Inputs(tuple(seen)), " and ".join(missing)),
            )


def subset_shares(inputs: Inputs, pixels: NDArray[np.int64]) -> dict[str, float]:
    """Compute the share of the mapped pixels that each subset of inputs carries data at, by its names.

    Args:
        inputs: Inputs of the network.
        pixels: Number of pixels of each subset, as `MaskedImage.subsets` numbers them; those of none, the
            first, are not mapped.
    """
    mapped = max(1, int(pixels[1:].sum()))
    return {
        "+".join(subset_by_number(inputs, number).names): count / mapped
        for number, count in enumerate(pixels.tolist())
        if number and count
    }
