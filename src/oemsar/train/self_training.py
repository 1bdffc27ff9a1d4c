"""Self-training: ground without labels, taught by the average of the network's own weights.

The averaged weights label crops that nobody labelled; where they are sure, the network learns that label on a
mixture of two such crops (ClassMix, Olsson et al. 2021, arXiv 2007.07936). What is mixed is a function of the
seed and the sample's number: a resumed run mixes the same.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from oemsar.legend import NUM_CLASSES
from oemsar.models.network import LandCoverNetwork
from oemsar.train.accumulation import outputs_in_parts
from oemsar.train.averaging import WeightAverage
from oemsar.train.config import TrainConfig
from oemsar.train.crops import Batch
from oemsar.train.loss_input import Sum
from oemsar.train.losses import compute_loss

_STREAM = 13
_LOSS = "ce"


class Mixture(NamedTuple):
    """Mixed crops, and the labels that the network gave them.

    Attributes:
        images: Images, as those of a batch.
        valid: Pixels where each input carries data; None where the network does not ask.
        label: Class ids 1..8, and 0 where the network was not sure; uint8, shape (batch, height, width).
    """

    images: Tensor
    valid: Tensor | None
    label: Tensor


class SelfTraining:
    """Labels for ground without any, from the average of a network's weights.

    Args:
        config: Options of the training.
        average: Average of the network's weights.
    """

    def __init__(self, config: TrainConfig, average: WeightAverage) -> None:
        self._config = config
        self._average = average

    @torch.no_grad()
    def mixture(self, network: LandCoverNetwork, batch: Batch) -> Mixture | None:
        """Label the unlabelled crops of a batch and mix each with the next; None where there are none.

        The label is that of the crop as it is; the mixture is of crops whose brightness was changed. It has
        to be made before the network is asked for outputs with gradients, since weights are exchanged.

        Args:
            network: Network in training.
            batch: Batch in training.
        """
        if "unlabelled" not in batch:
            return None
        valid = batch.get("unlabelled_valid")
        images = batch["unlabelled"].contiguous(memory_format=torch.channels_last)
        network.eval()
        with self._average.applied(network):
            probability, best = network(images, valid).float().softmax(1).max(1)
        network.train()
        classes = (best + 1).to(torch.uint8)
        sure = torch.where(probability >= self._config.self_threshold, classes, torch.zeros_like(classes))
        pasted = self._pasted(classes, batch["number"])
        return Mixture(
            images=_mixed(batch["changed"], pasted),
            valid=None if valid is None else _mixed(valid, pasted),
            label=_mixed(sure, pasted),
        )

    def loss(self, network: LandCoverNetwork, mixture: Mixture, total: Sum) -> Tensor:
        """Compute the cross entropy with the labels of the average, times the share of pixels that have one.

        Args:
            network: Network in training.
            mixture: Mixed crops.
            total: Function that adds sums up over the processes that share the batch.
        """
        known = (mixture.label > 0).float()
        sums = total(torch.stack([known.sum(), torch.ones_like(known).sum()]))
        images = mixture.images.contiguous(memory_format=torch.channels_last)
        weights = torch.ones(NUM_CLASSES, device=known.device)
        losses = [
            weight * compute_loss(_LOSS, logits, mixture.label, weights, total)
            for weight, logits in outputs_in_parts(network, images, mixture.valid, self._config.accumulate)
        ]
        return self._config.self_weight * (sums[0] / sums[1]) * torch.stack(losses).sum()

    def _pasted(self, classes: Tensor, numbers: Tensor) -> Tensor:
        """Draw half of the classes of each crop, rounded up, and tell where they lie, bool."""
        pasted = []
        for crop, number in zip(classes, numbers.tolist(), strict=True):
            present = crop.unique()
            rng = np.random.default_rng([_STREAM, self._config.seed, number])
            drawn = rng.permutation(len(present))[: (len(present) + 1) // 2]
            pasted.append(torch.isin(crop, present[torch.from_numpy(drawn).to(present.device)]))
        return torch.stack(pasted)


def _mixed(values: Tensor, pasted: Tensor) -> Tensor:
    """Paste parts of each sample onto the next one, the last onto the first.

    Args:
        values: Shape (batch, height, width) or (batch, channels, height, width).
        pasted: Pixels that are pasted, bool, shape (batch, height, width).
    """
    mask = pasted if values.ndim == pasted.ndim else pasted[:, None]
    return torch.where(mask, values, values.roll(-1, 0))
