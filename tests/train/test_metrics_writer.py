"""The table of metrics: which rows are left when a run goes on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

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
