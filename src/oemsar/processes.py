"""Work in several processes that end with the one that started them."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from oemsar.errors import Failure

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
    """Yield processes that end with this one; after an error in the block no queued work is begun.

    The pool's own `with` block does not do this: as it ends it takes back that the queue was cancelled.
    """
    # forking would copy threads and open files of GDAL in an unknown state
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, watch_parent, (os.getpid(),))
    try:
        yield pool
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def watch_parent(parent: int) -> None:
    """End this process soon after the one that started it, which may have been killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
