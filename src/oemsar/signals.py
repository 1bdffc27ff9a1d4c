"""Ctrl-C and SIGTERM: the first stops a command, which cleans up; the next ends it at once."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from oemsar.files import remove_unfinished

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a command to stop."""
REPEAT_SECONDS = 0.5
"""Time in which a signal that comes again is the same one: `timeout` and wrappers of commands pass it on."""


class Stopped(KeyboardInterrupt):
    """A signal asked the command to stop.

    Attributes:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def signal_of(error: BaseException) -> int:
    """Give the number of the signal behind an interruption; Ctrl-C's where it is not known."""
    return error.number if isinstance(error, Stopped) else int(signal.SIGINT)


@contextmanager
def stopping() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block by `Stopped`; the next of them ends the process, and its children.

    Signals that are ignored, as those of a command in the background are, stay so. Outside the main thread,
    which alone gets signals, nothing is changed.
    """
    came: list[float] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if not came:
            came.append(time.monotonic())
            raise Stopped(number)
        if time.monotonic() - came[0] > REPEAT_SECONDS:
            _end(number)

    former = {}
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            try:
                former[number] = signal.signal(number, receive)
            except ValueError:
                break
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def held_signals() -> Iterator[None]:
    """Hold the signals back until the block ends; a process that is started in it begins with them held back.

    Else it would answer with a traceback until it has read its code. `release_signals` ends its state.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    former = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def release_signals() -> None:
    """Let signals come again to a process that was started while they were held back."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _end(number: int) -> NoReturn:
    """End this process and those it started, without waiting for anything."""
    for child in multiprocessing.active_children():
        child.kill()
    remove_unfinished()
    os._exit(128 + number)
