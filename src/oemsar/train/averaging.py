"""The average of the weights over the steps of a training, which is validated and saved in their place."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.models.checkpoint import first_difference
from oemsar.train.crops import Batch
from oemsar.train.lightning import Callback, LightningModule, Trainer


class WeightAverage(Callback):
    """Exponential moving average of the weights of a network, statistics of batch norms included.

    After step n, counted from 1, the average moves by 1 - d towards the weights, where d is the lower of the
    decay and (1 + n) / (10 + n): in its first steps it forgets the weights that the training began with.

    Args:
        network: Network in training.
        decay: Share of the average that a step keeps, 0..1, in the long run.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self._updates = 0
        self._average = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """Give what a checkpoint keeps."""
        return {"updates": self._updates, "average": self._average}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the average of a checkpoint.

        Raises:
            InputError: It is of another network, or missing.
        """
        average, updates = state_dict.get("average"), state_dict.get("updates")
        if not isinstance(average, dict) or not isinstance(updates, int):
            raise _not_of_this_run()
        tensors = {name: value for name, value in average.items() if isinstance(value, Tensor)}
        if first_difference(self._average, tensors) is not None:
            raise _not_of_this_run()
        for name, value in self._average.items():
            value.copy_(tensors[name])
        self._updates = updates

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Follow the network to its device.

        Raises:
            InputError: The checkpoint that training goes on from holds no average, or one of another step.
        """
        if self._updates != trainer.global_step:
            raise _not_of_this_run()
        self._average = {name: value.to(pl_module.device) for name, value in self._average.items()}

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 (Lightning's signature)
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Move the average towards the weights of the step."""
        self.update(pl_module.network)  # type: ignore[arg-type]

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average towards the weights of a network, and take whole numbers over, such as counts."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self._average[name].lerp_(value, 1 - decay)
            else:
                self._average[name].copy_(value)

    @contextmanager
    def applied(self, network: nn.Module) -> Iterator[None]:
        """Give a network the averaged weights for a while; then it has its own again, to the bit."""
        self._exchange(network)
        try:
            yield
        finally:
            self._exchange(network)

    @torch.no_grad()
    def _exchange(self, network: nn.Module) -> None:
        for name, value in network.state_dict().items():
            own = value.clone()
            value.copy_(self._average[name])
            self._average[name].copy_(own)


def averaged(average: WeightAverage | None, network: nn.Module) -> AbstractContextManager[None]:
    """Give a network the averaged weights for a while, where there is an average."""
    return nullcontext() if average is None else average.applied(network)


def _not_of_this_run() -> InputError:
    return InputError(
        "the checkpoint holds no averaged weights of this run; remove it and start the run again"
    )
