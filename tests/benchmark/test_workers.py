"""Processes that work on cells: their messages, their deaths, and what they begin with."""

import errno
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from oemsar.benchmark import folder as folders
from oemsar.benchmark import workers as processes
from oemsar.benchmark.cell import Task
from oemsar.benchmark.workers import Worker, WorkerEvent
from oemsar.errors import Failure, InputError, Interrupted

PATIENCE = 120


def _raise(error: Exception) -> Callable[[], object]:
    def job() -> object:
        raise error

    return job


@pytest.mark.parametrize(
    ("job", "kind", "value", "goes_on"),
    [
        (lambda: 42, "finished", 42, True),
        (_raise(Interrupted("at step 3")), "interrupted", "at step 3", False),
        (_raise(InputError("no such table", option="data")), "failed", "data: no such table", False),
        (_raise(Failure("no memory")), "failed", "no memory", False),
        (
            _raise(ValueError("two\nlines")),
            "failed",
            "ValueError: two (see log.txt in the cell's folder)",
            False,
        ),
        (_raise(KeyError()), "failed", "KeyError: no message (see log.txt in the cell's folder)", False),
    ],
    ids=["result", "interrupted", "input", "failure", "fault", "fault without words"],
)
def test_the_outcome_of_a_job_is_sent(
    job: Callable[[], object], kind: str, value: object, goes_on: bool
) -> None:
    here, there = Pipe()
    assert processes._run_job(there, job) == goes_on
    assert here.recv() == (kind, value)


def test_a_log_that_finds_no_room_is_the_failure_of_its_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    here, there = Pipe()
    assert not processes._run_logged(there, lambda: 42, tmp_path / "cell", logging.INFO)
    kind, value = here.recv()
    assert kind == "failed"
    assert re.search(r"cell has no room left for log\.txt", value)


def test_a_message_to_nobody_is_no_fault() -> None:
    here, there = Pipe()
    here.close()
    processes._send(there, "steps", (1, 2))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (-signal.SIGKILL, "killed, most likely for want of memory"),
        (-signal.SIGSEGV, "died of SIGSEGV"),
        (3, "exit code 3"),
        (0, "exit code 0"),
    ],
)
def test_the_cause_of_death_is_told(code: int, sentence: str) -> None:
    assert sentence in processes._cause_of_death(code)


def test_the_environment_is_that_of_the_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OEMSAR_A", "before")
    monkeypatch.delenv("OEMSAR_B", raising=False)
    with processes._in_environment({"OEMSAR_A": "1", "OEMSAR_B": "2"}):
        assert (os.environ["OEMSAR_A"], os.environ["OEMSAR_B"]) == ("1", "2")
    assert os.environ["OEMSAR_A"] == "before"
    assert "OEMSAR_B" not in os.environ


def test_what_is_logged_or_printed_goes_to_the_log_of_the_cell(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("oemsar")
    monkeypatch.setattr(log, "level", log.level)
    with capfd.disabled(), processes._logged(tmp_path / "cell", logging.INFO):
        log.info("step 3")
        os.write(1, b"a library\n")
        sys.stderr.flush()
    text = (tmp_path / "cell" / processes.LOG).read_text()
    assert "a library" in text


def test_an_idle_worker_has_nothing_to_tell(tmp_path: Path) -> None:
    worker = Worker(3, tmp_path, {})
    assert (worker.process_id, worker.waitables(), list(worker.events())) == (None, [], [])
    processes.stop([worker])


class _Process:
    """A process that is alive or has died."""

    exitcode = -signal.SIGKILL

    def __init__(self, alive: bool) -> None:
        self.alive = alive

    def is_alive(self) -> bool:
        return self.alive

    def join(self, seconds: float | None = None) -> None:
        pass


def _busy(alive: bool, **options: Any) -> tuple[Worker, Any]:
    worker = Worker(2, Path("bench"), {}, **options)
    here, there = Pipe()
    worker._pipe, worker._process, worker.busy = here, _Process(alive), True
    return worker, there


def test_messages_come_in_order_and_the_result_ends_the_work() -> None:
    worker, there = _busy(alive=True)
    for message in (("steps", (1, 4)), ("steps", (2, 4)), ("finished", "record")):
        there.send(message)
    assert list(worker.events()) == [
        WorkerEvent(2, "steps", (1, 4)),
        WorkerEvent(2, "steps", (2, 4)),
        WorkerEvent(2, "finished", "record"),
    ]
    assert not worker.busy


@pytest.mark.parametrize("closed", [True, False])
def test_a_death_is_told_after_the_last_message(closed: bool) -> None:
    """A process that reads crops may keep the pipe of the dead one open."""
    worker, there = _busy(alive=False)
    there.send(("steps", (1, 4)))
    if closed:
        there.close()
    first, last = list(worker.events())
    assert first == WorkerEvent(2, "steps", (1, 4))
    assert (last.worker, last.kind) == (2, "failed")
    assert "killed" in last.value
    assert (worker.busy, worker.process_id) == (False, None)


def _next_event(worker: Worker) -> WorkerEvent:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in processes.events([worker]):
            if event.kind != "steps":
                return event
    raise AssertionError("the worker sent nothing")


@pytest.mark.slow
def test_a_process_that_is_killed_is_the_failure_of_its_cell_and_the_next_one_has_another(
    make_task: Callable[[Path], Task], tmp_path: Path
) -> None:
    folders.require_writable(tmp_path / "bench")
    worker = Worker(0, tmp_path / "bench", {})
    task = make_task(tmp_path / "bench")
    endless = replace(task, training=task.training.model_copy(update={"steps": 1_000_000}))
    try:
        worker.submit(endless)
        first = worker.process_id
        assert first is not None
        while not (task.training.out / "checkpoints" / "last.ckpt").exists():
            time.sleep(0.1)
        os.kill(first, signal.SIGKILL)
        event = _next_event(worker)
        assert event.kind == "failed"
        assert "killed, most likely for want of memory" in event.value
        again = replace(
            task, training=task.training.model_copy(update={"out": tmp_path / "bench" / "cells" / "b"})
        )
        worker.submit(again)
        assert worker.process_id != first
        assert _next_event(worker).kind == "finished"
    finally:
        processes.stop([worker])


@pytest.mark.slow
def test_a_process_that_finishes_its_cell_all_the_same_is_not_waited_for(
    make_task: Callable[[Path], Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal in the last step of a training stops nothing."""
    folders.require_writable(tmp_path / "bench")
    worker = Worker(0, tmp_path / "bench", {})
    task = make_task(tmp_path / "bench")
    worker.submit(task)
    process = worker._process
    monkeypatch.setattr(process, "terminate", lambda: None)
    processes.stop([worker])
    assert process.exitcode == 0
    assert folders.finished(task.training.out) is not None
