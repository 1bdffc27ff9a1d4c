"""Folder of a benchmark: its plan, its cells and their records."""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from oemsar.archives import require_no_bomb
from oemsar.arrays import ARRAY_FAULTS
from oemsar.benchmark.plan import Cell, Plan, read_plan
from oemsar.benchmark.records import BenchmarkRecord, CellRecord, FailedCell
from oemsar.config_file import AnyValue, read_json
from oemsar.errors import InputError, Occupied
from oemsar.files import atomic_write, require_writable, write_json
from oemsar.inference.config import OWN_SIZE
from oemsar.legend import NUM_CLASSES
from oemsar.locks import HIDDEN
from oemsar.train.config import RunOptions, differing_option
from oemsar.train.run_folder import CONFIG, stored_options

PLAN = "plan.yaml"
ABOUT = "benchmark.json"
EXAMPLES = "examples"
CELLS = "cells"
FINISHED = "cell.json"
FAILED = "failed.json"
COUNTS = "confusion.npz"
MAPS = "maps"
LOG = "log.txt"

_WORKERS_LOCK = f"{HIDDEN}workers.lock"
_WAIT_SECONDS = 5.0


def cell_folder(out: Path, cell: Cell) -> Path:
    """Name the folder of a cell: a run of `oemsar train` together with the results of its test."""
    return out / CELLS / cell.name


def finished(folder: Path) -> CellRecord | None:
    """Read the record of a finished cell; None where it is not finished.

    Raises:
        InputError: The record is damaged.
    """
    return _read(folder / FINISHED, CellRecord)


def failed(folder: Path) -> str | None:
    """Read why a cell failed; None where it did not."""
    record = _read(folder / FAILED, FailedCell)
    return None if record is None else record.reason


def write_failure(folder: Path, reason: str) -> None:
    """Record that a cell failed."""
    require_writable(folder)
    write_json(folder / FAILED, FailedCell(reason=reason).model_dump())


def write_counts(
    folder: Path, names: list[str], regions: list[str], counts: NDArray[np.int64], once: NDArray[np.int64]
) -> None:
    """Write the confusion matrices of every test tile, both shape (tiles, 8, 8), whole or not at all."""
    with atomic_write(folder / COUNTS) as partial, partial.open("wb") as file:
        np.savez_compressed(
            file, names=np.array(names), regions=np.array(regions), counts=counts, ground_once=once
        )


def read_counts(folder: Path) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Read region and confusion matrices (all pixels, ground once) of every test tile of a finished cell.

    Raises:
        InputError: The file is missing or damaged.
    """
    path = folder / COUNTS
    require_no_bomb(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            regions, counts, once = (stored[name] for name in ("regions", "counts", "ground_once"))
    except ARRAY_FAULTS as error:
        raise InputError(f"{path} cannot be read; remove {folder} and run the benchmark again") from error
    shape = (regions.size, NUM_CLASSES, NUM_CLASSES)
    if regions.dtype.kind != "U" or not all(_are_counts(each, shape) for each in (counts, once)):
        raise InputError(f"{path} does not hold counts; remove {folder} and run the benchmark again")
    return regions.tolist(), counts, once


def _are_counts(values: NDArray[Any], shape: tuple[int, ...]) -> bool:
    return values.shape == shape and values.dtype == np.int64 and bool((values >= 0).all())


def stored_plan(out: Path) -> Plan:
    """Read the plan of a benchmark.

    Raises:
        InputError: There is none.
    """
    if not (out / PLAN).is_file():
        raise InputError(
            f"{out} holds no benchmark ({PLAN} is missing); begin one with `oemsar benchmark run`"
        )
    return read_plan(out / PLAN)


def about(out: Path) -> BenchmarkRecord:
    """Read the record of a benchmark.

    Raises:
        InputError: It is missing or damaged.
    """
    record = _read(out / ABOUT, BenchmarkRecord)
    if record is None:
        raise InputError(
            f"{out} holds no benchmark ({ABOUT} is missing); begin one with `oemsar benchmark run`"
        )
    return record


def require_same_training(folder: Path, config: RunOptions) -> None:
    """Check that a cell begun or finished earlier was trained as `config` says.

    Raises:
        InputError: An option differs; it is named.
    """
    record = finished(folder)
    if record is not None:
        stored = RunOptions.stored({**record.training, "data": config.data, "out": config.out})
    elif (folder / CONFIG).is_file():
        stored = stored_options(folder)
    else:
        return
    if (name := differing_option(config, stored)) is not None:
        raise InputError(
            f"{folder} was trained with {name} {getattr(stored, name)}, not {getattr(config, name)}; choose "
            "another folder, or remove that one to train the cell again",
            option="out",
        )


def scoring_options(engine: str, *, flips: bool, scales: tuple[float, ...]) -> dict[str, JsonValue]:
    """List the options of a test for the record of a cell; sizes are left out where there is only its own."""
    options: dict[str, JsonValue] = {"engine": engine, "flips": flips}
    return options if scales == OWN_SIZE else {**options, "scales": [*scales]}


def require_same_test(folder: Path, engine: str, *, flips: bool, scales: tuple[float, ...]) -> None:
    """Check that a finished cell was scored as the others will be.

    Raises:
        InputError: It was scored with another engine, with or without mirror images, or at other sizes.
    """
    record = finished(folder)
    if record is None:
        return
    own_size: dict[str, JsonValue] = {"scales": [*OWN_SIZE]}
    stored = own_size | record.record.config
    for name, wanted in (own_size | scoring_options(engine, flips=flips, scales=scales)).items():
        if stored.get(name, wanted) != wanted:
            raise InputError(
                f"{folder} was scored with {name} {stored[name]}, not {wanted}; choose another folder, or "
                f"remove {FINISHED} there to score the cell again",
                option="out",
            )


@contextmanager
def sole_run(out: Path) -> Iterator[None]:
    """Work in the folder of a benchmark once the processes of a killed command have ended.

    They end within a second of it.

    Raises:
        Occupied: They do not.
    """
    lock = out / _WORKERS_LOCK
    deadline = time.monotonic() + _WAIT_SECONDS
    while _is_held(lock):
        if time.monotonic() > deadline:
            raise Occupied(f"processes of an earlier command still work in {out}; wait for them or end them")
        time.sleep(0.1)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _is_held(lock: Path) -> bool:
    """Tell whether a process that works on cells is left."""
    import fcntl

    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in (errno.EWOULDBLOCK, errno.EACCES)
    return False


@contextmanager
def shared_run(out: Path) -> Iterator[None]:
    """Show that a process of the command that has the folder is at work."""
    import fcntl

    with (out / _WORKERS_LOCK).open("w") as lock:
        with suppress(OSError):  # a disk without locks
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _read(path: Path, kind: type[AnyValue]) -> AnyValue | None:
    return read_json(path, kind, "record of a benchmark") if path.exists() else None
