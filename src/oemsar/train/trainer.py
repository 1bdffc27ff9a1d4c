"""The Lightning trainer of a run: its devices and precision, and its errors as sentences."""

import logging
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from traceback import clear_frames
from typing import Literal

import torch
from rasterio.errors import NotGeoreferencedWarning

from oemsar.disk import AGAIN
from oemsar.errors import DiskFull, InputError, Interrupted, OemsarError, OutOfMemory
from oemsar.inference.precision import autocast_dtype
from oemsar.models.network import LandCoverNetwork
from oemsar.signals import signal_of
from oemsar.train.checkpoints import PlainFiles
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.lightning import (
    Callback,
    LightningEnvironment,
    SIGTERMException,
    Trainer,
    rank_zero_only,
)

log = logging.getLogger(__name__)

_PRECISIONS: dict[torch.dtype | None, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
    None: "32-true",
    torch.bfloat16: "bf16-mixed",
    torch.float16: "16-mixed",
}


def make_trainer(options: RunOptions, device: torch.device, callbacks: list[Callback]) -> Trainer:
    """Make the trainer of a run on a kind of device."""
    on_cuda = device.type == "cuda"
    dtype = {"float32": None, "bfloat16": torch.bfloat16}.get(options.precision, autocast_dtype(device))
    # fills every new tensor, to find reads of uninitialised memory; costs time and decides nothing
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return Trainer(
        accelerator=device.type,
        devices=options.devices,
        strategy="auto" if options.devices == 1 else "ddp",
        precision=_PRECISIONS[dtype],
        sync_batchnorm=on_cuda and options.devices > 1,
        deterministic="warn" if on_cuda else None,
        max_steps=options.total_steps,
        max_epochs=-1,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        callbacks=callbacks,
        plugins=[PlainFiles(), *_own_environment(options.devices)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=options.out,
    )


def process_rank(devices: int) -> int:
    """Find the rank of this process among those of its run; 0 is the one that writes.

    Batch systems number the processes of a job, which need not be those of one run: several trainings on one
    device each may be tasks of one `srun`.
    """
    if devices == 1 or (_own_environment(devices) and "LOCAL_RANK" not in os.environ):
        return 0
    return int(rank_zero_only.rank)  # type: ignore[attr-defined]


def _own_environment(devices: int) -> list[LightningEnvironment]:
    """Choose the environment of a run whose processes no batch system started, empty where one did.

    Lightning takes every task of Slurm for a process of one run.
    """
    tasks = os.environ.get("SLURM_NTASKS")
    if devices == 1 or (tasks is not None and tasks != str(devices)):
        return [LightningEnvironment()]
    return []


def require_devices(config: TrainConfig, device: torch.device) -> None:
    """Check that the machine has as many devices as the run takes.

    Raises:
        InputError: It has fewer.
    """
    present = {"cuda": torch.cuda.device_count(), "mps": 1}.get(device.type, config.devices)
    if config.devices > present:
        raise InputError(
            f"{config.devices} is more than the {present} that this machine has; choose fewer",
            option="devices",
        )


def require_trainable(network: LandCoverNetwork, config: TrainConfig, device: torch.device) -> None:
    """Check that a network can be trained on one crop at a time, where that is asked for.

    Batch norms need two values of a channel, and one small crop has one in the deepest level. Whether there
    are two shows in a crop of at most twice the stride.

    Raises:
        InputError: It needs more crops in a step, or larger ones.
    """
    joined = device.type == "cuda" and config.devices > 1  # batch norms see the crops of all devices
    if config.batch > config.devices * config.accumulate or joined:
        return
    side = min(config.crop, 2 * network.stride)
    crop = torch.zeros(1, network.spec.modalities.channels, side, side, dtype=torch.uint8)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            deepcopy(network).train().training_outputs(crop)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise InputError(
            f"one crop of {config.crop} pixels a device leaves batch norms a single value; choose larger "
            f"crops than {network.stride} pixels, or two crops or more",
            option=("batch", "crop"),
        ) from error


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence the remarks of the libraries and of the reading processes, unless every step is logged."""
    if log.isEnabledFor(logging.DEBUG):
        yield
        return
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning)
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
        yield


@contextmanager
def explained(config: TrainConfig, trainer: Trainer) -> Iterator[None]:
    """Turn the errors that a training can end with into sentences."""
    memory = OutOfMemory(
        f"the memory does not suffice for {config.batch} crops of {config.crop} pixels; choose fewer or "
        "smaller ones, or more parts",
        option=("batch", "crop", "accumulate"),
    )
    try:
        yield
    except (SystemExit, KeyboardInterrupt, SIGTERMException) as error:
        raise Interrupted(
            f"interrupted at step {trainer.global_step}; resume the run to go on from its last checkpoint",
            option="resume",
            signal=signal.SIGTERM if isinstance(error, SIGTERMException) else signal_of(error),
        ) from error
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise memory from error
    except OemsarError as error:
        clear_frames(error.__traceback__)  # lets go of the reading processes, which else hold up the exit
        if isinstance(error, DiskFull):
            raise DiskFull(error.sentence.replace(AGAIN, "resume the run")) from error
        raise
    except RuntimeError as error:
        if "allocate memory" in str(error) or "out of memory" in str(error):
            raise memory from error
        if "DataLoader worker" in str(error):
            raise OutOfMemory(
                "a process that reads crops died, most likely for want of memory; choose fewer",
                option="workers",
            ) from error
        raise
