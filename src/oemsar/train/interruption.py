"""Ctrl-C and SIGTERM during a training, obeyed where a checkpoint can be written."""

import signal
import threading
import time
from types import FrameType
from typing import Any

from oemsar.signals import REPEAT_SECONDS, STOPPING, Stopped
from oemsar.train.lightning import Callback, LightningModule, Trainer


class Interruption(Callback):
    """Remembers a signal until the end of the step; a second one ends the run at once.

    Attributes:
        requested: Whether a signal came.
        signal: Number of the first signal; that of Ctrl-C before one came.
    """

    def __init__(self) -> None:
        self.requested = False
        self.signal = int(signal.SIGINT)
        self._came = 0.0
        self._former: dict[signal.Signals, Any] = {}

    def agreed(self, trainer: Trainer) -> bool:
        """Tell whether a signal came to any process of the run; every process has to call it."""
        return bool(trainer.strategy.reduce_boolean_decision(self.requested, all=False))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the signals over, from Lightning too."""
        if threading.current_thread() is threading.main_thread():  # Python allows it nowhere else
            self._former = {number: signal.signal(number, self._receive) for number in STOPPING}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give the signals back."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the signals back."""
        self._give_back()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.requested and time.monotonic() - self._came > REPEAT_SECONDS:
            raise Stopped(number)
        if not self.requested:
            self.requested, self.signal, self._came = True, number, time.monotonic()

    def _give_back(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former = {}
