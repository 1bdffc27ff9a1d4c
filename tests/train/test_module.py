"""The training step: the learning rate, the optimiser's groups, and two processes against one."""

import os
import socket
import time
from multiprocessing.queues import SimpleQueue
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from oemsar.inputs import SAR
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.train.config import TrainConfig
from oemsar.train.module import LandCoverModule, rate_factor
from oemsar.train.registry import LOSSES

from ..forking import forking

SPEC = ModelSpec(architecture="unet", encoder="none", modalities=SAR, mean=(100.0,), std=(50.0,))
Shares = dict[tuple[str, int, int], tuple[float, list[np.ndarray]]]
WEIGHTS = (3.0, 1.0, 1.0, 2.0, 1.0, 0.5, 1.0, 1.0)


CASES = [*((name, 1) for name in LOSSES.names()), ("ce+dice", 2), ("lovasz", 2)]
"""Losses, and in how many parts each process works through its share."""


def module(loss: str, parts: int = 1) -> LandCoverModule:
    """A network whose norm looks at one image at a time, so that sharing a batch makes no difference."""
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.GroupNorm(2, 6), nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1)
    )
    config = TrainConfig(loss=loss, accumulate=parts)
    return LandCoverModule(LandCoverNetwork(SPEC, body, 1), config, WEIGHTS)


def batch() -> dict[str, torch.Tensor]:
    """Four images; the first half of the batch knows few of its pixels, and not every class."""
    generator = torch.Generator().manual_seed(1)
    label = torch.randint(0, 9, (4, 12, 12), generator=generator)
    label[0] = 0
    label[1, 3:] = 0
    label[1, :3] = 2
    images = torch.randint(0, 256, (4, 1, 12, 12), generator=generator)
    return {"image": images.float(), "label": label.to(torch.uint8), "number": torch.arange(4)}


def gradients(trained: nn.Module) -> list[np.ndarray]:
    return [parameter.grad.numpy() for parameter in trained.parameters()]


