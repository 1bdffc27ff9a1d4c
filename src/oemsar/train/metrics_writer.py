"""The metrics of a run in progress: metrics.csv, TensorBoard, log lines at regular steps and validations."""

import csv
import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field
from torch.utils.tensorboard import SummaryWriter

from oemsar.config_file import Value
from oemsar.disk import disk_errors
from oemsar.errors import Failure
from oemsar.evaluate.tables import percent
from oemsar.files import atomic_write
from oemsar.legend import NAMES
from oemsar.train.crops import Batch
from oemsar.train.lightning import Callback, LightningModule, Trainer
from oemsar.train.run_folder import METRICS, TENSORBOARD
from oemsar.train.validation import Validation

COLUMNS = ("step", "loss", "learning_rate", "samples_per_second", "miou", *NAMES)

_EVERY = 10
_LINES = 100
"""Log lines of a run beside those of its validations, at most."""
_DIGITS = 19
"""More digits than a number of steps has."""

log = logging.getLogger(__name__)


class _Pending(Value):
    """State of the metrics in a checkpoint: the steps that no row holds yet."""

    losses: tuple[Annotated[float, Field(allow_inf_nan=True)], ...]
    learning_rate: float = Field(ge=0)
    seconds: float


class MetricsWriter(Callback):
    """Writes the mean loss every ten steps and at every validation, and the scores of the validation.

    It comes after the validation and before the checkpoints, so that the metrics of a step are there when its
    checkpoint is.

    Args:
        out: Folder of the run.
        batch: Number of samples in a step.
        validation: Validation whose scores are written; None where there is none.
        logs: Whether to log a line at each validation, and every hundredth of the steps (at least ten).

    Attributes:
        loss: Mean loss between the last two times it was written; None before the first.
        rate: Samples a second over the same steps, validation left out; None before the first.
    """

    def __init__(self, out: Path, batch: int, validation: Validation | None, logs: bool) -> None:
        self._out = out
        self._batch = batch
        self._validation = validation
        self._logs = logs
        self._writer: SummaryWriter | None = None
        self._losses: list[torch.Tensor] = []
        self._clock = 0.0
        self._seconds = 0.0
        self._learning_rate = 0.0
        self._written = 0
        self._told = 0
        self.loss: float | None = None
        self.rate: float | None = None

    def state_dict(self) -> dict[str, Any]:
        """Give what a checkpoint keeps, plain values."""
        return {
            "losses": [float(loss) for loss in self._losses],
            "learning_rate": self._learning_rate,
            "seconds": self._training_time() - self._clock if self._losses else 0.0,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the values of a checkpoint; earlier versions kept none.

        Raises:
            InputError: The checkpoint holds no such values.
        """
        stored = _Pending.model_validate(state_dict)
        self._losses = [torch.tensor(loss) for loss in stored.losses]
        self._learning_rate, self._seconds = stored.learning_rate, stored.seconds

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the last validation of the checkpoint, which is restored by now."""
        self._written = 0 if self._validation is None else self._validation.validated_step

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the files, without the rows that come after the checkpoint the run goes on from."""
        self._told = trainer.global_step
        if trainer.is_global_zero:
            if trainer.global_step:
                log.info("Resuming at step %d", trainer.global_step)
            rewind(self._out / METRICS, trainer.global_step)
            purge = trainer.global_step + 1 if trainer.global_step else None
            with disk_errors(self._out / METRICS):
                self._writer = SummaryWriter(str(self._out / TENSORBOARD), purge_step=purge)
        self._clock = self._training_time() - self._seconds
        if self._losses and self._has_news():
            self._write_losses(trainer)
        self._write_scores(trainer)

    def on_train_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Remember the learning rate of the step, before the schedule goes on to the next."""
        self._learning_rate = float(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's signature)
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Write the metrics that are due after the step."""
        self._losses.append(outputs["loss"].detach())
        if len(self._losses) >= _EVERY or self._has_news():
            self._write_losses(trainer)
        self._write_scores(trainer)
        if trainer.global_step - self._told >= max(_EVERY, trainer.max_steps // _LINES) and not self._losses:
            self._tell(trainer, "")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the files."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the files; what cannot be written any more is not what the run ended of."""
        with suppress(OSError, Failure):
            self._close()

    def _training_time(self) -> float:
        """Read the seconds of a clock that stops during validation."""
        return time.perf_counter() - (0.0 if self._validation is None else self._validation.seconds)

    def _has_news(self) -> bool:
        """Tell whether a validation was finished and is not yet written."""
        return self._validation is not None and self._validation.validated_step != self._written

    def _write_losses(self, trainer: Trainer) -> None:
        device = self._losses[-1].device
        self.loss = float(torch.stack([loss.to(device) for loss in self._losses]).mean())
        now = self._training_time()
        self.rate = len(self._losses) * self._batch / (now - self._clock)
        self._losses, self._clock = [], now
        values: dict[str, float | None] = {
            "loss": self.loss,
            "learning_rate": self._learning_rate,
            "samples_per_second": self.rate,
        }
        self._write(trainer, values)

    def _write_scores(self, trainer: Trainer) -> None:
        validation = self._validation
        if validation is None or validation.scores is None or not self._has_news():
            return
        self._written = validation.validated_step
        scores = {name: scores.iou for name, scores in validation.scores.classes.items()}
        self._write(trainer, {"miou": validation.scores.miou, **scores})
        self._tell(trainer, f", mIoU {percent(validation.scores.miou)} %")

    def _tell(self, trainer: Trainer, scores: str) -> None:
        """Log the step, the loss, the scores where there are new ones, and the rate."""
        self._told = trainer.global_step
        if self._logs and trainer.is_global_zero and self.loss is not None and self.rate is not None:
            log.info(
                *("step %d of %d: loss %.4f%s, %.1f samples/s", trainer.global_step, trainer.max_steps),
                *(self.loss, scores, self.rate),
            )

    def _write(self, trainer: Trainer, values: dict[str, float | None]) -> None:
        if self._writer is None:
            return
        step = trainer.global_step
        present = {name: value for name, value in values.items() if value is not None}
        with disk_errors(self._out / METRICS):
            with (self._out / METRICS).open("a", newline="") as file:
                csv.DictWriter(file, COLUMNS).writerow({"step": step, **present})
            for name, value in present.items():
                self._writer.add_scalar(f"iou/{name}" if name in NAMES else name, value, step)

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with disk_errors(self._out / METRICS):
                writer.close()


def rewind(path: Path, step: int) -> None:
    """Drop the rows after `step` from the table of metrics at `path`, or start it.

    A row that a killed run did not finish goes, too.
    """
    rows = []
    if path.exists():
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            lines = (line.replace("\0", "\ufffd") for line in file)
            try:
                rows = [row for row in csv.DictReader(lines) if _is_whole(row) and int(row["step"]) <= step]
            except csv.Error:
                log.warning("%s is damaged and is begun anew", path)
    with atomic_write(path) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _is_whole(row: dict[str, Any]) -> bool:
    """Tell whether the row has every column, empty or not, and no other."""
    step = row.get("step") or ""
    named = row.keys() == set(COLUMNS) and None not in row.values()
    return named and step.isascii() and step.isdigit() and len(step) < _DIGITS
