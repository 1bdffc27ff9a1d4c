"""The folder of a run: its options, its record, and whether a command may go on with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, JsonValue

from oemsar.config_file import Value, read_json, read_yaml
from oemsar.dataset.state import TilesState
from oemsar.errors import InputError
from oemsar.files import require_writable, write_json, write_text
from oemsar.folders import is_record, strangers
from oemsar.legend import NUM_CLASSES
from oemsar.models.saved import model_files
from oemsar.models.spec import ModelSpec
from oemsar.models.transfer import Transfer
from oemsar.record import FileOrigin, RunRecord, TableOrigin, origin, run_record
from oemsar.train.checkpoints import LAST, MODEL
from oemsar.train.config import RunOptions, TrainConfig, differing_option
from oemsar.train.phases import written
from oemsar.train.recipe import replace_options, tell_of_recipe
from oemsar.train.tiles import TilesSummary

ClassWeights = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1e9)], ...], Field(min_length=NUM_CLASSES, max_length=NUM_CLASSES)
]
CONFIG = Path("config.yaml")
RECORD = Path("record.json")
METRICS = Path("metrics.csv")
TENSORBOARD = Path("tensorboard")
OWN = (CONFIG, RECORD, METRICS, TENSORBOARD, LAST.parent, MODEL)
"""Files and folders that a run writes."""


class TrainingResult(Value):
    """The result of a finished run as its record keeps it."""

    steps: int
    """Number of steps of the run."""
    best_step: int | None
    """Step whose weights are the saved model; None where there was nothing to validate on."""
    best_miou: float | None
    """mIoU of the saved model on the validation tiles, 0..1; None where there are none."""


class TrainingRecord(RunRecord):
    """Content of `record.json`."""

    data: TableOrigin
    """Table of tiles that the run was started with."""
    spec: ModelSpec
    """Description of the network, with the normalisation of the training imagery."""
    class_weights: ClassWeights
    """Eight weights in legend order."""
    tiles: TilesSummary | None = None
    """Tiles of the run; None in records that were written before labels had regimes."""
    files: TilesState | None = None
    """State of the images and labels of the tiles; None in records that were written before it was kept."""
    encoder_weights: FileOrigin | None = None
    """Name and checksum of the encoder file; None where there is none."""
    transfer: Transfer | None = None
    """Weights that were taken from another network; None where none were."""
    teachers: tuple[FileOrigin, ...] = ()
    """Names and checksums of weights and description of each teacher."""
    finished: str | None = None
    """End in UTC, in ISO 8601; None for a run that is not finished."""
    result: TrainingResult | None = None
    """Result; None for a run that is not finished."""

    def to_json(self) -> dict[str, JsonValue]:
        """Give the plain values that are stored; a run that is not finished has no result."""
        left_out = {"result"} if self.result is None else set()
        return self.model_dump(mode="json", exclude=left_out)


@dataclass(frozen=True)
class RunStart:
    """The start of a run, found once and kept in its record.

    Attributes:
        spec: Description of the network, with the normalisation of the training imagery.
        class_weights: Eight weights in legend order.
        transfer: Weights that are taken from another network; None where none are.
    """

    spec: ModelSpec
    class_weights: tuple[float, ...]
    transfer: Transfer | None = None


def resolve_config(given: Mapping[str, Any], *, file: Path | None = None, resume: bool = False) -> RunOptions:
    """Complete the options that were given by those of a YAML file, and by those of the run that is resumed.

    Args:
        given: Options by name; they win over those of the file.
        file: YAML file of options; they win over those of the run.
        resume: Whether to take what neither says from the run in the folder `out`.

    Raises:
        InputError: An option is unknown, missing or wrong, the file cannot be read, or there is no run.
    """
    options = replace_options({} if file is None else _read_options(file), given)
    if resume and "out" in options:
        options = replace_options(stored_options(Path(options["out"])).model_dump(), options)
    else:
        tell_of_recipe(options, TrainConfig.model_fields)
    return RunOptions.model_validate(options)


def _read_options(file: Path) -> dict[str, Any]:
    options = read_yaml(file)
    for name in options:
        if name not in RunOptions.model_fields:
            known = ", ".join(RunOptions.model_fields)
            raise InputError(f"{file} has the unknown option {name}; choose from {known}")
    return options


def stored_options(out: Path) -> RunOptions:
    """Read the options of the run in the folder `out`.

    Raises:
        InputError: There is no run.
    """
    path = out / CONFIG
    if not path.is_file():
        raise InputError(
            f"{out} holds no run to resume ({CONFIG} is missing); begin one first", option="resume"
        )
    return RunOptions.stored({**read_yaml(path), "out": out})


def require_no_run(out: Path) -> None:
    """Check that the folder `out` holds no run.

    Raises:
        InputError: It does.
    """
    if (out / CONFIG).exists():
        raise InputError(
            f"{out} holds a run already; resume it, or choose another folder", option=("resume", "out")
        )


def require_unused(out: Path, beside: Iterable[Path] = ()) -> None:
    """Check that the folder `out`, which holds no run, holds nothing else but logs.

    Args:
        out: Folder of a run that is to begin.
        beside: Files that may lie there, since the command reads them.

    Raises:
        InputError: Something of another origin lies there; it is named.
    """
    begun = [out / RECORD] if _is_record_of_run(out / RECORD) else []  # of a run that was killed as it began
    if (stranger := next(strangers(out, [*begun, *beside], OWN), None)) is not None:
        raise InputError(
            f"{out} holds {stranger.name} that is of no run; choose an empty or a new folder", option="out"
        )


def _is_record_of_run(path: Path) -> bool:
    """Tell whether a file is the record of a run, as one that was killed as it began leaves it alone."""
    return is_record(path, "spec", "class_weights")


def require_same(options: RunOptions, stored: RunOptions) -> None:
    """Check that a resumed run trains what the run in its folder trained.

    Args:
        options: Options of the present command.
        stored: Options that the run was started with.

    Raises:
        InputError: An option differs; it is named.
    """
    name = differing_option(options, stored)
    if name is not None:
        was, given = getattr(stored, name), getattr(options, name)
        raise InputError(
            f"the run in {options.out} has {name} {_shown(was)}, not {_shown(given)}; leave the option out "
            "or choose another folder",
            option=name,
        )


def _shown(value: object) -> str:
    """Write the value of an option as a person gives it."""
    if isinstance(value, tuple) and all(isinstance(each, Path) for each in value):
        return ", ".join(map(str, value)) or "none"
    return written(value)


def read_record(out: Path, data: TableOrigin) -> TrainingRecord:
    """Read the record of the run in the folder `out`.

    Args:
        out: Folder of the run.
        data: Table of tiles of the present command.

    Raises:
        InputError: It cannot be read, or the table of tiles is not the one the run began with.
    """
    record = read_json(out / RECORD, TrainingRecord, "record of a run")
    if record.data.sha256 != data.sha256:
        raise InputError(
            f"{data.table or 'the sequence of tiles'} is not the table that the run in {out} began with",
            option="data",
        )
    return record


def require_same_tiles(options: RunOptions, record: TrainingRecord, tiles: TilesSummary) -> None:
    """Check that a resumed run trains and validates on the tiles, with the labels, that it began with.

    Args:
        options: Options of the present command.
        record: Record of the run.
        tiles: Tiles that the present command chooses.

    Raises:
        InputError: They differ.
    """
    if record.tiles != tiles:
        source = "this version of oemsar" if options.manifests is None else f"{options.manifests}"
        raise InputError(
            f"{source} chooses other tiles than the run in {options.out} began with; choose another folder",
            option="out" if options.manifests is None else ("manifests", "out"),
        )


def recorded_start(record: TrainingRecord) -> RunStart:
    """Give the start of the run of a record."""
    return RunStart(record.spec, record.class_weights, record.transfer)


def new_record(
    options: RunOptions,
    start: RunStart,
    data: TableOrigin,
    tiles: TilesSummary,
    files: TilesState | None = None,
) -> TrainingRecord:
    """Describe a run that begins now."""
    return TrainingRecord.model_validate(
        {
            **run_record(options.model_dump(mode="json"), seed=options.seed).plain(),
            "data": data,
            "spec": start.spec,
            "class_weights": start.class_weights,
            "tiles": tiles,
            "files": files,
            "encoder_weights": None if options.encoder_weights is None else origin(options.encoder_weights),
            "transfer": start.transfer,
            "teachers": [origin(file) for path in options.teacher for file in model_files(path)],
        }
    )


def create(options: RunOptions, record: TrainingRecord) -> None:
    """Make the folder of a new run; its configuration comes last and marks it as begun."""
    require_writable(options.out)
    write_json(options.out / RECORD, record.to_json())
    write_text(options.out / CONFIG, options.to_yaml())
    require_writable((options.out / LAST).parent)


def finish(out: Path, record: TrainingRecord, result: TrainingResult) -> None:
    """Record that the run is finished, and its result."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(out / RECORD, record.model_copy(update={"finished": now, "result": result}).to_json())
