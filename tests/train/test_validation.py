"""Validation: when it is due, what it counts, and which step is the best."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from oemsar.errors import Failure
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.train.interruption import Interruption
from oemsar.train.validation import Validation

LABELS = [np.random.default_rng(n).integers(0, 9, (1, 4, 6 + n), np.uint8) for n in range(3)]


class _Answers(nn.Module):
    """A network that answers each image with the class its pixels name, counted from 0."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(images[:, 0].long(), 8).movedim(-1, 1).float()


def _trainer(step: int) -> Any:
    strategy = SimpleNamespace(
        reduce_boolean_decision=lambda decision, all: decision,
        reduce=lambda counts, reduce_op: 2 * counts,
    )
    plugin = SimpleNamespace(val_step_context=nullcontext)
    return SimpleNamespace(global_step=step, strategy=strategy, precision_plugin=plugin)


def _validate(validation: Validation, step: int) -> None:
    module: Any = SimpleNamespace(device="cpu", network=_Answers())
    validation.on_train_batch_end(_trainer(step), module, None, None, 0)  # type: ignore[arg-type]


class _Data:
    """Validation tiles whose images give every pixel the class of its label, but for a share of errors."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.wrong = wrong
        self.images: list[np.ndarray] = []

    def validation_tiles(self) -> Any:
        rng = np.random.default_rng(0)
        for label in LABELS:
            image = np.where(label > 0, label - 1, 3).astype(np.uint8)
            errors = rng.random(label.shape) < self.wrong
            image = np.where(errors, (image + 1) % 8, image).astype(np.uint8)
            self.images.append(image)
            yield {"image": torch.from_numpy(image[:, None]), "label": torch.from_numpy(label)}


def _validation(data: Any, *, every: int = 4, steps: int = 10) -> Validation:
    return Validation(data, Interruption(), every, steps)


@pytest.mark.parametrize(("step", "due"), [(1, False), (4, True), (5, False), (8, True), (10, True)])
def test_it_is_due_every_so_many_steps_and_after_the_last(step: int, due: bool) -> None:
    validation = _validation(_Data())
    _validate(validation, step)
    assert validation.validated_step == (step if due else 0)
    assert (validation.scores is not None) == due


def test_all_pixels_of_all_processes_are_counted_in_one_matrix() -> None:
    data = _Data(wrong=0.4)
    validation = _validation(data)
    _validate(validation, 4)
    truth = np.concatenate([label.ravel() for label in LABELS])
    prediction = np.concatenate([image.ravel() for image in data.images]) + 1
    expected = 2 * confusion_matrix(truth, prediction)
    assert validation.scores is not None
    np.testing.assert_array_equal(validation.scores.confusion, expected)


def test_the_best_step_is_that_of_the_highest_miou() -> None:
    data = _Data()
    validation = _validation(data, steps=100)
    for step, wrong, best in ((4, 0.5, 4), (8, 0.2, 8), (12, 0.6, 8), (16, 0.2, 8)):
        data.wrong = wrong
        _validate(validation, step)
        assert validation.best_step == best
    assert validation.validated_step == 16
    again = _validation(data, steps=100)
    again.load_state_dict(validation.state_dict())
    assert (again.validated_step, again.best_step) == (16, 8)
    assert again.best_miou == validation.best_miou
    data.wrong = 0.0
    _validate(again, 16)  # done before the checkpoint was written
    assert again.scores is None


def test_a_signal_cuts_it_off_but_not_after_the_last_step() -> None:
    validation = _validation(_Data())
    validation._interruption.requested = True
    _validate(validation, 4)
    assert (validation.scores, validation.validated_step) == (None, 0)
    _validate(validation, 10)
    assert validation.validated_step == 10


def test_labels_without_a_known_pixel_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _Data()
    unknown = [{"image": torch.ones(1, 1, 3, 5), "label": torch.zeros(1, 3, 5, dtype=torch.uint8)}]
    monkeypatch.setattr(data, "validation_tiles", lambda: unknown)
    with pytest.raises(Failure, match="hold no known pixel; check the labels of split val"):
        _validate(_validation(data), 4)
