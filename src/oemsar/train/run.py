"""The training of a network on a table of tiles, from the start or from where a run stopped."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from oemsar.config_file import Value
from oemsar.dataset.state import tiles_state
from oemsar.dataset.table import read_tiles, table_files, table_origin
from oemsar.dataset.tile import Tile
from oemsar.errors import Interrupted, OemsarError
from oemsar.evaluate.calibrate import calibrate_saved, describe_units
from oemsar.evaluate.config import CalibrateConfig
from oemsar.evaluate.tables import percent
from oemsar.folders import require_apart
from oemsar.inference.device import find_device
from oemsar.locks import output_lock
from oemsar.models.saved import find_model, model_files
from oemsar.progress import Report, silent
from oemsar.train import run_folder
from oemsar.train.averaging import WeightAverage
from oemsar.train.checkpoints import BEST, LAST, MODEL, Checkpoints, require_readable
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.data import TileData
from oemsar.train.idle_options import tell_of_short_phases
from oemsar.train.interruption import Interruption
from oemsar.train.lightning import Callback, rank_zero_only
from oemsar.train.metrics_writer import MetricsWriter
from oemsar.train.module import LandCoverModule
from oemsar.train.progress_bar import ProgressBar, StepReport, is_shown
from oemsar.train.recipe import recipe_file
from oemsar.train.resumption import (
    require_same_files,
    require_same_start,
    require_same_teachers,
    tell_of_versions,
)
from oemsar.train.run_folder import TrainingRecord, TrainingResult
from oemsar.train.self_training import SelfTraining
from oemsar.train.start import build_module, find_start
from oemsar.train.teachers import Teachers, find_teachers
from oemsar.train.tiles import RunTiles, each_once, run_tiles
from oemsar.train.trainer import (
    explained,
    make_trainer,
    process_rank,
    quiet_libraries,
    require_devices,
    require_trainable,
)
from oemsar.train.validation import Validation

log = logging.getLogger(__name__)


class TrainedRun(Value):
    """A finished training."""

    folder: Path
    """Folder of the run."""
    steps: int
    """Number of steps of the run."""
    best_step: int | None
    """Step whose weights are the saved model; None where there was nothing to validate on."""
    best_miou: float | None
    """mIoU of the saved model on the validation tiles, 0..1; None where there are none."""

    @property
    def model(self) -> Path:
        """Folder of the saved model."""
        return self.folder / MODEL


def train_model(
    data: Path | Sequence[Tile],
    out: Path,
    *,
    config: TrainConfig = TrainConfig(),
    resume: bool = False,
    beside: Sequence[Path] = (),
    report: Report = silent,
) -> TrainedRun:
    """Train a network on a table of tiles; the saved model is then in `out/model`.

    With `config.devices` above 1 the calling script is started once for each of them. A run that was finished
    before is left as it is.

    Args:
        data: Table of tiles: its file, or the tiles.
        out: Folder of the run.
        config: Options of the training.
        resume: Whether to go on with the run in `out` from its last checkpoint.
        beside: Files that may lie in `out` when the run begins, beside its inputs and logs, such as the file
            that the configuration was read from.
        report: Function that takes the steps done and in all.

    Returns:
        The result of the run.

    Raises:
        InputError: The data, an option or the folder of the run do not fit.
        Occupied: Another command writes `out`.
        Interrupted: The run was interrupted; resumed, it goes on.
        OutOfMemory: The memory does not suffice.
        Failure: The loss is not finite, or a file cannot be written.
    """
    table = Path(data) if isinstance(data, str | Path) else None
    options = RunOptions.model_validate({**config.model_dump(), "data": table, "out": out})
    tiles = table if table is not None else list(data)  # type: ignore[arg-type]
    is_main = process_rank(options.devices) == 0
    if is_main:
        rank_zero_only.rank = 0  # type: ignore[attr-defined]
        tell_of_short_phases(options.phases)
    with quiet_libraries():
        if is_main:
            with output_lock(out, out / MODEL):
                return _train(options, tiles, resume=resume, is_main=True, beside=beside, report=report)
        logging.getLogger("oemsar").setLevel(logging.ERROR)
        try:
            return _train(options, tiles, resume=resume, is_main=False, report=silent)
        except OemsarError as error:  # the main process shows it
            raise SystemExit(error.exit_code) from error


def _train(
    options: RunOptions,
    table: Path | Sequence[Tile],
    *,
    resume: bool,
    is_main: bool,
    beside: Sequence[Path] = (),
    report: Report,
) -> TrainedRun:
    stored = run_folder.stored_options(options.out) if resume else None
    if stored is None and is_main:
        run_folder.require_no_run(options.out)
    device = find_device(options.device)
    require_devices(options, device)
    source = str(table) if isinstance(table, Path) else "the sequence of tiles"
    chosen = run_tiles(read_tiles(table) if isinstance(table, Path) else table, options, source)
    models, others = _models(options), [*_inputs(options), *table_files(chosen.every, chosen.every)]
    if stored is None and is_main:
        run_folder.require_unused(options.out, [*beside, *others])
    require_apart([options.out / file for file in (*run_folder.OWN, LAST, BEST)], [*others, *models])
    files = tiles_state(chosen.every)
    if stored is None:
        teachers = find_teachers(options, chosen.training, source)
        start, checkpoint = find_start(options, chosen.training), None
        record = run_folder.new_record(options, start, table_origin(table), chosen.summary, files)
    else:
        run_folder.require_same(options, stored)
        record = run_folder.read_record(options.out, table_origin(table))
        run_folder.require_same_tiles(options, record, chosen.summary)
        require_same_files(options, record, files)
        if record.finished is not None and record.result is not None:
            log.info("The run in %s is finished; its model is in %s", options.out, options.out / MODEL)
            return TrainedRun(folder=options.out, **record.result.model_dump())
        require_same_teachers(options, record)
        teachers = find_teachers(options, chosen.training, source)
        tell_of_versions(record)
        start = run_folder.recorded_start(record)
        checkpoint = options.out / LAST if (options.out / LAST).exists() else None
        if checkpoint is None:
            require_same_start(options, record)
    module = build_module(options, start, teachers, from_scratch=checkpoint is None)
    require_trainable(module.network, options, device)
    if checkpoint is not None:
        require_readable(checkpoint, module)
    if stored is None and is_main:
        run_folder.create(options, record)
    batches, validated = _batches(options, chosen, teachers), bool(chosen.validation)
    if is_main:
        _tell_of_start(options, chosen, device)
    result = _fit(
        options, module, batches, record, device, checkpoint=checkpoint, validated=validated, report=report
    )
    if is_main:
        if options.calibrate and validated:
            _calibrate(options, chosen.validation)
        run_folder.finish(options.out, record, result)
        if tiles_state(chosen.every).content != files.content:
            log.warning("files of %s changed while the model was being trained", source)
    _tell_of_model(options.out / MODEL, result)
    return TrainedRun(folder=options.out, **result.model_dump())


def _batches(options: RunOptions, chosen: RunTiles, teachers: Teachers | None) -> TileData:
    lesson = None if teachers is None else teachers.lesson(options)
    return TileData(options, chosen.phases, chosen.validation, lesson, chosen.unlabelled)


def _tell_of_start(options: RunOptions, chosen: RunTiles, device: torch.device) -> None:
    log.info(
        "Training %s (%s) on %s: %d tiles, %s, %d steps of %d crops of %d pixels, %s",
        options.model,
        options.encoder,
        options.modalities,
        len(each_once(chosen.phases)),
        f"{len(chosen.validation)} to validate on" if chosen.validation else "none to validate on",
        options.total_steps,
        options.batch,
        options.crop,
        f"{options.devices} x {device.type}" if options.devices > 1 else device.type,
    )


def _tell_of_model(model: Path, result: TrainingResult) -> None:
    score = f"mIoU {percent(result.best_miou)} % at step {result.best_step}"
    reached = "" if result.best_miou is None else f", {score}"
    log.info("The model is in %s%s", model, reached)


def _calibrate(options: RunOptions, tiles: Sequence[Tile]) -> None:
    """Fit the temperature of the saved model on the validation tiles."""
    config = CalibrateConfig(split="val", engine="torch", device=options.device)
    calibration = calibrate_saved(options.out / MODEL, tiles, config)
    log.info(
        "Temperature %.3f from %s: mean negative log-likelihood %.4f, before %.4f",
        1 / calibration.scale[0],
        describe_units(tiles, calibration.regions),
        *reversed(calibration.likelihood),
    )


def _inputs(options: RunOptions) -> list[Path]:
    """List the files that a training reads beside models and the images and labels of its tiles."""
    files = (options.data, options.encoder_weights, recipe_file(options.recipe))
    read = [path for path in files if path is not None]
    if options.manifests is not None and options.manifests.is_dir():
        read += sorted(options.manifests.iterdir())
    return read


def _models(options: RunOptions) -> list[Path]:
    """List the files of the saved models that a training reads, which lie in a folder of their own."""
    named = [model for model in (options.init, *options.teacher) if model is not None]
    return [file for model in named if find_model(model) is not None for file in model_files(model)]


def _fit(
    options: RunOptions,
    module: LandCoverModule,
    data: TileData,
    record: TrainingRecord,
    device: torch.device,
    *,
    checkpoint: Path | None,
    validated: bool,
    report: Report,
) -> TrainingResult:
    interruption = Interruption()
    average = None if options.ema is None else WeightAverage(module.network, options.ema)
    if options.self_training and average is not None:
        module.self_training = SelfTraining(options, average)
    validation = (
        Validation(data, interruption, options.validate_every, options.total_steps, average)
        if validated
        else None
    )
    bar = is_shown()
    metrics = MetricsWriter(options.out, options.batch, validation, logs=not bar)
    described = {name: value for name, value in record.to_json().items() if name != "format"}
    checkpoints = Checkpoints(
        options.out,
        described,
        interruption,
        validation,
        every=options.checkpoint_every,
        steps=options.total_steps,
        average=average,
    )
    callbacks: list[Callback] = [interruption]
    if average is not None:
        callbacks.append(average)
    if validation is not None:
        callbacks.append(validation)
    callbacks += [metrics, checkpoints, StepReport(options.total_steps, report)]
    if bar:
        callbacks.append(ProgressBar(options.total_steps, metrics, validation))
    trainer = make_trainer(options, device, callbacks)
    with explained(options, trainer):
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    if trainer.global_step < options.total_steps:
        raise Interrupted(
            f"interrupted at step {trainer.global_step}; resume the run to go on with it",
            option="resume",
            signal=interruption.signal,
        )
    if validation is None:
        return TrainingResult(steps=options.total_steps, best_step=None, best_miou=None)
    return TrainingResult(
        steps=options.total_steps, best_step=validation.best_step, best_miou=validation.best_miou
    )
