"""The folder of a benchmark: matrices, failures, and the trainings of another command."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oemsar.benchmark import folder as folders
from oemsar.benchmark.cell import Task
from oemsar.benchmark.plan import Cell
from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError, Occupied
from oemsar.inputs import SAR_OPTICAL
from oemsar.limits import raised_limits
from oemsar.train.run_folder import CONFIG


def test_matrices_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    counts, once = rng.integers(0, 2**40, (3, 8, 8)), rng.integers(0, 9, (3, 8, 8))
    folders.write_counts(tmp_path / "c", ["a", "b", "c"], ["N", "M", "N"], counts, once)
    regions, read, read_once = folders.read_counts(tmp_path / "c")
    assert regions == ["N", "M", "N"]
    np.testing.assert_array_equal(read, counts)
    np.testing.assert_array_equal(read_once, once)


@pytest.mark.parametrize("damaged", ["counts", "ground_once", "regions"])
@pytest.mark.parametrize("fault", ["negative", "of a tile less", "no whole numbers"])
def test_what_is_no_count_is_refused_in_every_matrix(tmp_path: Path, damaged: str, fault: str) -> None:
    stored = {"counts": np.ones((3, 8, 8), np.int64), "ground_once": np.ones((3, 8, 8), np.int64)}
    stored = {"names": np.array(["a", "b", "c"]), "regions": np.array(["N", "M", "N"]), **stored}
    if damaged == "regions":
        stored["regions"] = np.arange(3) if fault == "no whole numbers" else np.array(["N", "M"])
    elif fault == "negative":
        stored[damaged][2, 3, 4] = -1
    else:
        part = stored[damaged]
        stored[damaged] = part[1:] if fault == "of a tile less" else part.astype(np.float64)
    np.savez(tmp_path / folders.COUNTS, **stored)
    with pytest.raises(InputError, match=r"confusion\.npz does not hold counts; remove"):
        folders.read_counts(tmp_path)


def test_a_failure_is_read_back_until_the_cell_is_finished(tmp_path: Path) -> None:
    assert folders.failed(tmp_path / "c") is None
    folders.write_failure(tmp_path / "c", "no memory")
    assert folders.failed(tmp_path / "c") == "no memory"
    assert folders.finished(tmp_path / "c") is None
    (tmp_path / "c" / folders.FAILED).write_text("{")
    with pytest.raises(InputError, match=r"failed\.json cannot be read as a record of a benchmark"):
        folders.failed(tmp_path / "c")


def test_cells_are_named_by_what_sets_them_apart(tmp_path: Path) -> None:
    cell = Cell("unet", SAR_OPTICAL, Regime.P_R5, 3, "dual")
    assert folders.cell_folder(tmp_path, cell) == tmp_path / "cells" / "unet_sar+optical_P+R5_s3_dual"


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"seed": 5}, "seed"), ({"learning_rate": 0.01}, "learning_rate"), ({"workers": 1}, None)],
)
def test_a_cell_that_was_begun_otherwise_is_refused(
    make_task: Callable[[Path], Task], tmp_path: Path, changes: dict[str, object], name: str | None
) -> None:
    begun = make_task(tmp_path).training
    folders.require_writable(begun.out)
    (begun.out / CONFIG).write_text(begun.to_yaml())
    now = begun.model_copy(update=changes)
    if name is None:
        folders.require_same_training(begun.out, now)
    else:
        sentence = rf"was trained with {name} {getattr(begun, name)}, not {getattr(now, name)};"
        with pytest.raises(InputError, match=sentence):
            folders.require_same_training(begun.out, now)


def test_processes_of_one_command_share_the_folder_and_another_command_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_WAIT_SECONDS", 0.0)
    with folders.sole_run(tmp_path), folders.shared_run(tmp_path):
        pass
    with (
        folders.shared_run(tmp_path),
        pytest.raises(Occupied, match="processes of an earlier command still work in"),
        folders.sole_run(tmp_path),
    ):
        pass
    with folders.sole_run(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "openvino"}, "engine torch, not openvino"),
        ({"flips": True}, "flips False, not True"),
        ({"scales": (0.5, 1.0)}, r"scales \[1.0\], not \[0.5, 1.0\]"),
    ],
)
def test_a_cell_that_was_scored_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], said: str
) -> None:
    own = {"engine": "torch", "flips": False, "scales": (1.0,)}
    folders.require_same_test(tmp_path, **{**own, **options})  # it is not finished
    config = folders.scoring_options(**own)
    assert config == {"engine": "torch", "flips": False}
    monkeypatch.setattr(folders, "finished", lambda _: SimpleNamespace(record=SimpleNamespace(config=config)))
    folders.require_same_test(tmp_path, **own)
    with pytest.raises(InputError, match=f"was scored with {said}"):
        folders.require_same_test(tmp_path, **{**own, **options})
    config = folders.scoring_options(**{**own, **options})
    folders.require_same_test(tmp_path, **{**own, **options})
    with pytest.raises(InputError, match="was scored with"):
        folders.require_same_test(tmp_path, **own)


def test_matrices_that_would_fill_the_memory_are_not_unpacked(tmp_path: Path) -> None:
    zeros = np.zeros((1 << 12, 8, 8), np.int64)
    folders.write_counts(tmp_path, ["a"], ["N"], zeros, zeros)
    with raised_limits(array_bytes=1 << 20), pytest.raises(InputError, match="raise array_bytes"):
        folders.read_counts(tmp_path)
