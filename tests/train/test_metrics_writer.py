"""The table of metrics: which rows are left when a run goes on."""

import csv
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from oemsar.train import metrics_writer
from oemsar.train.metrics_writer import COLUMNS, MetricsWriter, rewind

EMPTY = "," * (len(COLUMNS) - 2)


def _rows(path: Path) -> list[str]:
    header, *rows = path.read_text().splitlines()
    assert header == ",".join(COLUMNS)
    return [row.split(",")[0] for row in rows]


def test_a_table_that_is_not_there_is_begun(tmp_path: Path) -> None:
    rewind(tmp_path / "metrics.csv", 0)
    assert _rows(tmp_path / "metrics.csv") == []


@pytest.mark.parametrize(
    ("step", "left"), [(0, []), (10, ["10"]), (25, ["10", "20"]), (99, ["10", "20", "30"])]
)
def test_rows_after_the_checkpoint_go(tmp_path: Path, step: int, left: list[str]) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("\n".join([",".join(COLUMNS), *(f"{n},0.5{EMPTY}" for n in (10, 20, 30))]) + "\n")
    rewind(path, step)
    assert _rows(path) == left


def test_a_row_that_was_cut_off_goes(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("\n".join([",".join(COLUMNS), f"10,0.5{EMPTY}", "20,0.4,"]))
    rewind(path, 50)
    assert _rows(path) == ["10"]


@pytest.mark.parametrize(("step", "purged_from"), [(0, None), (10, 11)])
def test_tensorboard_forgets_what_comes_after_the_checkpoint_and_keeps_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, purged_from: int | None
) -> None:
    """TensorBoard drops the steps from `purge_step` on, as the table drops the rows after the checkpoint."""
    seen: list[tuple[str, int | None]] = []
    monkeypatch.setattr(
        metrics_writer, "SummaryWriter", lambda folder, *, purge_step: seen.append((folder, purge_step))
    )
    trainer: Any = SimpleNamespace(is_global_zero=True, global_step=step)
    nothing: Any = None
    MetricsWriter(tmp_path, 4, None, logs=False).on_train_start(trainer, nothing)
    assert seen == [(str(tmp_path / "tensorboard"), purged_from)]


class _Schedule:
    """A trainer whose learning rate is a hundredth of the step after the last."""

    is_global_zero = True
    max_steps = 2000

    def __init__(self, step: int) -> None:
        self.global_step = step

    @property
    def optimizers(self) -> list[Any]:
        return [SimpleNamespace(param_groups=[{"lr": (self.global_step + 1) / 100}])]


def _train(
    folder: Path, first: int, last: int, state: dict[str, Any] | None, *, logs: bool = False
) -> dict[str, Any]:
    """Train steps `first` + 1 to `last`, each with its own number as the loss."""
    trainer: Any = _Schedule(first)
    nothing: Any = None
    writer = MetricsWriter(folder, 4, None, logs=logs)
    if state is not None:
        writer.load_state_dict(state)
    writer.on_train_start(trainer, nothing)
    for step in range(first + 1, last + 1):
        writer.on_train_batch_start(trainer, nothing, nothing, 0)
        trainer.global_step = step
        writer.on_train_batch_end(trainer, nothing, {"loss": torch.tensor(float(step))}, nothing, 0)
    kept = writer.state_dict()
    writer.on_train_end(trainer, nothing)
    return kept


def _losses_and_rates(folder: Path) -> list[tuple[str, str, str]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return [(row["step"], row["loss"], row["learning_rate"]) for row in csv.DictReader(file)]


def test_a_row_holds_the_learning_rate_that_its_step_used(tmp_path: Path) -> None:
    _train(tmp_path, 0, 20, None)
    assert _losses_and_rates(tmp_path) == [("10", "5.5", "0.1"), ("20", "15.5", "0.2")]


def test_a_resumed_run_has_the_rows_of_one_that_went_through(tmp_path: Path) -> None:
    state = _train(tmp_path, 0, 14, None)
    assert state["losses"] == [11.0, 12.0, 13.0, 14.0]
    _train(tmp_path, 14, 20, state)
    assert _losses_and_rates(tmp_path) == [("10", "5.5", "0.1"), ("20", "15.5", "0.2")]


def test_a_line_comes_at_every_hundredth_of_the_steps_and_on_resuming(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "oemsar")
    state = _train(tmp_path, 0, 45, None, logs=True)
    first, second = caplog.messages
    assert first.startswith("step 20 of 2000: loss 15.5000, ")
    assert first.endswith(" samples/s")
    assert second.startswith("step 40 of 2000: loss 35.5000, ")
    caplog.clear()
    _train(tmp_path, 45, 70, state, logs=True)
    assert caplog.messages[0] == "Resuming at step 45"
    assert [text.split(":")[0] for text in caplog.messages[1:]] == ["step 70 of 2000"]