class TrainingStep(nn.Module):
    """The training step as a forward pass: what Lightning hands to DistributedDataParallel."""

    def __init__(self, lightning: LandCoverModule) -> None:
        super().__init__()
        self.lightning = lightning

    def forward(self, half: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.lightning.training_step(half, 0)


def share(rank: int, port: int, results: SimpleQueue[Any]) -> None:
    """One of two processes: its half of the batch, through DistributedDataParallel."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2
    )
    half = {name: value[2 * rank : 2 * rank + 2] for name, value in batch().items()}
    for loss, parts in CASES:
        lightning = module(loss, parts)
        step = nn.parallel.DistributedDataParallel(TrainingStep(lightning))
        value = step(half)
        value.backward()
        results.put((loss, parts, rank, value.item(), gradients(lightning.network)))
    torch.distributed.barrier()
    os._exit(0)  # the end of a process group can wait for gloo's threads for ever


@pytest.fixture(scope="module")
def two_processes() -> Shares:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    results = forking().SimpleQueue()
    processes = [forking().Process(target=share, args=(rank, port, results)) for rank in range(2)]
    for process in processes:
        process.start()
    got = []
    while len(got) < 2 * len(CASES):
        assert not results.empty() or any(process.is_alive() for process in processes), "both have died"
        assert all(process.exitcode in (None, 0) for process in processes), "one has died"
        time.sleep(0.01)
        while not results.empty():
            got.append(results.get())
    for process in processes:
        process.join()
        assert process.exitcode == 0
    return {(loss, parts, rank): (value, grads) for loss, parts, rank, value, grads in got}


@pytest.mark.parametrize(("loss", "parts"), CASES)
def test_two_processes_give_the_loss_and_gradient_of_one(
    two_processes: Shares, loss: str, parts: int
) -> None:
    lightning = module(loss)
    value = lightning.training_step(batch(), 0)
    value.backward()
    for rank in range(2):
        shared, grads = two_processes[loss, parts, rank]
        assert shared == pytest.approx(value.item(), rel=1e-5)
        for one, other in zip(gradients(lightning.network), grads, strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)


def test_rate_rises_to_its_highest_and_falls_to_nothing() -> None:
    rates = [rate_factor(step, 10, 100) for step in range(101)]
    assert rates[10] == 1
    assert rates[100] == pytest.approx(0)
    assert rates[55] == pytest.approx(0.5)
    assert np.all(np.diff(rates[:11]) > 0)
    assert np.all(np.diff(rates[10:]) < 0)
    np.testing.assert_allclose(np.diff(rates[:11]), 1 / 11)


class _TwoHeads(nn.Module):
    """A body whose second head weighs 0.4."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Conv2d(1, 8, 1) for _ in range(2))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.heads[0](images)

    def training_outputs(self, images: torch.Tensor) -> tuple[tuple[float, torch.Tensor], ...]:
        return (1.0, self.heads[0](images)), (0.4, self.heads[1](images))


def test_an_auxiliary_head_adds_its_weighted_loss() -> None:
    lightning = module("ce")
    body = _TwoHeads()
    lightning.network = LandCoverNetwork(SPEC, body, 1)
    total = lightning.training_step(batch(), 0).item()
    by_head = []
    for head in body.heads:
        lightning.network = LandCoverNetwork(SPEC, head, 1)
        by_head.append(lightning.training_step(batch(), 0).item())
    assert total == pytest.approx(by_head[0] + 0.4 * by_head[1], rel=1e-6)
    assert by_head[0] != pytest.approx(by_head[1], rel=1e-3)


def test_what_a_layer_exempts_is_not_decayed() -> None:
    lightning = module("ce")
    exempt = next(p for p in lightning.network.parameters() if p.ndim == 4)
    exempt.no_weight_decay = True
    decayed, others = lightning.configure_optimizers()["optimizer"].param_groups
    assert all(p is not exempt for p in decayed["params"])
    assert any(p is exempt for p in others["params"])


def test_norms_and_biases_are_not_decayed() -> None:
    lightning = module("ce")
    decayed, others = lightning.configure_optimizers()["optimizer"].param_groups
    assert {p.ndim for p in decayed["params"]} == {4}
    assert {p.ndim for p in others["params"]} == {1}
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.01, 0.0)
    count = sum(len(group["params"]) for group in (decayed, others))
    assert count == len(list(lightning.network.parameters()))


def test_without_decay_it_is_adam_to_the_bit() -> None:
    trained = [module("ce").network for _ in range(2)]
    lightning = LandCoverModule(trained[0], TrainConfig(loss="ce", weight_decay=0, warmup=0), WEIGHTS)
    optimizers = [
        lightning.configure_optimizers()["optimizer"],
        torch.optim.Adam(trained[1].parameters(), lr=1e-3, fused=True),
    ]
    for network, optimizer in zip(trained, optimizers, strict=True):
        for _ in range(5):
            optimizer.zero_grad()
            LandCoverModule(network, TrainConfig(loss="ce"), WEIGHTS).training_step(batch(), 0).backward()
            optimizer.step()
    for one, other in zip(*(network.parameters() for network in trained), strict=True):
        assert torch.equal(one, other)


def test_a_constant_rate_rises_and_stays() -> None:
    rates = [rate_factor(step, 4, 100, falls=False) for step in range(101)]
    np.testing.assert_allclose(rates[:5], [0.2, 0.4, 0.6, 0.8, 1])
    assert set(rates[4:]) == {1.0}


@pytest.mark.parametrize(("schedule", "last"), [("constant", 1e-3), ("cosine", 0.0)])
def test_the_schedule_is_that_of_the_options(schedule: str, last: float) -> None:
    config = TrainConfig(steps=6, schedule=schedule, warmup=0)
    made = LandCoverModule(module("ce").network, config, WEIGHTS).configure_optimizers()
    for _ in range(6):
        made["optimizer"].step()
        made["lr_scheduler"]["scheduler"].step()
    assert made["optimizer"].param_groups[0]["lr"] == pytest.approx(last, abs=1e-12)
