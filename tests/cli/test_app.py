"""The command line answers at once, ends as promised, and keeps its results apart from its talk."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_group
from typer.testing import CliRunner

import oemsar
from oemsar import cli
from oemsar.cli.app import app, configure
from oemsar.cli.lazy_group import LazyGroup, load
from oemsar.cli.model_names import complete_model

SCRIPT = "from oemsar.cli.app import main; main()"
HEAVY = ("torch", "rasterio", "lightning", "geopandas", "matplotlib", "scipy", "numpy")


def _run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_version_is_the_package_version() -> None:
    done = _run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"oemsar {oemsar.__version__}")


@pytest.mark.parametrize(
    ("verbose", "quiet", "level"),
    [
        (False, False, logging.INFO),
        (True, False, logging.DEBUG),
        (False, True, logging.WARNING),
        (True, True, logging.DEBUG),
    ],
)
def test_talk_is_as_much_as_is_asked_for(
    *, verbose: bool, quiet: bool, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = logging.getLogger("oemsar")
    former = own.level
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    monkeypatch.setattr("oemsar.cli.app.show_logs", lambda _: None)
    warned: list[bool] = []
    monkeypatch.setattr("oemsar.cli.app._show_warnings", lambda: warned.append(True))
    try:
        configure(verbose=verbose, quiet=quiet)
        assert own.level == level
        assert bool(warned) == verbose
    finally:
        own.setLevel(former)


@pytest.mark.parametrize("code", ["import oemsar", "import oemsar.cli.app"])
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    probe = f"{code}; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("told", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_threads_that_wait_sleep_unless_told_otherwise(told: dict[str, str], policy: str) -> None:
    probe = f"""
import atexit, os
atexit.register(lambda: print(os.environ["OMP_WAIT_POLICY"]))
{SCRIPT}
"""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | told
    command = [sys.executable, "-c", probe, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split()[-1] == policy


def _verbs(group: LazyGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every verb with the line that the list of commands shows of it."""
    for name, lazy in group.LAZY.items():
        found = load(lazy, name)
        if isinstance(found, LazyGroup):
            yield from _verbs(found, (*path, name))
        elif isinstance(found, TyperGroup):
            yield from (((*path, name, verb), "") for verb in found.commands)
        else:
            yield (*path, name), lazy.help


VERBS = dict(_verbs(get_group(app)))


def test_no_verb_is_left_out() -> None:
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    assert {"-".join(verb).replace("-", "_") for verb in VERBS} >= {
        name for name in modules if name.startswith(("data_", "prepare_", "models_", "simulate"))
    }
    assert len(VERBS) >= 22


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*verb, "--help"], prog_name="oemsar", env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert " ".join(["Usage: oemsar", *verb]) in done.stdout
    assert VERBS[verb] in done.stdout  # the list of commands says what the verb says of itself


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_is_generated(shell: str) -> None:
    done = _run("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0
    assert "_OEMSAR_COMPLETE" in done.stdout or "complete" in done.stdout


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("oemsar pre", {"predict", "prepare"}),
        ("oemsar prepare al", {"align"}),
        ("oemsar prepare align --look", {"--look-azimuth"}),
        ("oemsar contest s", {"score"}),
        ("oemsar predict star", {"starter"}),
        ("oemsar predict starter star", {"starter"}),
        ("oemsar evaluate star", {"starter"}),
        ("oemsar contest predict star", {"starter"}),
        ("oemsar models calibrate star", {"starter"}),
        ("oemsar models export star", {"starter"}),
        ("oemsar train --init star", {"starter"}),
        ("oemsar train --teacher star", {"starter"}),
        ("oemsar curate pseudo-label --model star", {"starter"}),
        ("oemsar predict x/star", set()),
    ],
)
def test_the_shell_completes_verbs_and_options(words: str, completions: set[str]) -> None:
    done = _run(_OEMSAR_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert set(done.stdout.split()) == completions


def test_names_of_models_are_completed_beside_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("start.tif", "scene.tif", "starter"):
        (tmp_path / name).touch()
    assert complete_model("start") == ["starter", "start.tif"]
    assert complete_model("sc") == complete_model("") == []  # the shell lists files by itself


@pytest.mark.parametrize(
    "verb",
    [
        ("predict",),
        ("evaluate",),
        ("contest", "predict"),
        ("models", "export"),
        ("models", "calibrate"),
        ("curate", "pseudo-label"),
        ("train",),
    ],
)
def test_help_lists_the_names_of_models(verb: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*verb, "--help"], prog_name="oemsar", env={"COLUMNS": "300"})
    words = " ".join(done.stdout.replace("│", " ").split())
    assert "a name stands for a model that comes with a package: starter." in words


