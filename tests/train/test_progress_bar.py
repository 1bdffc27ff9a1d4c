"""The bar of a training, and the steps told to a caller."""

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from oemsar.evaluate.scores import Scores
from oemsar.train.progress_bar import ProgressBar, StepReport, is_shown


def _trainer(step: int) -> Any:
    return SimpleNamespace(global_step=step, is_global_zero=True)


def test_a_caller_is_told_each_step_and_where_a_resumed_run_begins() -> None:
    told: list[tuple[int, int]] = []
    report = StepReport(9, lambda done, total: told.append((done, total)))
    nothing: Any = None
    report.on_train_start(_trainer(4), nothing)
    for step in (5, 6):
        report.on_train_batch_end(_trainer(step), nothing, None, nothing, 0)
    assert told == [(4, 9), (5, 9), (6, 9)]


@pytest.mark.parametrize(
    ("rate", "loss", "miou", "shown"),
    [
        (None, None, False, ""),
        (12.34, None, False, "12.3 samples/s"),
        (12.34, 0.5, True, "12.3 samples/s  loss 0.500  mIoU 100.00 %"),
    ],
)
def test_the_bar_shows_what_is_known(rate: float | None, loss: float | None, miou: bool, shown: str) -> None:
    metrics: Any = SimpleNamespace(rate=rate, loss=loss)
    validation: Any = SimpleNamespace(scores=Scores.from_confusion(np.eye(8, dtype=int)) if miou else None)
    bar = ProgressBar(9, metrics, validation)
    nothing: Any = None
    bar.on_train_batch_end(_trainer(3), nothing, None, nothing, 0)
    (task,) = bar._progress.tasks
    assert (task.completed, task.total, task.fields["state"]) == (3, 9, shown)


@pytest.mark.parametrize(
    ("level", "terminal", "shown"),
    [(logging.INFO, True, True), (logging.INFO, False, False), (logging.WARNING, True, False)],
)
def test_it_is_drawn_on_a_terminal_where_messages_are_shown(
    level: int, terminal: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "is_terminal", terminal)
    monkeypatch.setattr(logging.getLogger("oemsar"), "level", level)
    logging.getLogger("oemsar").manager._clear_cache()  # type: ignore[attr-defined]
    assert is_shown() == shown
