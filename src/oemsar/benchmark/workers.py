"""Processes that work on cells, one on each device: started, watched, and started again when they die.

A cell runs in a process of its own kind, so that whatever it dies of (memory, a fault of a driver) is told as
the reason of that cell. A process goes on to the next cell, because starting Python and its libraries takes
longer than a small cell.
"""

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from oemsar.benchmark.folder import LOG
from oemsar.disk import disk_error
from oemsar.errors import Interrupted, OemsarError
from oemsar.processes import watch_parent
from oemsar.signals import held_signals, release_signals

if TYPE_CHECKING:  # a cell loads the libraries of the networks, which only the workers need
    from oemsar.benchmark.cell import Task

EventKind = Literal["steps", "finished", "failed", "interrupted"]

_GRACE_SECONDS = 120.0
_GOODBYE_SECONDS = 10.0
_EVERY_SECONDS = 0.5
_STANDARD = (1, 2)


@dataclass(frozen=True)
class WorkerEvent:
    """Message of a worker.

    Attributes:
        worker: Number of the worker.
        kind: `steps` (value: steps done and in all), `finished` (value: record of the cell), `failed` (value:
            the reason) or `interrupted` (value: the position it stopped at).
        value: Content of the message, by its kind.
    """

    worker: int
    kind: EventKind
    value: Any


@dataclass
class Worker:
    """Process that works on cells, and the device it sees.

    Attributes:
        number: Number of the worker.
        root: Folder of the benchmark.
        environment: Variables that the process begins with, such as the device it may see.
    """

    number: int
    root: Path
    environment: dict[str, str]
    _pipe: Connection | None = field(default=None, init=False)
    _process: Any = field(default=None, init=False)
    busy: bool = field(default=False, init=False)

    def submit(self, task: "Task") -> None:
        """Hand the next cell to the process, starting one where there is none."""
        if self._process is None or not self._process.is_alive():
            self._start()
        if self._pipe is None:
            raise RuntimeError("the worker has no process")
        self.busy = True
        self._pipe.send(task)

    @property
    def process_id(self) -> int | None:
        """Process identifier; None where there is no process."""
        pid: int | None = None if self._process is None else self._process.pid
        return pid

    def waitables(self) -> list[Any]:
        """List what becomes ready when the worker has a message."""
        return [self._pipe, self._process.sentinel] if self.busy else []

    def events(self) -> Iterator[WorkerEvent]:
        """Take the messages since the last call; that of its death, where the process died."""
        while self.busy and self._pipe is not None and self._pipe.poll():
            try:
                kind, value = self._pipe.recv()
            except (EOFError, OSError):  # a pipe whose other end is gone stays ready, with nothing in it
                yield self._death_event()
                return
            self.busy = kind == "steps"
            yield WorkerEvent(self.number, kind, value)
            if kind in ("failed", "interrupted"):
                self.end(_GOODBYE_SECONDS)
        # processes that read crops may keep the pipe of a killed one open for some seconds
        if self.busy and self._pipe is not None and not self._process.is_alive() and not self._pipe.poll():
            yield self._death_event()

    def interrupt(self) -> None:
        """Ask the process to stop where it can go on from, or once it has finished the cell."""
        if self._process is not None and self._process.is_alive():
            if self._pipe is not None:
                with contextlib.suppress(OSError):
                    self._pipe.send(None)
            self._process.terminate()

    def end(self, seconds: float) -> None:
        """Wait for a process that is about to stop, and kill it after `seconds`.

        The pipe stays open meanwhile: what the process tells as it stops must not fail.
        """
        if self._process is not None:
            self._process.join(seconds)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._pipe, self._process, self.busy = None, None, False

    def _death_event(self) -> WorkerEvent:
        """Report the death of the process and its cause."""
        self._process.join(_GOODBYE_SECONDS)
        cause = _cause_of_death(self._process.exitcode)
        self.end(0)
        return WorkerEvent(self.number, "failed", cause)

    def _start(self) -> None:
        self.end(0)
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        arguments = (there, self.root, self.environment, os.getpid(), _level())
        self._process = context.Process(target=_serve, args=arguments, name=f"worker {self.number}")
        resource_tracker.ensure_running()  # as it starts, it lets signals come that are held back
        with _in_environment(self.environment), held_signals():
            self._process.start()
        there.close()


