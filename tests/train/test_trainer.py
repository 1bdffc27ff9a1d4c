"""The errors that a training can end with, as sentences that name their options."""

import errno
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from oemsar.disk import broken_write
from oemsar.errors import DiskFull, Failure, InputError, Interrupted, OemsarError, OutOfMemory
from oemsar.inputs import SAR
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.signals import Stopped
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.lightning import SIGTERMException, rank_zero_only
from oemsar.train.trainer import (
    _own_environment,
    explained,
    make_trainer,
    process_rank,
    require_devices,
    require_trainable,
)

OPTIONS = RunOptions(data="tiles.parquet", out="run", batch=4, crop=48, device="cpu")
AT_STEP_3 = SimpleNamespace(global_step=3)


MEMORY = ("batch", "crop", "accumulate")
"""Options that make a step smaller."""


@pytest.mark.parametrize(
    ("error", "kind", "options", "sentence"),
    [
        (MemoryError(), OutOfMemory, MEMORY, "4 crops of 48 pixels"),
        (torch.OutOfMemoryError("CUDA"), OutOfMemory, MEMORY, "4 crops of 48 pixels"),
        (RuntimeError("can't allocate memory"), OutOfMemory, MEMORY, "4 crops of 48 pixels"),
        (
            RuntimeError("DataLoader worker (pid 3) is killed"),
            OutOfMemory,
            ("workers",),
            "a process that reads",
        ),
        (KeyboardInterrupt(), Interrupted, ("resume",), "interrupted at step 3"),
        (SystemExit(1), Interrupted, ("resume",), "interrupted at step 3"),
        (Failure("the disk is full", option="out"), Failure, ("out",), "the disk is full"),
        (broken_write(Path("a.ckpt"), errno.ENOSPC), DiskFull, (), "free some and resume the run"),
    ],
)
def test_errors_become_sentences(
    error: BaseException, kind: type[OemsarError], options: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as caught, explained(OPTIONS, AT_STEP_3):
        raise error
    assert caught.value.options == options


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (SIGTERMException(), 143), (Stopped(2), 130), (Stopped(15), 143)],
)
def test_an_interrupted_training_ends_with_the_code_of_its_signal(error: BaseException, code: int) -> None:
    with pytest.raises(Interrupted) as caught, explained(OPTIONS, AT_STEP_3):
        raise error
    assert caught.value.exit_code == code


def test_a_programming_error_keeps_its_kind() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), explained(OPTIONS, AT_STEP_3):
        raise RuntimeError("shapes differ")


def test_more_devices_than_there_are_is_refused() -> None:
    require_devices(OPTIONS, torch.device("mps"))
    with pytest.raises(InputError, match="devices: 2 is more than the 1"):
        require_devices(OPTIONS.model_copy(update={"devices": 2}), torch.device("mps"))


@pytest.mark.parametrize(("precision", "expected"), [("float32", "32-true"), ("bfloat16", "bf16-mixed")])
def test_the_precision_is_the_chosen_one(precision: str, expected: str) -> None:
    options = OPTIONS.model_copy(update={"precision": precision, "steps": 5})
    trainer = make_trainer(options, torch.device("cpu"), [])
    assert trainer.precision == expected
    assert trainer.max_steps == 5


@pytest.mark.parametrize(
    ("devices", "environment", "rank", "own"),
    [
        (1, {}, 0, True),
        (1, {"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}, 0, True),
        (2, {}, 0, False),
        (2, {"LOCAL_RANK": "1"}, 1, False),
        (2, {"SLURM_NTASKS": "2", "SLURM_PROCID": "1"}, 1, False),
        (2, {"SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, 0, True),
        (2, {"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}, 0, True),
        (2, {"SLURM_NTASKS": "4", "SLURM_PROCID": "3", "LOCAL_RANK": "1"}, 1, True),
    ],
)
def test_only_processes_of_this_run_count_as_its_processes(
    monkeypatch: pytest.MonkeyPatch, devices: int, environment: dict[str, str], rank: int, own: bool
) -> None:
    for name in ("SLURM_NTASKS", "SLURM_PROCID", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # as Lightning reads it when it is imported
    told = [environment[name] for name in ("LOCAL_RANK", "SLURM_PROCID") if name in environment]
    monkeypatch.setattr(rank_zero_only, "rank", int(told[0]) if told else 0)
    assert process_rank(devices) == rank
    assert bool(_own_environment(devices)) == own


def _normalised(pooled: bool) -> LandCoverNetwork:
    """A network whose deepest level, at a stride of 4, has a batch norm."""
    pooling = nn.AvgPool2d(4) if pooled else nn.Identity()
    body = nn.Sequential(pooling, nn.Conv2d(1, 8, 1), nn.BatchNorm2d(8), nn.Dropout())
    spec = ModelSpec(architecture="unet", encoder="e", modalities=SAR, mean=(0.0,), std=(1.0,))
    return LandCoverNetwork(spec, body, 4)


@pytest.mark.parametrize(
    ("batch", "devices", "crop", "pooled", "device", "refused"),
    [
        (1, 1, 4, True, "cpu", True),
        (1, 1, 3, True, "cpu", True),
        (2, 2, 4, True, "cpu", True),
        (2, 2, 4, True, "cuda", False),
        (1, 1, 5, True, "cpu", False),
        (2, 1, 4, True, "cpu", False),
        (1, 1, 512, True, "cpu", False),
        (1, 1, 4, False, "cpu", False),
    ],
)
def test_one_value_of_a_channel_is_refused_before_the_training(
    *, batch: int, devices: int, crop: int, pooled: bool, device: str, refused: bool
) -> None:
    network, config = _normalised(pooled), TrainConfig(batch=batch, devices=devices, crop=crop)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    with pytest.raises(InputError, match="one crop of") if refused else nullcontext():
        require_trainable(network, config, torch.device(device))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)
