"""The progress of a training: a bar on standard error, and a report to the caller."""

import logging
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oemsar.evaluate.tables import percent
from oemsar.progress import Report
from oemsar.train.crops import Batch
from oemsar.train.lightning import Callback, LightningModule, Trainer
from oemsar.train.metrics_writer import MetricsWriter
from oemsar.train.validation import Validation


def is_shown() -> bool:
    """Tell whether there is a person to draw for: standard error is a terminal, and messages are shown."""
    telling = logging.getLogger("oemsar").getEffectiveLevel() <= logging.INFO
    return telling and Console(stderr=True).is_terminal


class ProgressBar(Callback):
    """A bar of the steps done, with samples a second, loss, and mIoU of the last validation.

    Args:
        steps: Number of steps of the run.
        metrics: Writer of the loss and the rate that are shown.
        validation: Validation whose mIoU is shown; None where there is none.
    """

    def __init__(self, steps: int, metrics: MetricsWriter, validation: Validation | None) -> None:
        self._steps = steps
        self._metrics = metrics
        self._validation = validation
        self._progress = Progress(
            TextColumn("Training"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}"),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("", total=steps, state="")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the bar."""
        if trainer.is_global_zero:
            self._progress.start()
            self._progress.update(self._task, completed=trainer.global_step)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's signature)
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=trainer.global_step, state=self._state())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def _state(self) -> str:
        parts = []
        if self._metrics.rate is not None:
            parts.append(f"{self._metrics.rate:.1f} samples/s")
        if self._metrics.loss is not None:
            parts.append(f"loss {self._metrics.loss:.3f}")
        if self._validation is not None and self._validation.scores is not None:
            parts.append(f"mIoU {percent(self._validation.scores.miou)} %")
        return "  ".join(parts)


class StepReport(Callback):
    """Reports the steps done after each step, and those before a resumed run's first.

    Args:
        steps: Number of steps of the run.
        report: Function that takes the steps done and in all.
    """

    def __init__(self, steps: int, report: Report) -> None:
        self._steps = steps
        self._report = report

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the step that the run begins at."""
        self._report(trainer.global_step, self._steps)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's signature)
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Report the step."""
        self._report(trainer.global_step, self._steps)
