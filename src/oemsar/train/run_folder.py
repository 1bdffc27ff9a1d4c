"""The folder of a run: what it was started with, how far it came, and whether a command may go on with it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oemsar.errors import InputError
from oemsar.files import require_writable, write_json, write_text
from oemsar.models.spec import ModelSpec
from oemsar.record import run_record
from oemsar.train.checkpoints import LAST
from oemsar.train.config import TrainConfig, configure, differing_option, read_yaml

CONFIG = Path("config.yaml")
RECORD = Path("record.json")


@dataclass(frozen=True)
class Start:
    """What a run begins from, found once and kept in its record.

    Attributes:
        spec: of the network, with the normalisation of the training imagery.
        class_weights: eight weights in legend order.
    """

    spec: ModelSpec
    class_weights: tuple[float, ...]


def gather(given: dict[str, Any], *, file: Path | None = None, resume: bool = False) -> TrainConfig:
    """The configuration from options `given`, which win over those of a YAML file.

    Args:
        given: options by name.
        file: YAML file of options.
        resume: take what neither says from the run in the folder `out`.

    Raises:
        InputError: an option is unknown, missing or wrong, the file cannot be read, or there is no run.
    """
    options = {**({} if file is None else read_yaml(file)), **given}
    if resume and "out" in options:
        options = {**stored_config(Path(options["out"])).model_dump(), **options}
    return configure(options)


def stored_config(out: Path) -> TrainConfig:
    """The configuration of the run in the folder `out`.

    Raises:
        InputError: there is no run.
    """
    path = out / CONFIG
    if not path.is_file():
        raise InputError(f"{out} holds no run to resume ({CONFIG} is missing); leave out --resume")
    return configure({**read_yaml(path), "out": out})


def require_unused(out: Path) -> None:
    """See that the folder `out` holds no run.

    Raises:
        InputError: it does.
    """
    if (out / CONFIG).exists():
        raise InputError(f"{out} holds a run already; add --resume to go on with it, or choose another --out")


def require_same(config: TrainConfig, stored: TrainConfig) -> None:
    """See that a run resumed with `config` trains what the run in its folder trained.

    Raises:
        InputError: an option differs; it is named.
    """
    name = differing_option(config, stored)
    if name is not None:
        was, given = getattr(stored, name), getattr(config, name)
        raise InputError(
            f"the run in {config.out} has {name} {was}, not {given}; "
            "leave the option out or choose another --out"
        )


def read_record(config: TrainConfig) -> dict[str, Any]:
    """The record of the run in the folder of `config`.

    Raises:
        InputError: it cannot be read, or the table of tiles is not the one the run began with.
    """
    path = config.out / RECORD
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        recorded = record["data"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a record of a run; choose another --out") from error
    if run_record({}, data=config.data)["data"]["sha256"] != recorded:
        raise InputError(f"{config.data} is not the table that the run in {config.out} began with")
    return record


def require_same_tiles(config: TrainConfig, record: dict[str, Any], tiles: dict[str, Any]) -> None:
    """See that a resumed run trains and validates on the tiles, with the labels, that it began with.

    Args:
        config: of the run.
        record: of the run.
        tiles: as `oemsar.train.tiles.describe_tiles` describes those of the present command.

    Raises:
        InputError: they differ.
    """
    if record.get("tiles") != tiles:
        source = "this version of oemsar" if config.manifests is None else f"--manifests {config.manifests}"
        raise InputError(
            f"{source} chooses other tiles than the run in {config.out} began with; choose another --out"
        )


def recorded_start(record: dict[str, Any]) -> Start:
    """What the run of that record began from."""
    return Start(ModelSpec.model_validate(record["spec"]), tuple(record["class_weights"]))


def create(config: TrainConfig, start: Start, tiles: dict[str, Any]) -> dict[str, Any]:
    """Make the folder of a new run; its configuration comes last and marks it as begun.

    Args:
        config: of the run.
        start: what it begins from.
        tiles: description of its tiles (`oemsar.train.tiles.describe_tiles`).

    Returns:
        The record of the run.
    """
    require_writable(config.out)
    record = {
        **run_record(config.model_dump(mode="json"), seed=config.seed, data=config.data),
        "spec": start.spec.model_dump(mode="json"),
        "class_weights": list(start.class_weights),
        "tiles": tiles,
        "finished": None,
    }
    write_json(config.out / RECORD, record)
    write_text(config.out / CONFIG, config.to_yaml())
    require_writable((config.out / LAST).parent)
    return record


def finish(out: Path, record: dict[str, Any], result: dict[str, Any]) -> None:
    """Record that the run is finished, and with what."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(out / RECORD, {**record, "finished": now, "result": result})
