"""With `--json` a command writes one JSON document to standard output and nothing else, however it ends."""

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_group

from oemsar.cli import document
from oemsar.cli.app import app, main
from oemsar.cli.ending import run
from oemsar.cli.lazy_group import LazyGroup, load
from oemsar.errors import DiskFull, InputError, OutOfMemory

FAILING = {
    ("benchmark", "report"): ["absent"],
    ("benchmark", "run"): ["--data", "absent", "--out", "out"],
    ("contest", "predict"): ["absent", "absent", "--out", "a.zip"],
    ("contest", "score"): ["absent", "--labels", "absent"],
    ("curate", "check"): ["absent", "--out", "out"],
    ("curate", "collect"): ["absent", "--tiles", "absent", "--out", "a.parquet"],
    ("curate", "pseudo-label"): ["absent", "--model", "absent", "--out", "out"],
    ("curate", "sample"): ["absent", "--out", "out"],
    ("curate", "tiles"): ["absent", "--out", "out"],
    ("data", "agreement"): ["absent", "--out", "out"],
    ("data", "download"): ["out", "--no-extract", "--remove-archives"],
    ("data", "figures"): ["absent", "--out", "out"],
    ("data", "index"): ["absent", "--out", "a.parquet"],
    ("data", "regimes"): ["absent", "--out", "out"],
    ("data", "regions"): ["absent"],
    ("data", "stats"): ["absent", "--out", "out"],
    ("data", "verify"): ["absent"],
    ("demo",): ["out", "--tiles", "10000000000"],
    ("evaluate",): ["absent", "--data", "absent", "--out", "out"],
    ("models", "calibrate"): ["absent", "--data", "absent", "--out", "out"],
    ("models", "export"): ["absent", "--out", "a.onnx"],
    ("models", "import"): ["absent", "--out", "out"],
    ("models", "fetch"): ["absent"],
    ("polygons",): ["absent", "--out", "a.gpkg"],
    ("predict",): ["absent", "absent", "--out", "a.tif"],
    ("prepare", "align"): ["absent", "absent", "--out", "out"],
    ("prepare", "ortho"): [
        "absent",
        *["--out", "a.tif", "--dem", "absent", "--crs", "EPSG:32631", "--gsd", "1"],
    ],
    ("prepare", "pair"): ["absent", "--out", "out"],
    ("prepare", "radiometry"): ["absent", "--out", "a.tif"],
    ("scenes", "fetch"): ["absent", "--out", "out"],
    ("scenes", "find"): ["--source", "umbra", "--area", "absent", "--out", "out"],
    ("scenes", "sources"): ["--endpoint", "absent"],
    ("simulate",): ["out", "--tiles", "10000000000"],
    ("simulate-scene",): ["out", "--gsd", "nan"],
    ("train",): ["--data", "absent", "--out", "out", "--learning-rate", "inf"],
}
"""Arguments with which each verb fails at once."""
NEVER_FAILING = {("models", "list")}


