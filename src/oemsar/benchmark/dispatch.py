"""Cells given to workers one after the other, until none is left."""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from oemsar.benchmark import folder as folders
from oemsar.benchmark import workers as processes
from oemsar.benchmark.cell import Task
from oemsar.benchmark.eta import EtaEstimator, format_duration
from oemsar.benchmark.records import CellRecord
from oemsar.benchmark.workers import Worker, WorkerEvent
from oemsar.config_file import Value
from oemsar.errors import Interrupted
from oemsar.signals import signal_of, stopping

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BenchmarkStatus:
    """Progress of a benchmark.

    Attributes:
        done: Number of cells finished or failed.
        cells: Number of all cells.
        seconds_left: Estimated seconds to the end; None where not yet known.
        running: Name of each cell at work, with the steps done and in all.
    """

    done: int
    cells: int
    seconds_left: float | None
    running: dict[str, tuple[int, int]]


class BenchmarkOutcome(Value):
    """Cells of a benchmark that have scores, and those that failed."""

    finished: tuple[str, ...]
    """Names of the cells that have scores."""
    failed: dict[str, str]
    """Reason of each cell that has none, by its name."""


@dataclass
class _Work:
    """State of a command at work."""

    waiting: deque[Task]
    eta: EtaEstimator
    cells: int
    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    at: dict[int, Task] = field(default_factory=dict)
    begun: dict[int, float] = field(default_factory=dict)
    steps: dict[int, tuple[int, int]] = field(default_factory=dict)

    def _share_done(self, worker: int) -> float:
        done, steps = self.steps[worker]
        return done / max(1, steps)

    def status(self) -> BenchmarkStatus:
        now = time.monotonic()
        running = [
            (
                task.training.model,
                now - self.begun[worker],
                self.steps[worker][0] / max(1, self.steps[worker][1]),
            )
            for worker, task in self.at.items()
        ]
        left = self.eta.remaining([task.training.model for task in self.waiting], running)
        done = len(self.finished) + len(self.failed)
        names = {task.name: self.steps[worker] for worker, task in self.at.items()}
        return BenchmarkStatus(done, self.cells, left, names)


def _begin(tasks: Sequence[Task], workers: int) -> _Work:
    """Sort the finished cells from those to be worked on, those begun first."""
    work = _Work(deque(), EtaEstimator(workers), len(tasks))
    begun: list[Task] = []
    fresh: list[Task] = []
    for task in tasks:
        record = folders.finished(task.training.out)
        if record is None:
            (begun if task.training.out.exists() else fresh).append(task)
            continue
        work.finished.append(task.name)
        if record.seconds.train is not None:
            work.eta.add(task.training.model, record.seconds.train + record.seconds.test)
    if work.finished:
        log.info("%d of %d cells are finished already", len(work.finished), len(tasks))
    work.waiting.extend(begun + fresh)
    return work


def work_through(
    tasks: Sequence[Task], workers: list[Worker], report: Callable[[BenchmarkStatus], None]
) -> BenchmarkOutcome:
    """Work on every cell that is not finished, those begun first; one that fails does not hold up the others.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; cells at work were brought to a point to go on from.
    """
    work = _begin(tasks, len(workers))
    with stopping():
        try:
            report(work.status())
            while work.waiting or work.at:
                for worker in workers:
                    if work.waiting and not worker.busy:
                        _submit(work, worker)
                for event in processes.events(workers):
                    _handle(work, event)
                report(work.status())
        except KeyboardInterrupt as error:
            done = len(work.finished)
            log.warning("Stopping; the cells at work are brought to a point to go on from")
            raise Interrupted(
                f"interrupted with {done} of {work.cells} cells finished; the same command goes on",
                signal=signal_of(error),
            ) from error
        finally:
            processes.stop(workers)
    return BenchmarkOutcome(finished=tuple(work.finished), failed=work.failed)


def _submit(work: _Work, worker: Worker) -> None:
    task = work.waiting.popleft()
    work.at[worker.number] = task
    work.begun[worker.number] = time.monotonic()
    work.steps[worker.number] = (0, task.training.total_steps)
    log.debug("%s begins", task.name)
    worker.submit(task)


def _handle(work: _Work, event: WorkerEvent) -> None:
    if event.kind == "steps":
        work.steps[event.worker] = event.value
        return
    task = work.at.pop(event.worker)
    seconds = time.monotonic() - work.begun[event.worker]
    if event.kind == "finished":
        work.finished.append(task.name)
        if event.value.seconds.train is not None:
            work.eta.add(task.training.model, seconds)
        _log_cell(work, task, event.value, seconds)
    else:
        folders.write_failure(task.training.out, event.value)
        work.failed[task.name] = event.value
        log.error("%s failed: %s", task.name, event.value)


def _log_cell(work: _Work, task: Task, record: CellRecord, seconds: float) -> None:
    status = work.status()
    left = "" if status.seconds_left is None else f"; about {format_duration(status.seconds_left)} left"
    miou = "absent" if record.miou is None else f"{100 * record.miou:.2f} %"
    log.info(
        "[%d/%d] %s: mIoU %s in %s%s",
        status.done,
        status.cells,
        task.name,
        miou,
        format_duration(seconds),
        left,
    )
