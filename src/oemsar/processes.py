"""Work in several processes that end with the one that started them."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from types import FrameType
from typing import Any, TypeVar

from oemsar.errors import Failure
from oemsar.files import remove_unfinished
from oemsar.signals import held_signals, release_signals
from oemsar.visible_text import show_logs

_MOMENT_SECONDS = 0.3
_LOOK_SECONDS = 0.5
_SOON_SECONDS = 0.05

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    work: Callable[[Item], Result], items: Sequence[Item], workers: int, chunk: int = 1
) -> Iterator[Result]:
    """Yield the results of `work` on each of `items`, in their order.

    Args:
        work: Function of a module; errors it raises are raised here.
        items: Items to work on.
        workers: Number of processes; with 1, or no more items than `chunk`, this one does the work.
        chunk: Items handed to a process at once.

    Raises:
        Failure: A process was killed, as for want of memory.
    """
    if workers == 1 or len(items) <= chunk:
        yield from map(work, items)
        return
    with process_pool(workers) as pool:
        try:
            yield from pool.map(work, items, chunksize=chunk)
        except BrokenProcessPool as error:
            raise Failure(
                "a reading process was killed, perhaps for want of memory; run again with fewer of them",
                option="workers",
            ) from error


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes that end with this one; after an error in the block they leave their work.

    What they were writing they remove. The pool's own `with` block does none of this: as it ends it waits for
    what was begun, and takes back that the queue was cancelled.
    """
    # forking would copy threads and open files of GDAL in an unknown state
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # as it starts, it lets signals come that are held back
    pool = _Pool(workers, context, _begin, (os.getpid(),))
    try:
        yield pool
    except BaseException:
        pool.stop()
        raise
    pool.shutdown()


@contextmanager
def thread_pool(workers: int | None = None, *, wait: bool = True) -> Iterator[ThreadPoolExecutor]:
    """Yield threads; after an error in the block no queued work is begun.

    Args:
        workers: Number of threads; chosen by Python where None.
        wait: Whether the block, after an error, waits for the work that was begun.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=wait, cancel_futures=True)
        raise
    pool.shutdown()


class _Pool(ProcessPoolExecutor):
    """Processes that are started while signals are held back."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 (as it is there)
        """Hand work to the processes, starting one where all are busy."""
        with held_signals():
            return super().submit(fn, *args, **kwargs)

    def stop(self) -> None:
        """Let every process leave its work, and wait for its end."""
        for process in list((self._processes or {}).values()):
            process.terminate()
        self.shutdown(cancel_futures=True)


def _begin(parent: int) -> None:
    """Begin the life of a process of a pool: it ends with its parent, which alone answers to signals."""
    show_logs(logging.WARNING)
    watch_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _leave)
        signal.signal(signal.SIGTERM, _leave_soon)
    release_signals()


def _leave_soon(number: int, frame: FrameType | None) -> None:
    """Leave a moment after the signal: sent to all processes of a command, it reaches the parent first."""
    signal.setitimer(signal.ITIMER_REAL, _MOMENT_SECONDS)


def _leave(number: int, frame: FrameType | None) -> None:
    """End the process without what it was writing."""
    remove_unfinished()
    os._exit(1)


def watch_parent(parent: int) -> None:
    """End this process with the one that started it, which may have been killed already.

    The pipe by which Python tells of its end is not enough: processes forked meanwhile may keep it open.

    Args:
        parent: Identifier of that process, as it told it itself.
    """
    if os.getppid() != parent:
        os._exit(1)

    starter = multiprocessing.parent_process()
    ends = [] if starter is None else [starter.sentinel]

    def watch() -> None:
        while os.getppid() == parent:
            if not ends:
                time.sleep(_SOON_SECONDS)
            elif connection.wait(ends, _LOOK_SECONDS):
                ends.clear()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
