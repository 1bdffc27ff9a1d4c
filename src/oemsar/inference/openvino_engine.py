"""Inference on the CPU with OpenVINO: several single-threaded streams beside each other."""

import os
import warnings
from concurrent.futures import Future
from functools import cache, lru_cache
from threading import Lock
from typing import Any

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray
from torch import nn

from oemsar.inference.engine import Axes, Engine, mirrored
from oemsar.models.network import LandCoverNetwork
from oemsar.models.padding import pad_to_multiple

_MAX_STREAMS = 8
"""Every stream holds the activations of one image; more streams than this cost memory and gain nothing."""


@cache
def _core() -> ov.Core:
    """The one core of the process, never given back.

    A core sets the stack that signal handlers run on and, when it goes, frees it; of two that go in the
    order they came, the second restores the freed stack of the first, and the next Ctrl-C ends the process
    with a segmentation fault (seen with OpenVINO 2026 and Python 3.11).
    """
    return ov.Core()


class OpenVinoEngine(Engine):
    """The network compiled for each image size it meets, one image a stream.

    A stream to a core is faster here than all cores on one image, and its result does not depend on how
    many streams there are.
    """

    def __init__(self, network: LandCoverNetwork, flips: bool) -> None:
        super().__init__(flips)
        self._network = network
        self._streams = min(os.cpu_count() or 1, _MAX_STREAMS)
        self._core = _core()
        self._graph = self._convert()
        # One entry: the images of a set or the windows of a scene share a size, and a compiled network
        # holds its activations.
        self._queue = lru_cache(maxsize=1)(self._compile)
        precision = self._core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()
        self.name = f"openvino {precision} on cpu, {self._streams} streams"
        self.depth = self._streams

    def submit(self, image: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Queue the views of one image, shape (channels, height, width)."""
        pending = _Pending(image.shape[1:], self.views)
        for axes in self.views:
            padded = pad_to_multiple(mirrored(image, axes).float(), self._network.stride).byte().numpy()
            self._queue(padded.shape).start_async({0: padded}, (pending, axes))
        return pending.future

    def close(self) -> None:
        """Wait for the images in flight and give the compiled network back."""
        if self._queue.cache_info().currsize:
            self._wait()
        self._queue.cache_clear()

    def _convert(self) -> ov.Model:
        stride = self._network.stride
        example = torch.zeros(1, self._network.spec.modalities.channels, stride, stride, dtype=torch.uint8)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of the tracer, about conditions that hold for every size
            return ov.convert_model(_Probabilities(self._network), example_input=example)

    def _compile(self, shape: tuple[int, ...]) -> Any:  # noqa: ANN401 (OpenVINO ships no types)
        graph = self._graph.clone()
        graph.reshape(list(shape))
        options = {"NUM_STREAMS": str(self._streams), "INFERENCE_NUM_THREADS": str(os.cpu_count() or 1)}
        queue = ov.AsyncInferQueue(self._core.compile_model(graph, "CPU", options), 2 * self._streams)
        queue.set_callback(_receive)
        self._wait = queue.wait_all
        return queue


class _Probabilities(nn.Module):
    """Normalisation, body and softmax: what is left of a network once its input is padded."""

    def __init__(self, network: LandCoverNetwork) -> None:
        super().__init__()
        self._network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        normalised = (images.float() - self._network.mean) / self._network.std
        probabilities: torch.Tensor = self._network.body(normalised).softmax(1)
        return probabilities


class _Pending:
    """The mean over the views of one image, complete when the last of them is in."""

    def __init__(self, size: tuple[int, ...], views: tuple[Axes, ...]) -> None:
        self.future: Future[NDArray[np.float32]] = Future()
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


def _receive(request: Any, tag: tuple[_Pending, Axes]) -> None:  # noqa: ANN401 (OpenVINO ships no types)
    pending, axes = tag
    try:
        pending.add(axes, request.get_output_tensor(0).data[0].copy())
    except BaseException as error:
        pending.future.set_exception(error)
        raise
