"""The Lightning module: one training step, the optimiser and the learning rate over time."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed
from torch import Tensor

from oemsar.errors import InputError
from oemsar.models.gradient_checkpointing import enable_gradient_checkpointing
from oemsar.models.network import LandCoverNetwork
from oemsar.train.accumulation import outputs_in_parts
from oemsar.train.config import TrainConfig
from oemsar.train.crops import Batch
from oemsar.train.lightning import LightningModule
from oemsar.train.loss_input import Sum, single_process
from oemsar.train.losses import compute_loss
from oemsar.train.phases import Phase, phase_at
from oemsar.train.self_training import SelfTraining
from oemsar.train.teachers import Teachers, taught_loss

_STEP_STREAM = 6


class LandCoverModule(LightningModule):
    """A network and its training step.

    Args:
        network: Network that turns digital numbers into logits.
        config: Options of the training.
        class_weights: Eight weights in legend order.
        teachers: Networks whose answers are soft targets; None where there are none.

    Raises:
        InputError: The network has no blocks to compute again where that is wanted.

    Attributes:
        network: Network in training.
        config: Options of the training.
        teachers: Networks whose answers are soft targets; None where there are none.
        class_weights: Weights of the classes in legend order, float32, shape (8,).
        self_training: Labels for ground without any; None where there are none.
    """

    class_weights: Tensor

    def __init__(
        self,
        network: LandCoverNetwork,
        config: TrainConfig,
        class_weights: tuple[float, ...],
        teachers: Teachers | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.config = config
        self.teachers = teachers
        self.self_training: SelfTraining | None = None
        if config.checkpoint_gradients and not enable_gradient_checkpointing(network):
            raise InputError(
                f"{network.spec.architecture} has no encoder of blocks to compute again; leave it out",
                option="checkpoint_gradients",
            )
        self.register_buffer("class_weights", torch.tensor(class_weights), persistent=False)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed what the network draws, such as dropout, by the run's seed and the step alone."""
        words = [_STEP_STREAM, self.config.seed, self.global_step, self.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the loss over the known pixels of the batch, those of the other processes included."""
        images = batch["image"].contiguous(memory_format=torch.channels_last)
        total = sum_over_processes if torch.distributed.is_initialized() else single_process
        taught = None if self.teachers is None else self.teachers.teach(batch)
        own = None if self.self_training is None else self.self_training.mixture(self.network, batch)
        losses = [
            weight * self._loss(logits, batch, taught, total)
            for weight, logits in outputs_in_parts(
                self.network, images, batch.get("valid"), self.config.accumulate
            )
        ]
        loss = torch.stack(losses).sum()
        if self.self_training is not None and own is not None:
            loss = loss + self.self_training.loss(self.network, own, total)
        return loss

    def _loss(self, logits: Tensor, batch: Batch, taught: tuple[Tensor, Tensor] | None, total: Sum) -> Tensor:
        of_labels = compute_loss(
            self.config.loss,
            logits,
            batch["label"],
            self.class_weights,
            total,
            confidence=batch.get("confidence"),
            soft=batch.get("soft"),
        )
        if taught is None:
            return of_labels
        return taught_loss(of_labels, logits, taught, self.config.teacher_temperature, total)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 (Lightning's union of ways to say this)
        """Set up AdamW (Loshchilov and Hutter 2019), its learning rate stepped after every batch."""
        decayed = [p for p in self.network.parameters() if _is_decayed(p)]
        others = [p for p in self.network.parameters() if not _is_decayed(p)]
        groups: list[dict[str, Any]] = [
            {"params": decayed, "weight_decay": self.config.weight_decay},
            {"params": others},
        ]
        optimizer = torch.optim.AdamW(
            groups,
            lr=self.config.phases[0].learning_rate,
            weight_decay=0.0,
            fused=self.device.type in ("cpu", "cuda"),
        )
        phases, falls = self.config.phases, self.config.schedule == "cosine"
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: phased_factor(step, phases, falls=falls)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def _is_decayed(parameter: Tensor) -> bool:
    """Tell whether weight decay applies: not to norms and biases, nor to what its layer exempts."""
    return parameter.ndim > 1 and not getattr(parameter, "no_weight_decay", False)


def rate_factor(step: int, warmup: int, steps: int, *, falls: bool = True) -> float:
    """Compute the learning rate as a fraction of the highest: a linear rise, then half a cosine down to 0.

    Args:
        step: Step, counted from 0.
        warmup: Number of steps of the rise; the highest rate is that of step `warmup`.
        steps: Number of steps of the rise and the fall together.
        falls: Whether it falls after the rise, rather than staying at its highest.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if not falls:
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def phased_factor(step: int, phases: Sequence[Phase], *, falls: bool = True) -> float:
    """Compute the learning rate as a fraction of the first phase's highest; each has its own rise and fall.

    Args:
        step: Step, counted from 0 over all phases.
        phases: Phases of the run.
        falls: Whether it falls after each rise, rather than staying at its highest.
    """
    phase = phases[phase_at(phases, step)]
    factor = rate_factor(step - phase.first, phase.warmup, phase.steps, falls=falls)
    return factor * (phase.learning_rate / phases[0].learning_rate)


class _SumOverProcesses(torch.autograd.Function):
    """All-reduce by sum, differentiable where every process goes on to compute the same value.

    With the same value everywhere, every process holds the same gradient of it, and adding them up is
    multiplying by their number. Averaging over the processes, as DistributedDataParallel does with the
    gradients of the parameters, takes that factor out again.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # noqa: ANN401 (PyTorch's context)
        summed = value.clone(memory_format=torch.contiguous_format)
        torch.distributed.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401 (PyTorch's context)
        return gradients[0] * torch.distributed.get_world_size()


def sum_over_processes(value: Tensor) -> Tensor:
    """Add a tensor up over the processes of the run, and let its gradient through."""
    summed: Tensor = _SumOverProcesses.apply(value)  # type: ignore[no-untyped-call]
    return summed
