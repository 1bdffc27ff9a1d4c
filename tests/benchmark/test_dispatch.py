"""Cells given to workers: the order, the outcome, and what an interruption leaves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oemsar.benchmark import dispatch
from oemsar.benchmark import folder as folders
from oemsar.benchmark.cell import Task
from oemsar.benchmark.dispatch import BenchmarkStatus, work_through
from oemsar.benchmark.workers import WorkerEvent
from oemsar.errors import Interrupted

RECORD: Any = SimpleNamespace(miou=0.5, seconds=SimpleNamespace(train=3.0, test=1.0))


class _Worker:
    """A worker that tells half of its steps, then how its cell ended."""

    def __init__(self, number: int, endings: dict[str, str]) -> None:
        self.number = number
        self.endings = endings
        self.busy = False
        self.taken: list[str] = []
        self.told: list[WorkerEvent] = []

    def submit(self, task: Task) -> None:
        assert not self.busy
        self.busy = True
        self.taken.append(task.name)
        kind = self.endings.get(task.name, "finished")
        self.told = [
            WorkerEvent(self.number, "steps", (2, 4)),
            WorkerEvent(self.number, kind, RECORD if kind == "finished" else "no memory"),  # type: ignore[arg-type]
        ]

    def events(self) -> Iterator[WorkerEvent]:
        if self.told:
            event = self.told.pop(0)
            self.busy = event.kind == "steps"
            yield event


@pytest.fixture
def tasks(make_task: Callable[[Path], Task], tmp_path: Path) -> list[Task]:
    """Four cells a, b, c and d."""
    task = make_task(tmp_path)
    return [
        replace(task, name=name, training=task.training.model_copy(update={"out": tmp_path / name}))
        for name in "abcd"
    ]


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Workers that were told to stop."""
    seen: list[Any] = []
    monkeypatch.setattr(dispatch.processes, "stop", seen.extend)
    monkeypatch.setattr(
        dispatch.processes, "events", lambda workers: [e for worker in workers for e in worker.events()]
    )
    return seen


def test_every_cell_is_worked_on_once_and_a_failure_holds_up_none(
    tasks: list[Task], stopped: list[Any]
) -> None:
    workers: Any = [_Worker(0, {"b": "failed"}), _Worker(1, {"b": "failed"})]
    states: list[BenchmarkStatus] = []
    outcome = work_through(tasks, workers, states.append)
    assert sorted(name for worker in workers for name in worker.taken) == ["a", "b", "c", "d"]
    assert sorted(outcome.finished) == ["a", "c", "d"]
    assert outcome.failed == {"b": "no memory"}
    assert folders.failed(tasks[1].training.out) == "no memory"
    assert (states[0].done, states[-1].done, states[-1].cells) == (0, 4, 4)
    assert {"a": (2, 4), "b": (2, 4)} in [state.running for state in states]
    assert states[-1].running == {}
    assert states[-1].seconds_left == 0
    assert stopped == workers


def test_finished_cells_are_left_alone_and_those_begun_come_first(
    tasks: list[Task], stopped: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch.folders, "finished", lambda out: RECORD if out.name == "a" else None)
    tasks[3].training.out.mkdir(parents=True)
    worker: Any = _Worker(0, {})
    states: list[BenchmarkStatus] = []
    outcome = work_through(tasks, [worker], states.append)
    assert worker.taken == ["d", "b", "c"]
    assert outcome.finished == ("a", "d", "b", "c")
    assert states[0].done == 1
    assert states[0].seconds_left == pytest.approx(3 * 4.0)  # three cells of three seconds and one


def test_an_interruption_stops_the_workers_and_says_how_far_it_came(
    tasks: list[Task], stopped: list[Any]
) -> None:
    worker: Any = _Worker(0, {})

    def report(status: BenchmarkStatus) -> None:
        if status.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="interrupted with 2 of 4 cells finished"):
        work_through(tasks, [worker], report)
    assert stopped == [worker]
