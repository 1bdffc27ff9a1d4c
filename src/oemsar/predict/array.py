"""Mapping an image in memory."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.disk import disk_errors
from oemsar.errors import InputError
from oemsar.inference.select import open_model
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage, mask_gaps, spread, subset_of
from oemsar.models.joint import JointSpec, Models, as_networks
from oemsar.predict.config import WindowConfig
from oemsar.predict.given import tell_of_missing
from oemsar.predict.mapping import MapLayers, map_windows
from oemsar.progress import Report, silent
from oemsar.raster.read import Extent


@dataclass(frozen=True, eq=False)
class ArrayMap:
    """Land cover map in memory.

    Attributes:
        classes: Class ids 1..8, 0 without data, uint8 (height, width).
        confidence: Probability of that class in percent, 0 without data, uint8 (height, width).
    """

    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _ArraySource:
    image: Imagery
    valid: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.valid.shape[0]), int(self.valid.shape[1])

    def read(self, extent: Extent) -> tuple[Imagery, NDArray[np.bool_]]:
        rows = slice(extent.row, extent.row + extent.height)
        columns = slice(extent.column, extent.column + extent.width)
        valid = self.valid[rows, columns]
        part: Imagery = self.image[:, rows, columns] * valid
        return part, valid


@dataclass(frozen=True, eq=False)
class _MaskedSource:
    image: MaskedImage
    spec: JointSpec

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.image.valid.shape[1]), int(self.image.valid.shape[2])

    def read(self, extent: Extent) -> tuple[MaskedImage, NDArray[np.bool_]]:
        rows = slice(extent.row, extent.row + extent.height)
        columns = slice(extent.column, extent.column + extent.width)
        valid = self.image.valid[:, rows, columns]
        return MaskedImage(self.image.pixels[:, rows, columns], valid), self.spec.mapped(valid)


def predict_array(
    model: Models,
    image: Imagery,
    *,
    valid: NDArray[np.bool_] | None = None,
    inputs: str | None = None,
    config: WindowConfig = WindowConfig(),
    report: Report = silent,
) -> ArrayMap:
    """Map an image in memory, with the windows and the blending of `predict_scene`.

    Args:
        model: Folder of a run or of a saved model, the name of a packaged model, or a network; or several,
            whose probabilities are averaged where they see enough of a pixel.
        image: Channels that the network sees, or several together, in their order, radar first, (channels,
            height, width): uint8 of radar and optical images; with other inputs float32, each in its own
            unit, NaN without data.
        valid: Pixels that carry data, (height, width); all by default. For a network of fusion `any`, or
            several of different inputs, also those of each input, (inputs, height, width): mapped is where
            any of them carries data that suffices.
        inputs: Inputs whose channels the image has, joined by a plus, for a network of fusion `any`; all by
            default.
        config: Windows and engine.
        report: Called after each window.

    Raises:
        InputError: The image is not of the type or the channels of the network, the network needs an input
            that is not given, or the model cannot be read.
        OutOfMemory: A window does not fit into the memory of the device.
        Failure: The network gives something other than probabilities in a window, whose position is named.
    """
    networks = as_networks(model)
    spec = JointSpec.of([network.spec for network in networks])
    given = (
        spec.modalities if inputs is None else subset_of(spec.modalities, inputs, any_subset=spec.takes_any)
    )
    spec.require_seen(given)
    kind = np.uint8 if given.are_bytes else np.float32
    if image.dtype != kind or image.ndim != 3 or image.shape[0] != given.channels:
        raise InputError(
            f"an array of {image.dtype} and shape {image.shape} is no image for this model; "
            f"give {np.dtype(kind)} of shape ({given.channels}, height, width)",
            option="image",
        )
    source = _source(image, valid, given, spec)
    with (
        TemporaryDirectory() as folder,
        disk_errors(Path(folder)),
        open_model(networks, **config.engine_options) as engine,
    ):
        map_windows(source, engine, Path(folder), config, report=report)
        layers = MapLayers.in_folder(Path(folder), source.shape)
        return ArrayMap(*(layer.read_rows(0, source.shape[0]).copy() for layer in layers.present))


def _source(
    image: Imagery, valid: NDArray[np.bool_] | None, given: Inputs, spec: JointSpec
) -> _ArraySource | _MaskedSource:
    """Make an image and the pixels that carry data ready to be read window by window."""
    size = image.shape[1:]
    shapes = (size, (len(given), *size)) if spec.takes_any else (size,)
    if valid is not None and valid.shape not in shapes:
        raise InputError(f"a mask of shape {valid.shape} does not fit an image of {size}", option="valid")
    if not spec.takes_any:
        return _ArraySource(image, np.ones(size, bool) if valid is None else valid)
    tell_of_missing(spec, given)
    known = mask_gaps(image, given)
    masked = spread(image, given, spec.modalities, known if valid is None else known & valid)
    return _MaskedSource(masked, spec)
