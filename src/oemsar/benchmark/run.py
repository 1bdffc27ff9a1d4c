"""The work on a benchmark: its plan, its table and its cells."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from oemsar.benchmark import folder as folders
from oemsar.benchmark.cell import SPLIT, Task, choose_examples
from oemsar.benchmark.config import BenchmarkConfig
from oemsar.benchmark.dispatch import BenchmarkOutcome, BenchmarkStatus, work_through
from oemsar.benchmark.plan import Cell, Plan, read_plan
from oemsar.benchmark.records import BenchmarkRecord
from oemsar.benchmark.workers import Worker
from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.table import Table, as_tiles, select_split, table_files, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import atomic_write, checksum, require_apart, require_writable, write_json, write_text
from oemsar.inference.device import find_device
from oemsar.modalities import Modalities
from oemsar.paper.published import is_published_release
from oemsar.record import TableOrigin
from oemsar.train.data import default_workers

TABLE = "tiles.parquet"
_PARTS = ("sar", "optical", "truth")
"""Pictures kept of each tile of the figure."""


def run_benchmark(
    data: Table,
    out: Path,
    *,
    plan: Plan | Path | None = None,
    config: BenchmarkConfig = BenchmarkConfig(),
    report: Callable[[BenchmarkStatus], None] = lambda _: None,
) -> BenchmarkOutcome:
    """Train and score every cell of a plan that is not finished; a failing one does not hold up the others.

    Each cell has a folder below `out`/cells, with the run of its training and, last, `cell.json`. Called
    again after an interruption it goes on with the cells that were at work; those that failed are tried
    again.

    Args:
        data: Table of tiles: its file, or the tiles, which are then written to `out`/tiles.parquet.
        out: Folder of the benchmark.
        plan: Plan or its YAML file; None is the plan stored in `out`, else the 45 cells of the paper.
        config: Cells worked on at a time.
        report: Called often with the progress.

    Raises:
        InputError: The plan or the table is wrong, `out` holds cells that were trained otherwise, or another
            command works there.
        Interrupted: It was interrupted.
    """
    plan_file = [plan] if isinstance(plan, Path) else []
    plan = _plan(plan, out)
    tiles = as_tiles(data)
    test = select_split(tiles, SPLIT, data)
    examples = choose_examples(test, plan.figure_tiles)
    require_apart(_written(out, examples, data), [*table_files(data, tiles), *plan_file])
    require_writable(out)
    with folders.sole_run(out):
        table = data if isinstance(data, Path) else out / TABLE
        if not isinstance(data, Path):
            write_tiles(tiles, table)
        _store(plan, table, tiles, out, test_tiles=len(test), examples=examples)
        drawn = tuple(tile.name for tile in examples)
        tasks = [_task(plan, cell, table, out, drawn) for cell in plan.cells()]
        for task in tasks:
            folders.require_same_training(task.training.out, task.training)
        workers = _workers(plan, out, config.jobs)
        tasks = [_with_readers(task, len(workers)) for task in tasks]
        return work_through(tasks, workers, report)


def _plan(plan: Plan | Path | None, out: Path) -> Plan:
    if isinstance(plan, Plan):
        return plan
    if plan is not None:
        return read_plan(plan)
    return folders.stored_plan(out) if (out / folders.PLAN).is_file() else Plan()


def _written(out: Path, examples: list[Tile], data: Table) -> list[Path]:
    """List what the command itself writes; each cell checks its training.

    The plan is left out: one that lies there already is kept as it is where it says the same.
    """
    parts = (out / folders.EXAMPLES / f"{tile.name}_{part}.png" for tile in examples for part in _PARTS)
    return [out / folders.ABOUT, *parts, *([] if isinstance(data, Path) else [out / TABLE])]


def _store(
    plan: Plan, data: Path, tiles: list[Tile], out: Path, *, test_tiles: int, examples: list[Tile]
) -> None:
    """Write the record, the examples of the figure, and the plan unless it lies there already."""
    sha256 = checksum(data)
    if (out / folders.ABOUT).is_file() and folders.about(out).data.sha256 != sha256:
        raise InputError(
            f"{data} is not the table that the benchmark in {out} began with; choose another folder",
            option="out",
        )
    for tile in examples:
        _store_example(tile, out / folders.EXAMPLES)
    about = BenchmarkRecord(
        data=TableOrigin(table=data.name, sha256=sha256),
        published_release=is_published_release(tiles),
        test_tiles=test_tiles,
        examples=tuple(tile.name for tile in examples),
    )
    write_json(out / folders.ABOUT, about.model_dump(mode="json"))
    if not (out / folders.PLAN).is_file() or folders.stored_plan(out) != plan:
        write_text(out / folders.PLAN, plan.to_yaml())


def _store_example(tile: Tile, folder: Path) -> None:
    """Keep images and truth of a tile of the figure, so that the report needs nothing but the benchmark."""
    parts: dict[str, NDArray[np.uint8]] = {
        "sar": read_images(tile, Modalities.SAR)[0],
        "optical": read_images(tile, Modalities.OPTICAL).transpose(1, 2, 0),
        "truth": read_label(tile),
    }
    for part, pixels in parts.items():
        with atomic_write(folder / f"{tile.name}_{part}.png") as partial:
            Image.fromarray(np.ascontiguousarray(pixels)).save(partial, format="PNG")


def _task(plan: Plan, cell: Cell, data: Path, out: Path, drawn: tuple[str, ...]) -> Task:
    folder = folders.cell_folder(out, cell)
    plain = {name: str(value) if name != "seed" else value for name, value in cell._asdict().items()}
    training = plan.training(cell, data, folder)
    return Task(cell.name, plain, training, plan.engine, plan.flips, drawn)


def _with_readers(task: Task, workers: int) -> Task:
    """Give a task its share of the processes that read crops, unless the plan says how many."""
    if task.training.workers is not None:
        return task
    return replace(task, training=task.training.model_copy(update={"workers": default_workers(workers)}))


def _workers(plan: Plan, out: Path, jobs: int | None) -> list[Worker]:
    """Prepare one worker a visible GPU, or `jobs` workers; they share the cores."""
    wanted = {plan.training(cell, Path(), Path()).device for cell in plan.cells()}
    devices = _visible_gpus() if any(find_device(kind).type == "cuda" for kind in wanted) else []
    count = jobs or max(1, len(devices))
    threads = {} if count == 1 else {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // count))}
    environments = [threads] * count
    if devices:
        environments = [
            {**threads, "CUDA_VISIBLE_DEVICES": devices[worker % len(devices)]} for worker in range(count)
        ]
    return [Worker(number, out, environment) for number, environment in enumerate(environments)]


def _visible_gpus() -> list[str]:
    """List the names under which the GPUs of this process can be made visible to another."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named:
        return [name.strip() for name in named.split(",")][: torch.cuda.device_count()]
    return [str(number) for number in range(torch.cuda.device_count())]