def test_wrong_input_is_one_sentence_on_standard_error_and_exit_code_2(tmp_path: Path) -> None:
    done = _run("data", "verify", tmp_path / "none.parquet")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "none.parquet does not exist" in done.stderr


def test_an_unknown_option_is_exit_code_2() -> None:
    assert _run("predict", "--nonsense").returncode == 2


@pytest.fixture
def _log_as_before() -> Iterator[None]:
    """A command sets up the log of its process."""
    root, own = logging.getLogger(), logging.getLogger("oemsar")
    handlers, levels = list(root.handlers), (root.level, own.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])


@pytest.mark.usefixtures("_log_as_before")
def test_simulated_tiles_are_indexed_verified_trained_scored_and_mapped(tmp_path: Path) -> None:
    """The whole chain through the command line, with the files others script against."""
    world, table, run = tmp_path / "world", tmp_path / "tiles.parquet", tmp_path / "run"
    steps: list[list[str | Path]] = [
        [
            "simulate",
            world,
            "--regions",
            "2",
            "--tiles",
            "4",
            "--size",
            "64",
            "--seed",
            "1",
            "--scene",
            "96",
        ],
        ["data", "index", world, "--out", table],
        ["data", "verify", table, "--json"],
        [
            *("train", "--data", table, "--model", "unet", "--encoder", "tu-test_efficientnet"),
            *("--modalities", "sar", "--steps", "3", "--crop", "32", "--batch", "2", "--seed", "0"),
            *("--out", run, "--workers", "0"),
        ],
        [
            *("evaluate", run, "--data", table, "--split", "val", "--out", tmp_path / "scores"),
            *("--engine", "torch", "--json"),
        ],
        [
            *("predict", run, world / "scenes" / "Scene_001_sar.tif", "--out", tmp_path / "map.tif"),
            *("--engine", "torch", "--json"),
        ],
    ]
    outputs = []
    for arguments in steps:
        done = CliRunner().invoke(app, ["-q", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        outputs.append(done.stdout)
    assert json.loads(outputs[2])["ok"]
    scores = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert json.loads(outputs[4])["confusion"] == scores["confusion"]
    assert {"classes", "miou", "overall_accuracy", "confusion"} <= set(scores)
    assert set(json.loads(outputs[5])["classes"]) == set(scores["classes"])
    files = ["scores/scores.md", "scores/figure.png", "map.tif", "map_confidence.tif", "map.png"]
    assert all((tmp_path / file).stat().st_size > 0 for file in files)
    assert sorted(file.name for file in (run / "model").iterdir()) == ["model.json", "model.safetensors"]


@pytest.mark.parametrize(("wanted", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_one_sentence(tmp_path: Path, wanted: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "simulate", str(tmp_path / "w"), "--tiles", "400", "--size", "256"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while not (tmp_path / "w" / "world.json").exists() and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, wanted)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code
    assert stderr.splitlines()[-1] == "oemsar: interrupted; the same command goes on where it can"
    assert "Traceback" not in stderr
    assert list((tmp_path / "w").rglob(".*.partial")) == []
