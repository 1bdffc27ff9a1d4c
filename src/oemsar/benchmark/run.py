"""The verb: work through the cells of a plan, from the start or from where a command stopped."""

import contextlib
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from oemsar.benchmark import folder as folders
from oemsar.benchmark import slots as processes
from oemsar.benchmark.cell import SPLIT, Task, choose_examples
from oemsar.benchmark.pace import Pace, in_words
from oemsar.benchmark.plan import Cell, Plan, read_plan
from oemsar.benchmark.slots import News, Slot
from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.table import read_tiles, select_split
from oemsar.dataset.tile import Tile
from oemsar.errors import Failure, InputError
from oemsar.files import atomic_write, checksum, require_writable, write_json, write_text
from oemsar.inference.device import find_device
from oemsar.modalities import Modalities
from oemsar.paper.published import is_published_release
from oemsar.train.data import default_workers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """How far a benchmark is.

    Attributes:
        done: cells finished or failed.
        cells: in all.
        seconds_left: None where not yet known.
        running: name of each cell at work, with the steps done and in all.
    """

    done: int
    cells: int
    seconds_left: float | None
    running: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Outcome:
    """What a benchmark came to.

    Attributes:
        finished: names of the cells that have scores.
        failed: reason of each that has none, by name.
    """

    finished: list[str]
    failed: dict[str, str]


@dataclass
class _Work:
    """The state of a command at work."""

    waiting: deque[Task]
    pace: Pace
    outcome: Outcome
    cells: int
    at: dict[int, Task] = field(default_factory=dict)
    begun: dict[int, float] = field(default_factory=dict)
    steps: dict[int, tuple[int, int]] = field(default_factory=dict)

    def status(self) -> Status:
        now = time.monotonic()
        running = [
            (task.training.model, now - self.begun[slot], self.steps[slot][0] / max(1, self.steps[slot][1]))
            for slot, task in self.at.items()
        ]
        left = self.pace.remaining([task.training.model for task in self.waiting], running)
        done = len(self.outcome.finished) + len(self.outcome.failed)
        names = {task.name: self.steps[slot] for slot, task in self.at.items()}
        return Status(done, self.cells, left, names)


def _tell_nobody(status: Status) -> None:
    pass


def run(
    plan_file: Path | None,
    data: Path,
    out: Path,
    *,
    jobs: int | None = None,
    report: Callable[[Status], None] = _tell_nobody,
) -> Outcome:
    """Train and score every cell of a plan that is not finished; a failing one does not hold up the others.

    Each cell has a folder below `out`/cells, with the run of its training and, last, `cell.json`. Called
    again after an interruption it goes on with the cells that were at work; those that failed are tried
    again.

    Args:
        plan_file: the plan; None is the plan stored in `out`, else the 45 cells of the paper.
        data: the table of tiles.
        out: folder of the benchmark.
        jobs: cells worked on at a time; by default one for each GPU, or one.
        report: told often how far it is.

    Raises:
        InputError: the plan or the table is wrong, `out` holds cells that were trained otherwise, or
            another command works there.
        Failure: it was interrupted.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs {jobs} is too few; ask for at least 1")
    plan = _plan(plan_file, out)
    tiles = read_tiles(data)
    test = select_split(tiles, SPLIT, data)
    require_writable(out)
    with folders.sole_run(out):
        drawn = _store(plan, data, tiles, test, out)
        tasks = [_task(plan, cell, data, out, drawn) for cell in plan.cells()]
        for task in tasks:
            folders.require_same_training(task.training.out, task.training)
        slots = _slots(plan, out, jobs)
        tasks = [_with_readers(task, len(slots)) for task in tasks]
        return _work_through(_begin(tasks, len(slots)), slots, report)


def _plan(plan_file: Path | None, out: Path) -> Plan:
    if plan_file is not None:
        return read_plan(plan_file)
    return folders.stored_plan(out) if (out / folders.PLAN).is_file() else Plan()


def _store(plan: Plan, data: Path, tiles: list[Tile], test: list[Tile], out: Path) -> tuple[str, ...]:
    """Write plan, record and examples of the figure; the names of the example tiles."""
    sha256 = checksum(data)
    if (out / folders.ABOUT).is_file() and folders.about(out)["data"]["sha256"] != sha256:
        raise InputError(
            f"{data} is not the table that the benchmark in {out} began with; choose another --out"
        )
    drawn = choose_examples(test, plan.figure_tiles)
    for tile in drawn:
        _store_example(tile, out / folders.EXAMPLES)
    about = {
        "data": {"table": data.name, "sha256": sha256},
        "published_release": is_published_release(tiles),
        "test_tiles": len(test),
        "examples": [tile.name for tile in drawn],
    }
    write_json(out / folders.ABOUT, about)
    write_text(out / folders.PLAN, plan.to_yaml())
    return tuple(tile.name for tile in drawn)


def _store_example(tile: Tile, folder: Path) -> None:
    """Keep images and truth of a tile of the figure, so that the report needs nothing but the benchmark."""
    parts: dict[str, NDArray[np.uint8]] = {
        "sar": read_images(tile, Modalities.SAR)[0],
        "optical": read_images(tile, Modalities.OPTICAL).transpose(1, 2, 0),
        "truth": read_label(tile),
    }
    for part, pixels in parts.items():
        with atomic_write(folder / f"{tile.name}_{part}.png") as partial:
            Image.fromarray(np.ascontiguousarray(pixels)).save(partial, format="PNG")


def _task(plan: Plan, cell: Cell, data: Path, out: Path, drawn: tuple[str, ...]) -> Task:
    folder = folders.cell_folder(out, cell)
    plain = {name: str(value) if name != "seed" else value for name, value in cell._asdict().items()}
    training = plan.training(cell, data, folder)
    return Task(cell.name, plain, training, plan.engine, plan.flips, drawn)


def _with_readers(task: Task, slots: int) -> Task:
    """The task with its share of the processes that read crops, unless the plan says how many."""
    if task.training.workers is not None:
        return task
    return replace(task, training=task.training.model_copy(update={"workers": default_workers(slots)}))


def _slots(plan: Plan, out: Path, jobs: int | None) -> list[Slot]:
    """One slot a visible GPU, or `jobs` slots; they share the cores."""
    wanted = {plan.training(cell, Path(), Path()).device for cell in plan.cells()}
    devices = _visible_gpus() if any(find_device(kind).type == "cuda" for kind in wanted) else []
    count = jobs or max(1, len(devices))
    threads = {} if count == 1 else {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // count))}
    environments = [threads] * count
    if devices:
        environments = [
            {**threads, "CUDA_VISIBLE_DEVICES": devices[slot % len(devices)]} for slot in range(count)
        ]
    return [Slot(number, out, environment) for number, environment in enumerate(environments)]


def _visible_gpus() -> list[str]:
    """Names under which the GPUs of this process can be made visible to another."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named:
        return [name.strip() for name in named.split(",")][: torch.cuda.device_count()]
    return [str(number) for number in range(torch.cuda.device_count())]


