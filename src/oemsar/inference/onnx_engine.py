"""Inference with onnxruntime: networks of any origin, their classes brought to the legend of this project."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.errors import InputError
from oemsar.inference.config import OWN_SIZE
from oemsar.inference.engine import Axes, NetworkEngine, PendingProbabilities
from oemsar.legend import NUM_CLASSES
from oemsar.masked import MaskedImage
from oemsar.models.described_onnx import OnnxModel
from oemsar.models.foreign_legend import channels_of

_TOLERANCE = 0.02
"""Largest difference from 1 of the sum of what a network gives as probabilities."""
_NOTHING = 1e-6
"""Probability of all eight classes together below which a pixel is taken for background alone."""


class OnnxEngine(NetworkEngine):
    """One worker thread that runs an ONNX file on the CPU."""

    def __init__(self, model: OnnxModel, flips: bool, scales: tuple[float, ...] = OWN_SIZE) -> None:
        """Read the network.

        Raises:
            InputError: onnxruntime is not installed, or the file is no network of the description.
        """
        super().__init__(model, flips, scales)
        if find_spec("onnxruntime") is None:
            raise InputError(
                f"{model.path} is read with onnxruntime, which is not installed; install it with "
                'pip install "oemsar[onnx]"',
                option="model",
            )
        import onnxruntime

        self._model = model
        self._channels = list(channels_of(model.description.names))
        try:
            self._session = onnxruntime.InferenceSession(model.path, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has an error of its own for each fault
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"{model.path} is no network in ONNX ({reason[:200]})", option="model"
            ) from error
        self._input = self._session.get_inputs()[0].name
        self._output = self._find_output()
        mean, std = (np.array(values, np.float32) for values in (model.spec.mean, model.spec.std))
        self._mean, self._std = mean[:, None, None], std[:, None, None]
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self.name = f"onnxruntime {onnxruntime.__version__} on cpu"
        self.depth = 1

    def submit(self, image: Imagery | MaskedImage) -> PendingProbabilities:
        """Queue one image, shape (channels, height, width), for the worker thread."""
        return self._worker.submit(self._probabilities, *self.network_inputs(image))

    def close(self) -> None:
        """Wait for the image in flight and end the worker thread."""
        self._worker.shutdown(cancel_futures=True)

    def _find_output(self) -> str:
        """Find the output that the description names, with as many channels as its legend."""
        outputs = {output.name: output.shape for output in self._session.get_outputs()}
        name = self._model.description.output or next(iter(outputs))
        if name not in outputs:
            raise InputError(
                f"{self._model.path} has no output {name}; its outputs are {', '.join(outputs)}",
                option="model",
            )
        shape, classes = outputs[name], len(self._model.description.names)
        if len(shape) == 4 and isinstance(shape[1], int):
            self._require_channels(shape[1], classes)
        return name

    def _require_channels(self, channels: int, classes: int) -> None:
        if channels != classes:
            raise InputError(
                f"{self._model.path} gives {channels} channels where its description names {classes} "
                "classes; correct the legend in the description",
                option="model",
            )

    def _probabilities(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        values = pixels.astype(np.float32)
        if self._model.description.mean:  # else the file has its own rule for NaN, where there is no data
            values = np.where(np.isnan(values), self._mean, values)
        image = ((values - self._mean) / self._std).astype(np.float32)
        total = self._view(image, self.views[0])
        for axes in self.views[1:]:
            total += self._view(image, axes)
        return total / np.float32(len(self.views))

    def _view(self, image: NDArray[np.float32], axes: Axes) -> NDArray[np.float32]:
        """Compute the probabilities of one mirror image, mirrored back, shape (8, height, width)."""
        height, width = image.shape[1:]
        multiple = self._model.description.multiple
        padding = [(0, 0), (0, -height % multiple), (0, -width % multiple)]
        padded = np.pad(np.flip(image, axes), padding, "edge")
        values = self._session.run([self._output], {self._input: np.ascontiguousarray(padded)[None]})[0]
        if values.ndim != 4 or values.shape[2:] != padded.shape[1:]:
            raise InputError(
                f"{self._model.path} gives an output of shape {values.shape} for an image of "
                f"{padded.shape[1]} x {padded.shape[2]} pixels; give a network whose output has its size",
                option="model",
            )
        self._require_channels(values.shape[1], len(self._model.description.names))
        given = np.flip(values[0, :, :height, :width].astype(np.float32), axes)
        return _eight_of(self._as_probabilities(given), self._channels)

    def _as_probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._model.description.values == "logits":
            powers = np.exp(values - values.max(0))
            shares: NDArray[np.float32] = powers / powers.sum(0)
            return shares
        total = values.sum(0)
        if values.min() < -_TOLERANCE or not np.abs(total - 1).max(initial=0) <= _TOLERANCE:
            raise InputError(
                f"{self._model.path} gives no probabilities: they do not add up to 1; "
                "write `values: logits` in its description",
                option="model",
            )
        return values


def _eight_of(probabilities: NDArray[np.float32], channels: list[int]) -> NDArray[np.float32]:
    """Take the eight classes, on the condition that a pixel is none of background.

    Where all is background, every class is as probable as another.
    """
    chosen = probabilities[channels]
    total = chosen.sum(0)
    even = np.float32(1 / NUM_CLASSES)
    conditional = np.where(total < _NOTHING, even, chosen / np.maximum(total, np.float32(_NOTHING)))
    return conditional.astype(np.float32)
