"""Validation: one confusion matrix over the whole validation split."""

import time
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from oemsar.config_file import Value
from oemsar.errors import Failure
from oemsar.evaluate.confusion import confusion_tensor
from oemsar.evaluate.scores import Scores
from oemsar.legend import NUM_CLASSES
from oemsar.train.averaging import WeightAverage, averaged
from oemsar.train.crops import Batch
from oemsar.train.data import TileData
from oemsar.train.interruption import Interruption
from oemsar.train.lightning import Callback, LightningModule, Trainer
from oemsar.train.module import LandCoverModule


class _Validated(Value):
    """State of a validation in a checkpoint."""

    validated_step: int = Field(ge=0)
    best_step: int | None = Field(ge=1)
    best_miou: float = Field(ge=-1, le=1)


class Validation(Callback):
    """Scores the network every so many steps and after the last.

    It runs within the training step's hook rather than as Lightning's validation loop, which cannot start
    again after an interruption: a checkpoint says here which step was validated last, and a validation
    that is due and was not finished is run when training goes on.

    Args:
        data: Data module whose validation tiles are scored.
        interruption: Signals that end a validation early.
        every: Number of steps between validations.
        steps: Number of steps of the run.
        average: Averaged weights to score in the place of the network's own; None for its own.

    Attributes:
        validated_step: Step of the last finished validation.
        scores: Scores of the last finished validation of this process; None before it.
        best_step: Step of the highest mIoU so far; None before a validation.
        best_miou: Highest mIoU so far, -1 where none.
        seconds: Seconds that this process spent in validation.
    """

    def __init__(
        self,
        data: TileData,
        interruption: Interruption,
        every: int,
        steps: int,
        average: WeightAverage | None = None,
    ) -> None:
        self._data = data
        self._average = average
        self._interruption = interruption
        self._every = every
        self._steps = steps
        self.validated_step = 0
        self.scores: Scores | None = None
        self.best_step: int | None = None
        self.best_miou = -1.0
        self.seconds = 0.0

    def state_dict(self) -> dict[str, int | float | None]:
        """Give what a checkpoint keeps, plain values."""
        return {
            "validated_step": self.validated_step,
            "best_step": self.best_step,
            "best_miou": self.best_miou,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the values of a checkpoint.

        Raises:
            InputError: The checkpoint holds no such values.
        """
        stored = _Validated.model_validate(state_dict)
        self.validated_step = stored.validated_step
        self.best_step, self.best_miou = stored.best_step, stored.best_miou

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Run the validation that an interruption cut off."""
        self._validate_if_due(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's signature)
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Run the validation that is due."""
        self._validate_if_due(trainer, pl_module)

    def _validate_if_due(self, trainer: Trainer, module: LightningModule) -> None:
        step = trainer.global_step
        due = step % self._every == 0 or step == self._steps
        if step == self.validated_step or not due:
            return
        begin = time.perf_counter()
        with averaged(self._average, cast(LandCoverModule, module).network):
            confusion = self._confusion(trainer, cast(LandCoverModule, module))
        self.seconds += time.perf_counter() - begin
        if confusion is None:
            return
        self.scores = Scores.from_confusion(confusion)
        self.validated_step = step
        miou = self.scores.miou
        if miou is None:
            raise Failure("the validation labels hold no known pixel; check the labels of split val")
        if miou > self.best_miou:
            self.best_miou, self.best_step = miou, step

    def _confusion(self, trainer: Trainer, module: LandCoverModule) -> NDArray[np.int64] | None:
        """Count over the split, shape (8, 8); None where a signal cut it off before the last step."""
        last = trainer.global_step == self._steps
        counts = torch.zeros(NUM_CLASSES, NUM_CLASSES, dtype=torch.int64, device=module.device)
        module.network.eval()
        with torch.no_grad(), trainer.precision_plugin.val_step_context():
            for batch in self._data.validation_tiles():
                if self._interruption.requested and not last:
                    break
                images = batch["image"].to(module.device).contiguous(memory_format=torch.channels_last)
                masks = [batch["valid"].to(module.device)] if "valid" in batch else []
                prediction = module.network(images, *masks).argmax(1).to(torch.uint8) + 1
                counts += confusion_tensor(batch["label"].to(module.device), prediction)
        module.network.train()
        if self._interruption.agreed(trainer) and not last:
            return None
        summed = trainer.strategy.reduce(counts, reduce_op="sum")
        return cast(torch.Tensor, summed).cpu().numpy()