def _begin(tasks: list[Task], slots: int) -> _Work:
    """Sort the finished cells from those to be worked on, those begun first."""
    work = _Work(deque(), Pace(slots), Outcome([], {}), len(tasks))
    begun: list[Task] = []
    fresh: list[Task] = []
    for task in tasks:
        record = folders.finished(task.training.out)
        if record is None:
            (begun if task.training.out.exists() else fresh).append(task)
            continue
        work.outcome.finished.append(task.name)
        if record["seconds"]["train"] is not None:
            work.pace.add(task.training.model, record["seconds"]["train"] + record["seconds"]["test"])
    if work.outcome.finished:
        log.info("%d of %d cells are finished already", len(work.outcome.finished), len(tasks))
    work.waiting.extend(begun + fresh)
    return work


def _work_through(work: _Work, slots: list[Slot], report: Callable[[Status], None]) -> Outcome:
    with _sigterm_as_ctrl_c():
        try:
            report(work.status())
            while work.waiting or work.at:
                for slot in slots:
                    if work.waiting and not slot.busy:
                        _give(work, slot)
                for told in processes.news(slots):
                    _take(work, told)
                report(work.status())
        except KeyboardInterrupt as error:
            done = len(work.outcome.finished)
            log.warning("Stopping; the cells at work are brought to a point to go on from")
            raise Failure(
                f"interrupted with {done} of {work.cells} cells finished; the same command goes on"
            ) from error
        finally:
            processes.stop(slots)
    return work.outcome


def _give(work: _Work, slot: Slot) -> None:
    task = work.waiting.popleft()
    work.at[slot.number] = task
    work.begun[slot.number] = time.monotonic()
    work.steps[slot.number] = (0, task.training.steps)
    log.debug("%s begins", task.name)
    slot.give(task)


def _take(work: _Work, told: News) -> None:
    if told.kind == "steps":
        work.steps[told.slot] = told.value
        return
    task = work.at.pop(told.slot)
    seconds = time.monotonic() - work.begun[told.slot]
    if told.kind == "finished":
        work.outcome.finished.append(task.name)
        if told.value["seconds"]["train"] is not None:
            work.pace.add(task.training.model, seconds)
        _log_cell(work, task, told.value, seconds)
    else:
        folders.write_failure(task.training.out, told.value)
        work.outcome.failed[task.name] = told.value
        log.error("%s failed: %s", task.name, told.value)


def _log_cell(work: _Work, task: Task, record: dict[str, Any], seconds: float) -> None:
    status = work.status()
    left = "" if status.seconds_left is None else f"; about {in_words(status.seconds_left)} left"
    miou = "absent" if record["miou"] is None else f"{100 * record['miou']:.2f} %"
    log.info(
        "[%d/%d] %s: mIoU %s in %s%s", status.done, status.cells, task.name, miou, in_words(seconds), left
    )


@contextlib.contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does."""

    def receive(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        former = signal.signal(signal.SIGTERM, receive)
    except ValueError:  # not the main thread, which gets no signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
