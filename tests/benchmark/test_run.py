"""Cells trained, scored, interrupted, failed and gone on with."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from oemsar.benchmark import folder as folders
from oemsar.benchmark import run as run_module
from oemsar.benchmark.cell import Task
from oemsar.benchmark.dispatch import BenchmarkOutcome, BenchmarkStatus
from oemsar.benchmark.plan import Plan
from oemsar.benchmark.records import BenchmarkRecord
from oemsar.benchmark.run import run_benchmark
from oemsar.dataset.table import read_tiles
from oemsar.errors import InputError, Occupied
from oemsar.locks import output_lock
from oemsar.train.run_folder import CONFIG

SCRIPT = "from oemsar.cli.app import main; main()"
PATIENCE = 120


def _command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", SCRIPT, "benchmark", *map(str, arguments)]


def _write_plan(folder: Path, plan: Plan) -> Path:
    (folder / "plan.yaml").write_text(plan.to_yaml())
    return folder / "plan.yaml"


def _counts(out: Path, name: str) -> np.ndarray:
    return folders.read_counts(out / "cells" / name)[1]


def test_a_changed_plan_is_refused_before_anything_is_done(
    make_task: Callable[[Path], Task],
    change_plan: Callable[..., Plan],
    plan: Plan,
    table: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "bench"
    task = make_task(out)
    folders.require_writable(task.training.out)
    (task.training.out / CONFIG).write_text(task.training.to_yaml())
    (out / ".oemsar-benchmark.json").touch()  # the benchmark was begun
    other = change_plan(train={**plan.train, "steps": 5})
    with pytest.raises(InputError, match=r"unet_sar_P_s0 was trained with steps 4, not 5"):
        run_benchmark(table, out, plan=_write_plan(tmp_path, other))
    assert not (out / "cells" / "unet_optical_P_s0").exists()


def _refusal(table: Path, out: Path, plan: Path) -> str:
    """What a command says to whom another one holds the benchmark."""
    with pytest.raises(Occupied) as caught:
        run_benchmark(table, out, plan=plan)
    return str(caught.value)


def test_another_table_and_a_second_command_are_refused(
    plan: Plan, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bench"
    refused: list[str] = []
    monkeypatch.setattr(folders, "_WAIT_SECONDS", 0.2)
    with output_lock(out):
        second = threading.Thread(
            target=lambda: refused.append(_refusal(table, out, _write_plan(tmp_path, plan)))
        )
        second.start()
        second.join()
    assert f"bench is being written by process {os.getpid()} on" in refused[0]
    folders.require_writable(out)
    with folders.shared_run(out):
        assert "processes of an earlier command still work in" in _refusal(
            table, out, _write_plan(tmp_path, plan)
        )
    folders.write_json(
        out / folders.ABOUT,
        {"data": {"table": "t", "sha256": "0"}, "published_release": False, "test_tiles": 1, "examples": []},
    )
    with pytest.raises(InputError, match=r"tiles\.parquet is not the table that the benchmark in"):
        run_benchmark(table, out, plan=_write_plan(tmp_path, plan))


@pytest.mark.slow
def test_a_failing_cell_is_recorded_and_the_others_go_on(
    change_plan: Callable[..., Plan], table: Path, tmp_path: Path
) -> None:
    """Regime R5 fails: the regions have one hand-labelled tile to train on each."""
    plan = _write_plan(tmp_path, change_plan(regimes=["R5", "P"]))
    out = tmp_path / "bench"
    command = _command("run", plan, "--data", table, "--out", out, "--json")
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 2, check=False)
    assert done.returncode == 1, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["finished"] == ["unet_optical_P_s0", "unet_sar_P_s0"]
    assert set(outcome["failed"]) == {"unet_optical_R5_s0", "unet_sar_R5_s0"}
    assert "region A has 1 hand-labelled" in outcome["failed"]["unet_sar_R5_s0"]
    assert folders.failed(out / "cells" / "unet_sar_R5_s0") == outcome["failed"]["unet_sar_R5_s0"]
    reported = subprocess.run(
        _command("report", out), capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert "figure3.png" in reported.stdout
    text = (out / "table4.md").read_text()
    assert "unet_sar_R5_s0: " in text
    assert "| U-Net | SAR | R5 | – |" in text  # noqa: RUF001
    finished = {path: path.stat().st_mtime_ns for path in out.glob("cells/*_P_s0/**/*") if path.is_file()}
    subprocess.run(command, capture_output=True, timeout=PATIENCE * 2, check=False)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_benchmark_goes_on_to_the_same_counts(
    wanted: signal.Signals, change_plan: Callable[..., Plan], plan: Plan, table: Path, tmp_path: Path
) -> None:
    longer = change_plan(train={**plan.train, "steps": 20, "validate_every": 20})
    plan_file, out, straight = _write_plan(tmp_path, longer), tmp_path / "bench", tmp_path / "straight"
    command = _command("run", plan_file, "--data", table, "--out", out)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    checkpoint = out / "cells" / "unet_optical_P_s0" / "checkpoints" / "last.ckpt"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(wanted)
    _, event = process.communicate(timeout=PATIENCE)
    assert process.returncode == (-signal.SIGKILL if wanted == signal.SIGKILL else 128 + wanted), event
    if wanted != signal.SIGKILL:
        assert "interrupted with 0 of 2 cells finished; the same command goes on" in event
        assert "Traceback" not in event
    assert folders.finished(out / "cells" / "unet_optical_P_s0") is None
    subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    states: list[BenchmarkStatus] = []
    assert run_benchmark(table, straight, plan=plan_file, report=states.append).failed == {}
    assert states[-1].done == states[-1].cells == 2
    for name in ("unet_optical_P_s0", "unet_sar_P_s0"):
        np.testing.assert_array_equal(_counts(out, name), _counts(straight, name))


def test_jobs_on_one_gpu_share_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "find_device", lambda kind: torch.device("cuda"))
    monkeypatch.setattr(run_module, "_visible_gpus", lambda: ["0"])
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    workers = run_module._workers(Plan(), tmp_path, 4)
    assert [worker.environment for worker in workers] == [
        {"CUDA_VISIBLE_DEVICES": "0", "OMP_NUM_THREADS": "4"}
    ] * 4


def test_jobs_are_spread_over_the_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "find_device", lambda kind: torch.device("cuda"))
    monkeypatch.setattr(run_module, "_visible_gpus", lambda: ["2", "5"])
    for jobs, seen in ((None, ["2", "5"]), (3, ["2", "5", "2"])):
        workers = run_module._workers(Plan(), tmp_path, jobs)
        assert [worker.environment["CUDA_VISIBLE_DEVICES"] for worker in workers] == seen


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"data": {"table": "t", "sha256": "1"}}, "t is not the table"),
        ({"files": {"content": "d", "times": "e"}}, "images or labels of t are not those"),
        ({"inputs": {"m/P.txt": "d"}}, "m/P.txt is not the file"),
        ({"files": {"content": "c", "times": "later"}}, None),
        ({"inputs": {"m/P.txt": "a", "m/R1.txt": "b"}}, None),
    ],
)
def test_a_benchmark_goes_on_with_the_inputs_it_began_with(
    tmp_path: Path, changed: dict[str, object], said: str | None
) -> None:
    """Dates do not count, nor does a file that the record does not know."""
    began = {
        **{"data": {"table": "t", "sha256": "0"}, "published_release": False, "test_tiles": 1},
        **{"examples": [], "files": {"content": "c", "times": "e"}, "inputs": {"m/P.txt": "a"}},
    }
    run_module._require_same_inputs(tmp_path, BenchmarkRecord.model_validate({**began, **changed}))
    folders.write_json(tmp_path / folders.ABOUT, began)
    now = BenchmarkRecord.model_validate({**began, **changed})
    with (
        nullcontext() if said is None else pytest.raises(InputError, match=f"out: {said} that the benchmark")
    ):
        run_module._require_same_inputs(tmp_path, now)


def test_the_plan_of_a_person_keeps_its_words(
    plan: Plan, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan may lie in the folder of the benchmark, named or not."""
    monkeypatch.setattr(run_module, "work_through", lambda *_: BenchmarkOutcome(finished=(), failed={}))
    out = tmp_path / "bench"
    out.mkdir()
    text = f"# chosen with care\n{plan.to_yaml()}"
    (out / "plan.yaml").write_text(text)
    for given in (out / "plan.yaml", None):
        run_benchmark(table, out, plan=given)
        assert (out / "plan.yaml").read_text() == text


@pytest.mark.parametrize("target", ["table", "label", "plan"])
def test_a_benchmark_replaces_no_input(plan: Plan, table: Path, tmp_path: Path, target: str) -> None:
    out, plan_file = tmp_path / "bench", _write_plan(tmp_path, plan)
    label = next(tile.label for tile in read_tiles(table) if tile.label is not None)
    path = {"table": table, "label": label, "plan": plan_file}[target]
    out.mkdir()
    (out / "benchmark.json").symlink_to(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="choose another output path"):
        run_benchmark(table, out, plan=plan_file)
    assert path.read_bytes() == before
