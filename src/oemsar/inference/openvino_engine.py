"""Inference on the CPU with OpenVINO: several single-threaded streams beside each other."""

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from oemsar.arrays import Imagery
from oemsar.errors import Failure
from oemsar.inference.config import OWN_SIZE
from oemsar.inference.engine import Axes, NetworkEngine, PendingProbabilities, mirrored
from oemsar.inference.openvino_quiet import ov
from oemsar.masked import MaskedImage
from oemsar.models.network import LandCoverNetwork
from oemsar.models.padding import pad_to_multiple

_Shapes = tuple[tuple[int, ...], ...]
"""Shape of each input of a network: (1, channels, height, width) of the images first."""

_MAX_STREAMS = 8
"""Every stream holds the activations of one image; more streams than this cost memory and gain nothing."""


@cache
def _core() -> ov.Core:
    """Make the one core of the process, which is never given back.

    A core sets the stack that signal handlers run on and, when it goes, frees it; of two that go in the
    order they came, the second restores the freed stack of the first, and the next Ctrl-C ends the process
    with a segmentation fault (seen with OpenVINO 2026 and Python 3.11).
    """
    return ov.Core()


class OpenVinoEngine(NetworkEngine):
    """The network compiled for the sizes of the present images, one image a stream.

    A stream to a core is faster here than all cores on one image, and its result does not depend on how
    many streams there are. The network is compiled for as many sizes at a time as there are scales: the
    images of a set or the windows of a scene share a size, and a compiled network holds its activations.
    """

    def __init__(self, network: LandCoverNetwork, flips: bool, scales: tuple[float, ...] = OWN_SIZE) -> None:
        super().__init__(network, flips, scales)
        self._network = network
        self._are_bytes = network.spec.modalities.are_bytes
        self._streams = min(os.cpu_count() or 1, _MAX_STREAMS)
        self._graph = self._convert()
        self._compiled: dict[_Shapes, _Compiled] = {}
        """Networks compiled for shapes of their inputs, the one last used at the end."""
        # twice as many as streams, so that the next image is there when a stream is free
        self._workers = ThreadPoolExecutor(2 * self._streams, thread_name_prefix="openvino")
        self._running: list[Future[None]] = []
        precision = _core().get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()
        self.name = f"openvino {precision} on cpu, {self._streams} streams"
        self.depth = self._streams

    def submit(self, image: Imagery | MaskedImage) -> PendingProbabilities:
        """Queue the views of one image, shape (channels, height, width)."""
        parts = self.network_inputs(image)
        mean = _MeanOfViews(parts[0].shape[1:], self.views)
        for axes in self.views:
            view, *masks = (
                pad_to_multiple(mirrored(part, axes).float(), self._network.stride) for part in parts
            )
            if self._are_bytes:
                view = view.byte()
            padded = tuple(part.numpy() for part in (view, *masks))
            compiled = self._compiled_for(tuple(part.shape for part in padded))
            self._running = [task for task in self._running if not task.done()]
            self._running.append(self._workers.submit(_run, compiled, padded, mean, axes))
        return mean.future

    def close(self) -> None:
        """Wait for the images in flight and give the compiled network back."""
        self._workers.shutdown(cancel_futures=True)
        self._compiled.clear()

    def _compiled_for(self, shapes: _Shapes) -> "_Compiled":
        """Compile the network for shapes of its inputs; waits for images in flight where one has to go."""
        compiled = self._compiled.pop(shapes, None)
        if compiled is None:
            if len(self._compiled) >= len(self.scales):
                wait(self._running)
                del self._compiled[next(iter(self._compiled))]
            compiled = self._compile(shapes)
        self._compiled[shapes] = compiled
        return compiled

    def _compile(self, shapes: _Shapes) -> "_Compiled":
        graph = self._graph.clone()
        options = {"NUM_STREAMS": str(self._streams), "INFERENCE_NUM_THREADS": str(os.cpu_count() or 1)}
        with _failures_of_openvino(shapes[0]):
            graph.reshape({index: list(shape) for index, shape in enumerate(shapes)})
            return _Compiled(_core().compile_model(graph, "CPU", options))

    def _convert(self) -> ov.Model:
        stride = self._network.stride
        kind = torch.uint8 if self._are_bytes else torch.float32
        inputs = self._network.spec.modalities
        example = [torch.zeros(1, inputs.channels, stride, stride, dtype=kind)]
        if self._network.spec.takes_any:
            example.append(torch.ones(1, len(inputs), stride, stride))
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of the tracer, about conditions that hold for every size
            return ov.convert_model(_Probabilities(self._network), example_input=tuple(example))


