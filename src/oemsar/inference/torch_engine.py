"""Inference with PyTorch: CUDA, MPS or the CPU."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.errors import OutOfMemory
from oemsar.inference.config import OWN_SIZE
from oemsar.inference.engine import Axes, NetworkEngine, PendingProbabilities, mirrored
from oemsar.inference.precision import autocast_dtype
from oemsar.masked import MaskedImage
from oemsar.models.network import LandCoverNetwork


class TorchEngine(NetworkEngine):
    """One worker thread that runs the network channels-last, in the device's reduced precision."""

    def __init__(
        self,
        network: LandCoverNetwork,
        flips: bool,
        device: torch.device,
        scales: tuple[float, ...] = OWN_SIZE,
    ) -> None:
        super().__init__(network, flips, scales)
        self._device = device
        self._dtype = autocast_dtype(device)
        self._network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        precision = "float32" if self._dtype is None else str(self._dtype).removeprefix("torch.")
        self.name = f"torch {precision} on {device.type}"
        self.depth = 1

    def submit(self, image: Imagery | MaskedImage) -> PendingProbabilities:
        """Queue one image, shape (channels, height, width), for the worker thread."""
        return self._worker.submit(self._probabilities, *self.network_inputs(image))

    def close(self) -> None:
        """Wait for the image in flight and end the worker thread."""
        self._worker.shutdown(cancel_futures=True)

    def _probabilities(self, *parts: NDArray[Any]) -> NDArray[np.float32]:
        try:
            with (
                torch.inference_mode(),
                torch.autocast(self._device.type, self._dtype, enabled=self._dtype is not None),
            ):
                views = [self._view(parts, axes) for axes in self.views]
                mean: NDArray[np.float32] = torch.stack(views).mean(0).cpu().numpy()
                return mean
        except (RuntimeError, MemoryError) as error:
            if not _is_lack_of_memory(error):
                raise
            height, width = parts[0].shape[1:]
            raise OutOfMemory(
                f"an image of {height} x {width} pixels does not fit into the memory of {self._device}; "
                "choose smaller windows"
            ) from error

    def _view(self, parts: tuple[NDArray[Any], ...], axes: Axes) -> torch.Tensor:
        """Compute the probabilities of one mirror image, mirrored back, shape (8, height, width)."""
        batches = [
            mirrored(part, axes).to(self._device).contiguous(memory_format=torch.channels_last)
            for part in parts
        ]
        probabilities: torch.Tensor = self._network(*batches)[0].float().softmax(0).flip(axes)
        return probabilities


def _is_lack_of_memory(error: RuntimeError | MemoryError) -> bool:
    """Tell whether PyTorch had no memory left; on the CPU it has no error of its own for that."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)