def _verbs(group: LazyGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, lazy in group.LAZY.items():
        found = load(lazy, name)
        if isinstance(found, LazyGroup):
            yield from _verbs(found, (*path, name))
        elif isinstance(found, TyperGroup):
            yield from ((*path, name, verb) for verb in found.commands)
        else:
            yield (*path, name)


@pytest.fixture(autouse=True)
def _process_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command line sets up the log and the warnings of its process."""
    root, own = logging.getLogger(), logging.getLogger("oemsar")
    handlers, levels = list(root.handlers), (root.level, own.level)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    monkeypatch.setenv("PYTHONWARNINGS", "")
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])


def _ended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[Any, str, int]:
    """The document, standard error, and the exit code of a command in this process."""
    monkeypatch.setattr(sys, "argv", ["oemsar", *arguments])
    with warnings.catch_warnings(), pytest.raises(SystemExit) as ending:
        main()
    captured = capsys.readouterr()
    code = ending.value.code
    return json.loads(captured.out), captured.err, code if isinstance(code, int) else 0


def test_every_verb_is_tried() -> None:
    assert set(_verbs(get_group(app))) == FAILING.keys() | NEVER_FAILING


@pytest.mark.parametrize("verb", FAILING, ids=" ".join)
def test_a_failure_is_one_document(
    verb: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    found, stderr, code = _ended(capsys, monkeypatch, *verb, *FAILING[verb], "--json")
    assert found.keys() == {"error"}
    error = found["error"]
    assert error.keys() == {"kind", "sentence", "options", "exit_code"}
    assert error["exit_code"] == code == 2
    assert error["kind"] == "InputError"
    assert error["sentence"] in stderr
    assert "Traceback" not in stderr
    assert all(option.startswith("--") and option in stderr for option in error["options"])


@pytest.mark.parametrize("verb", FAILING, ids=" ".join)
def test_a_wrong_command_line_is_one_document(
    verb: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, stderr, code = _ended(capsys, monkeypatch, *verb, "--json", "--nonsense")
    assert found["error"]["kind"] == "UsageError"
    assert found["error"]["options"] == ["--nonsense"]
    assert found["error"]["exit_code"] == code == 2
    assert "--nonsense" in stderr


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["predict", "--json"], ["models"]),
        (["predict", "a", "b", "--json"], ["--out"]),
        (["nonsense", "--json"], []),
        (["data", "nonsense", "--json"], []),
        (["simulate", "out", "--tiles", "many", "--json"], ["--tiles"]),
    ],
)
def test_what_is_missing_or_unknown_is_named(
    arguments: list[str],
    options: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, _, code = _ended(capsys, monkeypatch, *arguments)
    assert (found["error"]["kind"], code) == ("UsageError", 2)
    assert [option.lower() for option in found["error"]["options"]] == options


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputError("a", option=("look_azimuth", "dem")), ("InputError", ["--look-azimuth", "--dem"], 2)),
        (DiskFull("a"), ("DiskFull", [], 1)),
        (OutOfMemory("a"), ("OutOfMemory", [], 1)),
        (KeyboardInterrupt(), ("Interrupted", [], 130)),
        (OSError(28, "No space left on device"), ("Failure", [], 1)),
    ],
)
def test_every_way_to_fail_is_told(
    error: BaseException,
    expected: tuple[str, list[str], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**_: object) -> None:
        print("something that a library says")
        raise error

    monkeypatch.setattr(sys, "argv", ["oemsar", "predict", "--json"])
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit):
        run(lambda: document.run_for_programs(fail))
    captured = capsys.readouterr()
    found = json.loads(captured.out)["error"]
    assert (found["kind"], found["options"], found["exit_code"]) == expected
    assert "something that a library says" in captured.err


def test_a_programming_error_keeps_its_traceback_beside_the_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(sys, "argv", ["oemsar", "predict", "--json"])
    with pytest.raises(ZeroDivisionError):
        run(lambda: document.run_for_programs(fail))
    found = json.loads(capsys.readouterr().out)["error"]
    assert (found["kind"], found["exit_code"]) == ("ZeroDivisionError", 1)


def test_a_result_is_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, table = tmp_path / "world", tmp_path / "tiles.parquet"
    options = ("--regions", "1", "--tiles", "3", "--size", "64")
    found, _, code = _ended(capsys, monkeypatch, "simulate", str(world), *options, "--json")
    assert (found["regions"], found["tiles"], found["scene"], code) == (
        1,
        dict.fromkeys(found["tiles"], 1),
        False,
        0,
    )
    scene = ("simulate-scene", str(tmp_path / "scene"), "--size", "64", "--relief", "2", "--json")
    found, _, code = _ended(capsys, monkeypatch, *scene)
    assert (found["size"], found["look_azimuth"], code) == (64, 90, 0)
    found, _, code = _ended(capsys, monkeypatch, "data", "index", str(world), "--out", str(table), "--json")
    assert (found["regions"], code) == (1, 0)
    found, _, code = _ended(capsys, monkeypatch, "data", "verify", str(table), "--json")
    assert (found["ok"], code) == (True, 0)
    (world / "train" / "labels" / "TrainArea_001.tif").write_bytes(b"")
    found, _, code = _ended(capsys, monkeypatch, "data", "verify", str(table), "--json")
    assert (found["ok"], code) == (False, 1)


def test_the_further_processes_of_a_training_write_no_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    document.write_document({"a": 1})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["a", "--json"], True), (["a"], False), (["a", "--", "--json"], False), (["--json", "--", "a"], True)],
)
def test_the_flag_counts_before_the_end_of_options(arguments: list[str], wanted: bool) -> None:
    assert document.is_wanted(arguments) == wanted


@pytest.mark.parametrize(("flags", "shown"), [((), False), (("--verbose",), True)])
def test_warnings_of_libraries_are_for_those_who_ask(flags: tuple[str, ...], shown: bool) -> None:
    code = """
import sys, warnings
from oemsar.cli import app as module
from oemsar.cli.lazy_group import load

def loaded(*_):
    warnings.warn("overflow encountered", RuntimeWarning)
    return load(*_)

import oemsar.cli.lazy_group as group
group.load = loaded
module.main()
"""
    command = [sys.executable, "-c", code, *flags, "data", "verify", "absent"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert ("overflow encountered" in done.stderr) == shown
