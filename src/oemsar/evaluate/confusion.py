"""The confusion matrix of a class map: exact pixel counts, rows truth, columns prediction."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oemsar.legend import MAX_ID, NUM_CLASSES

_IDS = MAX_ID + 1
_CODES = _IDS * _IDS
_BYTE = 256


def confusion_matrix(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count how often each class was taken for each other.

    Args:
        truth: Class ids 0..8, uint8, any shape; pixels of 0 (unknown) are not counted.
        prediction: Class ids 1..8, uint8, of the same shape; any value where the truth is unknown.

    Returns:
        Pixel counts, int64, shape (8, 8), legend order; rows truth, columns prediction.

    Raises:
        ValueError: The arrays differ in shape, are not uint8, or hold other ids.
    """
    return confusion_tensor(_shared(truth), _shared(prediction)).numpy()


def confusion_tensor(truth: Tensor, prediction: Tensor) -> Tensor:
    """Count how often each class was taken for each other, on the device the tensors are on.

    Args:
        truth: Class ids 0..8, uint8, any shape; pixels of 0 (unknown) are not counted.
        prediction: Class ids 1..8, uint8, of the same shape and device; any value where the truth is unknown.

    Returns:
        Pixel counts, int64, shape (8, 8), legend order, on that device; rows truth, columns prediction.

    Raises:
        ValueError: The tensors differ in shape, are not uint8, or hold other ids.
    """
    if truth.shape != prediction.shape:
        raise ValueError(
            f"truth {tuple(truth.shape)} and prediction {tuple(prediction.shape)} differ in shape"
        )
    if truth.dtype != torch.uint8 or prediction.dtype != torch.uint8:
        raise ValueError(f"truth is {truth.dtype} and prediction {prediction.dtype}, where uint8 belongs")
    if truth.numel() == 0:
        return torch.zeros(NUM_CLASSES, NUM_CLASSES, dtype=torch.int64, device=truth.device)
    if truth.max() > MAX_ID:
        raise ValueError(f"truth has id {int(truth.max())}, outside 0..{MAX_ID}")
    if prediction.max() > MAX_ID:
        prediction = prediction.masked_fill(truth == 0, 0)
    if prediction.max() > MAX_ID:
        raise ValueError(
            f"prediction has id {int(prediction.max())}, outside 1..{MAX_ID}, where truth is known"
        )
    codes = torch.add(prediction, truth, alpha=_IDS).reshape(-1)
    known = _count_codes(codes).view(_IDS, _IDS)[1:]
    if known[:, 0].any():
        raise ValueError(f"prediction has id 0, outside 1..{MAX_ID}, where the truth is known")
    return known[:, 1:].contiguous()


def _count_codes(codes: Tensor) -> Tensor:
    """Count uint8 values below 81, shape (pixels,), into a histogram, int64, shape (81,).

    On the CPU two neighbouring pixels are counted in one step, as one 16-bit number (at most 80 * 256 + 80,
    so never negative), and the histogram of pairs is folded into that of single values.
    """
    if codes.device.type != "cpu":
        return torch.bincount(codes, minlength=_CODES)
    paired = codes.numel() // 2 * 2
    pairs = torch.bincount(codes[:paired].view(torch.int16), minlength=_CODES * _BYTE).view(_CODES, _BYTE)
    return pairs.sum(1) + pairs.sum(0)[:_CODES] + torch.bincount(codes[paired:], minlength=_CODES)


def _shared(array: NDArray[np.uint8]) -> Tensor:
    """View the array as a tensor on the same memory; copied only where PyTorch cannot share it."""
    if not array.flags.writeable or min(array.strides, default=0) < 0:
        array = array.copy()
    return torch.from_numpy(array)
