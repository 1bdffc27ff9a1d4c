"""The work on a benchmark: its plan, its table and its cells."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from oemsar.benchmark import folder as folders
from oemsar.benchmark.cell import SPLIT, Task, choose_examples
from oemsar.benchmark.config import BenchmarkConfig
from oemsar.benchmark.dispatch import BenchmarkOutcome, BenchmarkStatus, work_through
from oemsar.benchmark.plan import Cell, Plan, read_plan
from oemsar.benchmark.records import BenchmarkRecord
from oemsar.benchmark.workers import Worker
from oemsar.dataset.pixels import read_label, read_picture
from oemsar.dataset.state import tiles_state
from oemsar.dataset.table import Table, as_tiles, select_split, table_files, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import atomic_write, checksum, write_json, write_text
from oemsar.fingerprint import fingerprint
from oemsar.folders import claimed, is_record, require_apart
from oemsar.inference.device import find_device
from oemsar.locks import holds_output
from oemsar.paper.published import is_published_release
from oemsar.record import TableOrigin
from oemsar.train.data import default_workers

TABLE = "tiles.parquet"
_PARTS = ("sar", "optical", "truth")
"""Pictures kept of each tile of the figure."""


@holds_output()
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
        InputError: The plan or the table is wrong, or `out` holds cells that were trained otherwise or
            something else.
        Occupied: Another command works in `out`.
        Interrupted: It was interrupted.
    """
    plan_file = [plan] if isinstance(plan, Path) else []
    plan = _plan(plan, out)
    tiles = as_tiles(data)
    test = select_split(tiles, SPLIT, data)
    examples = choose_examples(test, plan.figure_tiles)
    further = _further_inputs(plan)
    require_apart(_written(out, examples, data), [*table_files(data, tiles), *plan_file, *further])
    with claimed(out / folders.ABOUT, lambda: _is_begun(out), _claims(out, plan)), folders.sole_run(out):
        table = data if isinstance(data, Path) else out / TABLE
        if not isinstance(data, Path):
            write_tiles(tiles, table)
        drawn = tuple(tile.name for tile in examples)
        about = BenchmarkRecord(
            data=TableOrigin(table=table.name, sha256=checksum(table)),
            published_release=is_published_release(tiles),
            test_tiles=len(test),
            files=tiles_state(tiles),
            inputs={f"{file.parent.name}/{file.name}": digest for file, digest in further.items()},
            examples=drawn,
        )
        _require_same_inputs(out, about)
        _store(plan, tiles, out, about)
        tasks = [_task(plan, cell, table, out, drawn) for cell in plan.cells()]
        for task in tasks:
            folders.require_same_training(task.training.out, task.training)
            folders.require_same_test(task.training.out, task.engine, flips=task.flips, scales=task.scales)
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


def _is_begun(out: Path) -> bool:
    """Tell whether a folder holds the record of a benchmark."""
    return is_record(out / folders.ABOUT, "published_release", "examples")


def _claims(out: Path, plan: Plan) -> list[Path]:
    """List what the command may write, folders as a whole; a plan that says the same stays as it is."""
    claims = [out / folders.ABOUT, out / folders.EXAMPLES, out / folders.CELLS]
    stored = out / folders.PLAN
    return claims if stored.is_file() and folders.stored_plan(out) == plan else [*claims, stored]


def _further_inputs(plan: Plan) -> dict[Path, str]:
    """Take the digest of each file that trainings read beside the table: encoder files and manifests."""
    trainings = [plan.training(cell, Path(), Path()) for cell in plan.cells()]
    files = {training.encoder_weights for training in trainings if training.encoder_weights is not None}
    for training in trainings:
        if training.manifests is not None:
            files |= set(training.manifests.glob("*.txt"))
    return {file: fingerprint(file) for file in sorted(files) if file.is_file()}


def _require_same_inputs(out: Path, about: BenchmarkRecord) -> None:
    """Check that a benchmark goes on with the table, images, labels and further files that it began with."""
    if not (out / folders.ABOUT).is_file():
        return
    before, why = folders.about(out), None
    if before.data.sha256 != about.data.sha256:
        why = f"{about.data.table} is not the table"
    elif before.files is not None and about.files is not None and before.files.content != about.files.content:
        why = f"images or labels of {about.data.table} are not those"
    for name, digest in about.inputs.items():
        if before.inputs.get(name, digest) != digest:
            why = f"{name} is not the file"
    if why is not None:
        raise InputError(f"{why} that the benchmark in {out} began with; choose another folder", option="out")


def _store(plan: Plan, tiles: list[Tile], out: Path, about: BenchmarkRecord) -> None:
    """Write the record, the examples of the figure, and the plan unless it lies there already."""
    examples = [tile for tile in tiles if tile.name in about.examples]
    for tile in examples:
        _store_example(tile, out / folders.EXAMPLES)
    write_json(out / folders.ABOUT, about.model_dump(mode="json"))
    if not (out / folders.PLAN).is_file() or folders.stored_plan(out) != plan:
        write_text(out / folders.PLAN, plan.to_yaml())


def _store_example(tile: Tile, folder: Path) -> None:
    """Keep images and truth of a tile of the figure, so that the report needs nothing but the benchmark."""
    sar, optical = read_picture(tile, "sar"), read_picture(tile, "optical")
    parts = {
        "sar": None if sar is None else sar[0],
        "optical": None if optical is None else optical.transpose(1, 2, 0),
        "truth": read_label(tile),
    }
    for part, pixels in parts.items():
        if pixels is None:
            continue
        with atomic_write(folder / f"{tile.name}_{part}.png") as partial:
            Image.fromarray(np.ascontiguousarray(pixels)).save(partial, format="PNG")


def _task(plan: Plan, cell: Cell, data: Path, out: Path, drawn: tuple[str, ...]) -> Task:
    folder = folders.cell_folder(out, cell)
    plain = {name: str(value) if name != "seed" else value for name, value in cell._asdict().items()}
    training = plan.training(cell, data, folder)
    return Task(cell.name, plain, training, plan.engine, plan.flips, plan.scales, drawn)


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