class _Probabilities(nn.Module):
    """Normalisation, body and softmax: the network without the padding of its input."""

    def __init__(self, network: LandCoverNetwork) -> None:
        super().__init__()
        self._network = network

    def forward(self, images: torch.Tensor, valid: torch.Tensor | None = None) -> torch.Tensor:
        prepared = self._network.body_input(images, valid)
        probabilities: torch.Tensor = self._network.body(prepared).softmax(1)
        return probabilities


class _Compiled:
    """A network compiled for one size, with as many requests as run beside each other."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 (no types)
        self._model = model
        self._idle: list[Any] = []

    def run(self, padded: tuple[NDArray[Any], ...]) -> NDArray[np.float32]:
        """Compute the class probabilities of the inputs of one padded view, shape (8, height, width)."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._model.create_infer_request()
        request.start_async(dict(enumerate(padded)))
        request.wait()
        probabilities: NDArray[np.float32] = request.get_output_tensor(0).data[0].copy()
        self._idle.append(request)
        return probabilities


class _MeanOfViews:
    """The mean over the views of one image, complete when the last of them is in.

    Attributes:
        future: The mean to come, float32, shape (8, height, width); or what went wrong with a view.
    """

    def __init__(self, size: tuple[int, ...], views: tuple[Axes, ...]) -> None:
        self.future: PendingProbabilities = Future()
        self.future.set_running_or_notify_cancel()
        self._size = size
        self._views = views
        self._results: dict[Axes, NDArray[np.float32]] = {}
        self._lock = Lock()

    def add(self, axes: Axes, probabilities: NDArray[np.float32]) -> None:
        """Take the probabilities of one view, padded, shape (8, height, width)."""
        height, width = self._size
        with self._lock:
            self._results[axes] = np.flip(probabilities[:, :height, :width], axes)
            complete = len(self._results) == len(self._views)
        if complete:
            # summed in the order of the views, whichever came first: the same sum in every run
            first, *others = (self._results[axes] for axes in self._views)
            total = first.copy()
            for other in others:
                total += other
            self.future.set_result(total if not others else total / np.float32(len(self._views)))

    def fail(self, error: BaseException) -> None:
        """Take what went wrong with a view; the first such error counts."""
        with self._lock:
            if not self.future.done():
                self.future.set_exception(error)


def _run(compiled: _Compiled, padded: tuple[NDArray[Any], ...], mean: _MeanOfViews, axes: Axes) -> None:
    """Compute one view; hand its probabilities, or what went wrong, to the one who waits for the image."""
    try:
        with _failures_of_openvino(padded[0].shape):
            probabilities = compiled.run(padded)
        mean.add(axes, probabilities)
    except BaseException as error:
        mean.fail(error)


@contextmanager
def _failures_of_openvino(shape: tuple[int, ...]) -> Iterator[None]:
    """Turn an error of OpenVINO on an image of `shape`, (1, channels, height, width), into a sentence."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        height, width = shape[2:]
        what = (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise Failure(
            f"OpenVINO failed on an image of {height} x {width} pixels ({what}); "
            "choose smaller windows or the engine torch",
            option="engine",
        ) from error
