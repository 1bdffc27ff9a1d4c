"""The losses and the class weights by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from oemsar.errors import InputError
from oemsar.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from oemsar.arrays import Doubles
    from oemsar.train.loss_input import LossInput

    Loss = Callable[[LossInput], Tensor]
    ClassWeighting = Callable[[Doubles], Doubles]

LOSSES: "Registry[Loss]" = Registry(
    "loss",
    "oemsar.losses",
    {
        "ce+dice": "oemsar.train.losses:cross_entropy_and_dice",
        "ce": "oemsar.train.losses:cross_entropy",
        "dice": "oemsar.train.losses:dice",
        "focal": "oemsar.train.losses:focal",
        "jaccard": "oemsar.train.losses:jaccard",
        "symmetric_ce": "oemsar.train.losses:symmetric_cross_entropy",
        "generalised_ce": "oemsar.train.losses:generalised_cross_entropy",
        "lovasz": "oemsar.train.lovasz:lovasz",
        "symmetric_ce+lovasz": "oemsar.train.lovasz:symmetric_cross_entropy_and_lovasz",
    },
)
"""Functions from predictions and truth of a batch (`oemsar.train.loss_input.LossInput`) to a scalar."""

SOFT_LOSSES = frozenset({"ce+dice", "ce", "dice", "jaccard", "symmetric_ce"})
"""Losses that take class probabilities in the place of one class a pixel."""

CLASS_WEIGHTS: "Registry[ClassWeighting]" = Registry(
    "class_weights",
    "oemsar.class_weights",
    {
        "none": "oemsar.train.class_weights:even",
        "inverse_frequency": "oemsar.train.class_weights:inverse_frequency",
        "sqrt_inverse_frequency": "oemsar.train.class_weights:sqrt_inverse_frequency",
        "effective_number": "oemsar.train.class_weights:effective_number",
    },
)
"""Functions from the labelled pixels of the classes that occur, float64, to their weights on any scale."""


def require_soft(loss: str) -> None:
    """Check that a loss takes class probabilities in the place of one class a pixel.

    Raises:
        InputError: It does not; those that do are named.
    """
    if loss not in SOFT_LOSSES:
        raise InputError(
            f"{loss} needs one class a pixel and takes no probabilities; choose one of "
            f"{', '.join(sorted(SOFT_LOSSES))}",
            option=("soft_labels", "loss"),
        )
