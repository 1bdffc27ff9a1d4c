"""How far a training is: a bar on standard error, and a report to whoever called."""

import logging
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oemsar.progress import Report
from oemsar.train.crops import Batch
from oemsar.train.journal import Journal
from oemsar.train.validation import Validation


def is_shown() -> bool:
    """Whether there is a person to draw for: standard error is a terminal, and not `--quiet`."""
    telling = logging.getLogger("oemsar").getEffectiveLevel() <= logging.INFO
    return telling and Console(stderr=True).is_terminal


class ProgressBar(Callback):
    """Steps done, samples a second, loss, and mIoU of the last validation."""

    def __init__(self, steps: int, journal: Journal, validation: Validation | None) -> None:
        self._steps = steps
        self._journal = journal
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
        if self._journal.rate is not None:
            parts.append(f"{self._journal.rate:.1f} samples/s")
        if self._journal.loss is not None:
            parts.append(f"loss {self._journal.loss:.3f}")
        if self._validation is not None and self._validation.scores is not None:
            parts.append(f"mIoU {self._validation.scores.miou:.3f}")
        return "  ".join(parts)


class StepReport(Callback):
    """Tells `report` the steps done after each, and those before a resumed run's first."""

    def __init__(self, steps: int, report: Report) -> None:
        self._steps = steps
        self._report = report

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell where the run begins."""
        self._report(trainer.global_step, self._steps)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's signature)
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Tell of the step."""
        self._report(trainer.global_step, self._steps)
