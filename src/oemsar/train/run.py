"""The verb: train a network on a table of tiles, from the start or from where a run stopped."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import clear_frames
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import SIGTERMException
from rasterio.errors import NotGeoreferencedWarning

from oemsar.dataset.tile import Tile
from oemsar.errors import Failure, InputError, OemsarError
from oemsar.inference.device import find_device
from oemsar.inference.precision import autocast_dtype
from oemsar.models.encoder_file import start_encoder
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.progress import Report, silent
from oemsar.train import run_folder
from oemsar.train.checkpoints import LAST, MODEL, Checkpoints, require_readable
from oemsar.train.class_weights import class_weights
from oemsar.train.config import TrainConfig
from oemsar.train.data import TileData
from oemsar.train.interruption import Interruption
from oemsar.train.journal import Journal
from oemsar.train.module import LandCoverModule
from oemsar.train.normalisation import estimate
from oemsar.train.progress_bar import ProgressBar, StepReport, is_shown
from oemsar.train.run_folder import Start
from oemsar.train.tiles import describe_tiles, usable_tiles
from oemsar.train.validation import Validation

log = logging.getLogger(__name__)

_PRECISIONS: dict[torch.dtype | None, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
    None: "32-true",
    torch.bfloat16: "bf16-mixed",
    torch.float16: "16-mixed",
}


@dataclass(frozen=True)
class Result:
    """What a finished run came to.

    Attributes:
        steps: of the run.
        best_step: the step whose weights are the saved model; None where there was nothing to validate on.
        best_miou: its mIoU on the split `val`; None likewise.
    """

    steps: int
    best_step: int | None
    best_miou: float | None


def train(config: TrainConfig, *, resume: bool = False, report: Report = silent) -> Result | None:
    """Train the network that `config` describes; the model is then in `config.out`.

    With `config.devices` above 1 the calling script is started once for each of them.

    Args:
        config: of the run.
        resume: go on with the run in `config.out` from its last checkpoint.
        report: told the steps done and in all.

    Returns:
        What the run came to; None for a run that was finished before.

    Raises:
        InputError: the data, an option or the folder of the run do not fit.
        Failure: the run was interrupted, the memory does not suffice, or the loss is not finite.
    """
    leads = rank_zero_only.rank == 0  # type: ignore[attr-defined]
    with _quiet_libraries():
        if leads:
            return _train(config, resume=resume, leads=True, report=report)
        logging.getLogger("oemsar").setLevel(logging.ERROR)
        try:
            return _train(config, resume=resume, leads=False, report=silent)
        except OemsarError as error:  # told by the leading process
            raise SystemExit(error.exit_code) from error


def _train(config: TrainConfig, *, resume: bool, leads: bool, report: Report) -> Result | None:
    stored = run_folder.stored_config(config.out) if resume else None
    if stored is None and leads:
        run_folder.require_unused(config.out)
    device = find_device(config.device)
    _require_devices(config, device)
    train_tiles, val_tiles = usable_tiles(config)
    described = describe_tiles(train_tiles, val_tiles)
    if stored is None:
        start, checkpoint = _find_start(config, train_tiles), None
    else:
        run_folder.require_same(config, stored)
        record = run_folder.read_record(config)
        run_folder.require_same_tiles(config, record, described)
        if record["finished"] is not None:
            log.info("The run in %s is finished; its model is in %s", config.out, config.out / MODEL)
            return None
        start = run_folder.recorded_start(record)
        checkpoint = config.out / LAST if (config.out / LAST).exists() else None
    module = _module(config, start, from_scratch=checkpoint is None)
    if checkpoint is not None:
        require_readable(checkpoint)
    if stored is None:
        record = run_folder.create(config, start, described) if leads else {}
    data = TileData(config, train_tiles, val_tiles)
    result = _fit(
        config, module, data, record, device, checkpoint=checkpoint, validated=bool(val_tiles), report=report
    )
    if leads:
        run_folder.finish(config.out, record, vars(result))
    reached = "" if result.best_miou is None else f", mIoU {result.best_miou:.4f} at step {result.best_step}"
    log.info("The model is in %s%s", config.out / MODEL, reached)
    return result


def _find_start(config: TrainConfig, tiles: Sequence[Tile]) -> Start:
    mean, std = estimate(tiles, config.modalities, config.seed)
    spec = ModelSpec(
        architecture=config.model,
        encoder=config.encoder,
        modalities=config.modalities,
        mean=mean,
        std=std,
        fusion=config.fusion,
    )
    if config.class_weights != "none":
        log.info("Counting the classes in %d labels", len(tiles))
    return Start(spec, class_weights(config.class_weights, tiles))


def _module(config: TrainConfig, start: Start, *, from_scratch: bool) -> LandCoverModule:
    """The network to train; weights for its encoder are read only where it starts from scratch."""
    torch.manual_seed(config.seed)
    network = build(start.spec, pretrained=config.pretrained and from_scratch)
    if config.encoder_weights is not None and from_scratch:
        start_encoder(network, config.encoder_weights)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return LandCoverModule(network, config, start.class_weights)


def _fit(
    config: TrainConfig,
    module: LandCoverModule,
    data: TileData,
    record: dict[str, Any],
    device: torch.device,
    *,
    checkpoint: Path | None,
    validated: bool,
    report: Report,
) -> Result:
    interruption = Interruption()
    validation = Validation(data, interruption, config.validate_every, config.steps) if validated else None
    bar = is_shown()
    journal = Journal(config.out, config.batch, validation, tell=not bar)
    checkpoints = Checkpoints(
        config.out, record, interruption, validation, every=config.checkpoint_every, steps=config.steps
    )
    callbacks: list[Callback] = [interruption]
    if validation is not None:
        callbacks.append(validation)
    callbacks += [journal, checkpoints, StepReport(config.steps, report)]
    if bar:
        callbacks.append(ProgressBar(config.steps, journal, validation))
    trainer = _trainer(config, device, callbacks)
    with _explained(config, trainer):
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    if trainer.global_step < config.steps:
        raise Failure(f"interrupted at step {trainer.global_step}; continue with --resume")
    if validation is None:
        return Result(config.steps, None, None)
    return Result(config.steps, validation.best_step, validation.best_miou)


def _trainer(config: TrainConfig, device: torch.device, callbacks: list[Callback]) -> Trainer:
    on_cuda = device.type == "cuda"
    dtype = {"float32": None, "bfloat16": torch.bfloat16}.get(config.precision, autocast_dtype(device))
    # fills every new tensor, to find reads of uninitialised memory; costs time and decides nothing
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return Trainer(
        accelerator=device.type,
        devices=config.devices,
        strategy="auto" if config.devices == 1 else "ddp",
        precision=_PRECISIONS[dtype],
        sync_batchnorm=on_cuda and config.devices > 1,
        deterministic="warn" if on_cuda else None,
        max_steps=config.steps,
        max_epochs=-1,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=config.out,
    )


def _require_devices(config: TrainConfig, device: torch.device) -> None:
    present = {"cuda": torch.cuda.device_count(), "mps": 1}.get(device.type, config.devices)
    if config.devices > present:
        raise InputError(f"--devices {config.devices} is more than the {present} that this machine has")


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep the remarks of the libraries, and of the processes that read, unless every step is to be told."""
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
def _explained(config: TrainConfig, trainer: Trainer) -> Iterator[None]:
    """Turn what a training can die of into a sentence."""
    memory = (
        f"the memory does not suffice for {config.batch} crops of {config.crop} pixels; "
        "choose a smaller --batch or --crop"
    )
    try:
        yield
    except (SystemExit, KeyboardInterrupt, SIGTERMException) as error:
        raise Failure(
            f"interrupted at step {trainer.global_step}; continue from the last checkpoint with --resume"
        ) from error
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise Failure(memory) from error
    except OemsarError as error:
        clear_frames(error.__traceback__)  # lets go of the reading processes, which else hold up the exit
        raise type(error)(_last_sentence(error)) from error
    except RuntimeError as error:
        if "allocate memory" in str(error) or "out of memory" in str(error):
            raise Failure(memory) from error
        if "DataLoader worker" in str(error):
            raise Failure(
                "a process that reads crops died, most likely for want of memory; choose fewer --workers"
            ) from error
        raise


def _last_sentence(error: OemsarError) -> str:
    """The sentence of an error of a reading process, without the traceback PyTorch puts before it."""
    return str(error).strip().rsplit(f"{type(error).__name__}: ", 1)[-1]
