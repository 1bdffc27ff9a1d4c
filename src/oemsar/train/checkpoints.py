"""The files of a run in progress: checkpoints to go on from, and the saved model."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import torch
from pydantic import JsonValue
from torch import Tensor

from oemsar.disk import disk_errors
from oemsar.errors import Failure, InputError
from oemsar.files import partial_path, unlinked
from oemsar.models.checkpoint import CHECKPOINT_FAULTS, first_difference
from oemsar.models.finite import require_finite
from oemsar.models.saved import save_model
from oemsar.train.averaging import WeightAverage, averaged
from oemsar.train.crops import Batch
from oemsar.train.interruption import Interruption
from oemsar.train.lightning import Callback, LightningModule, TorchCheckpointIO, Trainer
from oemsar.train.module import LandCoverModule
from oemsar.train.validation import Validation

LAST = Path("checkpoints", "last.ckpt")
BEST = Path("checkpoints", "best.ckpt")
MODEL = Path("model")
_PARTS = ("optimizer_states", "lr_schedulers", "loops", "callbacks")
"""Parts of a checkpoint beside the weights that training goes on with."""


class Checkpoints(Callback):
    """Writes the last and the best state, each whole or not at all, and stops the run after a signal.

    Args:
        out: Folder of the run.
        record: Record of the run, plain values; stored with the model, with the step and the scores it
            reached.
        interruption: Signals that were received.
        validation: Scores by which a state is the best; None where there is nothing to validate on, and the
            last state is the model.
        every: Number of steps between checkpoints.
        steps: Number of steps of the run.
        average: Averaged weights that are the model in the place of the network's own; None for its own.
    """

    def __init__(
        self,
        out: Path,
        record: Mapping[str, JsonValue],
        interruption: Interruption,
        validation: Validation | None,
        *,
        every: int,
        steps: int,
        average: WeightAverage | None = None,
    ) -> None:
        self._out = out
        self._average = average
        self._record = record
        self._interruption = interruption
        self._validation = validation
        self._every = every
        self._steps = steps

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the state whose validation an earlier interruption had cut off."""
        if self._validated(trainer.global_step):
            self._write(trainer, cast(LandCoverModule, pl_module))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's signature)
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Write the states that are due, after the validation of the same step.

        Raises:
            Failure: The loss is not finite, or a file cannot be written.
        """
        step = trainer.global_step
        stop = self._interruption.agreed(trainer)
        if not (stop or self._validated(step) or step % self._every == 0 or step == self._steps):
            return
        if not torch.isfinite(outputs["loss"]):
            raise Failure(
                f"the loss is no longer finite at step {step}; choose a lower one", option="learning_rate"
            )
        self._write(trainer, cast(LandCoverModule, pl_module))
        trainer.should_stop = stop

    def _validated(self, step: int) -> bool:
        """Tell whether this process scored `step`, rather than read from a checkpoint that it was scored."""
        return (
            self._validation is not None
            and self._validation.scores is not None
            and self._validation.validated_step == step
        )

    def _write(self, trainer: Trainer, module: LandCoverModule) -> None:
        best = self._validation is None or self._validation.best_step == trainer.global_step
        if best and trainer.is_global_zero:
            self._save_model(trainer, module)
        if best and self._validation is not None:
            save_checkpoint(trainer, self._out / BEST)
        # last of all: a run killed before this does the step again, and all that was written above
        save_checkpoint(trainer, self._out / LAST)

    def _save_model(self, trainer: Trainer, module: LandCoverModule) -> None:
        scores = None if self._validation is None else self._validation.scores
        reached = {"step": trainer.global_step, "scores": None if scores is None else scores.to_dict()}
        with averaged(self._average, module.network):
            save_model(module.network, self._out / MODEL, {**self._record, **reached})


def save_checkpoint(trainer: Trainer, path: Path) -> None:
    """Write the state of `trainer` to `path`, whole or not at all; every process has to call it.

    Raises:
        DiskFull: The disk has no room left.
        Failure: The file cannot be written.
    """
    partial = unlinked(partial_path(path))
    try:
        with disk_errors(path):
            trainer.save_checkpoint(partial)
            if trainer.is_global_zero:
                partial.replace(path)
    except BaseException as error:
        if trainer.is_global_zero:  # or it would keep the disk full
            with suppress(OSError):
                partial.unlink()
        if isinstance(error, OSError):
            raise Failure(
                f"{path} cannot be written ({error.strerror}); mend that and resume the run"
            ) from error
        raise


class PlainFiles(TorchCheckpointIO):
    """Checkpoints written where they are to lie: Lightning would write them to a temporary folder first."""

    def save_checkpoint(
        self, checkpoint: Mapping[str, Any], path: str | Path, storage_options: object = None
    ) -> None:
        """Write a checkpoint to a file, in a folder that is made where it is missing."""
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            torch.save(checkpoint, stream)


def require_readable(path: Path, module: LandCoverModule) -> None:
    """Check that a checkpoint can be gone on from.

    Args:
        path: The checkpoint.
        module: Module that is to go on.

    Raises:
        InputError: It cannot be read, belongs to another network, or holds a value that is not finite.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        weights = {name: value for name, value in content["state_dict"].items() if torch.is_tensor(value)}
        complete = all(isinstance(content[part], dict | list) for part in _PARTS)
    except CHECKPOINT_FAULTS as error:
        raise InputError(f"{path} is not a readable checkpoint; remove it and start the run again") from error
    difference = first_difference(module.state_dict(), weights)
    if difference is not None or not complete:
        raise InputError(
            f"{path} is not a checkpoint of this run ({difference or 'a part of it is missing'}); remove it "
            "and start the run again"
        )
    require_finite(weights, path)
    for part in ("optimizer_states", "callbacks"):
        require_finite(dict(_tensors(content[part], part)), path)


def _tensors(content: object, name: str) -> Iterator[tuple[str, Tensor]]:
    """Find the tensors in nested plain values, each with a name."""
    if isinstance(content, Tensor):
        yield name, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _tensors(value, f"{name}.{key}")
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            yield from _tensors(value, f"{name}.{number}")