def events(workers: list[Worker]) -> list[WorkerEvent]:
    """Wait for a while for messages of the busy workers."""
    wait([waitable for worker in workers for waitable in worker.waitables()], _EVERY_SECONDS)
    return [event for worker in workers for event in worker.events()]


def stop(workers: list[Worker]) -> None:
    """End every process; those at work stop at a point to go on from."""
    for worker in workers:
        worker.interrupt()
    deadline = time.monotonic() + _GRACE_SECONDS
    for worker in workers:
        worker.end(max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def _in_environment(variables: dict[str, str]) -> Iterator[None]:
    """Give processes started in here `variables`, which some libraries read before any of our code runs."""
    former = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(pipe: Connection, root: Path, environment: dict[str, str], parent: int, level: int) -> None:
    """Work on one cell after another, until there is none or a cell fails."""
    with contextlib.suppress(OSError):
        os.setsid()  # Ctrl-C reaches only the command, which then asks each process to stop
    watch_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one may have come before
    release_signals()
    faulthandler.enable()
    from oemsar.benchmark.cell import work
    from oemsar.benchmark.folder import shared_run

    _set_threads(environment)
    with shared_run(root):
        while True:
            try:
                task = pipe.recv()
            except (EOFError, OSError):
                return
            if task is None:
                return
            job = partial(work, task, lambda *steps: _send(pipe, "steps", steps))
            if not _run_logged(pipe, job, task.training.out, level):
                return


def _run_logged(pipe: Connection, job: Callable[[], object], folder: Path, level: int) -> bool:
    """Do the job as `_run_job` does, with its talk in the log of the cell."""
    try:
        with _logged(folder, level):
            return _run_job(pipe, job)
    except OSError as error:  # of the log itself
        found = disk_error(error, folder / LOG)
        _send(pipe, "failed", str(error if found is None else found))
        return False


def _run_job(pipe: Connection, job: Callable[[], object]) -> bool:
    """Do the job and send its outcome; False where the process should not be used again."""
    log = logging.getLogger("oemsar")
    try:
        _send(pipe, "finished", job())
    except OemsarError as error:
        log.error("%s", error)
        _send(pipe, "interrupted" if isinstance(error, Interrupted) else "failed", str(error))
    except Exception as error:  # whatever a cell dies of is its failure, told with its traceback in the log
        log.error("%s", traceback.format_exc())
        summary = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
        _send(pipe, "failed", f"{type(error).__name__}: {summary} (see {LOG} in the cell's folder)")
    else:
        return True
    return False


def _send(pipe: Connection, kind: EventKind, value: object) -> None:
    """Send a message to the command; to nobody where it is gone, which is no fault of the cell."""
    with contextlib.suppress(OSError):
        pipe.send((kind, value))


@contextlib.contextmanager
def _logged(folder: Path, level: int) -> Iterator[None]:
    """Write what is logged or printed meanwhile, by libraries and in a crash too, to the log of the cell."""
    folder.mkdir(parents=True, exist_ok=True)
    log = logging.getLogger("oemsar")
    log.setLevel(level)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    terminal = [os.dup(stream) for stream in _STANDARD]
    with (folder / LOG).open("a", encoding="utf-8") as file:
        for stream in _STANDARD:
            os.dup2(file.fileno(), stream)
        log.addHandler(handler)
        try:
            yield
        finally:
            log.removeHandler(handler)
            for stream, former in zip(_STANDARD, terminal, strict=True):
                os.dup2(former, stream)
                os.close(former)


def _level() -> int:
    """Find the level of a cell's log: that of the command, at least INFO."""
    return min(logging.INFO, logging.getLogger("oemsar").getEffectiveLevel())


def _set_threads(environment: dict[str, str]) -> None:
    if "OMP_NUM_THREADS" in environment:
        import torch

        torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))


def _cause_of_death(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "the process was killed, most likely for want of memory; choose a smaller batch or crop"
    if code is not None and code < 0:
        return f"the process died of {signal.Signals(-code).name} (see {LOG} in the cell's folder)"
    return f"the process ended with exit code {code} (see {LOG} in the cell's folder)"
