"""The command line of maps: one model or several, then the scene."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from oemsar.cli.contest import predict as predict_tiles
from oemsar.cli.evaluate import evaluate
from oemsar.cli.predict import predict
from oemsar.errors import InputError

CALLS = {
    "scene": (predict, "oemsar.predict.run.predict_scene"),
    "contest": (predict_tiles, "oemsar.predict.contest.predict_submission"),
}


def _run(monkeypatch: pytest.MonkeyPatch, verb: Any, target: str, *words: str) -> tuple[Any, str]:
    seen: list[Any] = []

    def stop(*arguments: Any, **named: Any) -> None:
        seen.append((arguments, named))
        raise InputError("that is all")

    monkeypatch.setattr(target, stop)
    app = typer.Typer()
    app.command()(verb)
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
    return (seen[0] if seen else None), done.output


@pytest.mark.parametrize("name", list(CALLS))
@pytest.mark.parametrize("models", [["runs/a"], ["runs/a", "runs/b"], ["runs/a", "runs/b", "runs/a"]])
def test_the_last_argument_is_what_is_mapped(
    monkeypatch: pytest.MonkeyPatch, name: str, models: list[str]
) -> None:
    out = "map.tif" if name == "scene" else "map.zip"
    for words in (
        [*models, "scene", "--out", out, "--scales", "0.75,1"],
        ["--out", out, "--scales", "0.75,1", *models, "scene"],
    ):
        (arguments, named), _ = _run(monkeypatch, *CALLS[name], *words)
        assert arguments == ([*map(Path, models)], Path("scene"), Path(out))
        assert named["config"].scales == (0.75, 1.0)


@pytest.mark.parametrize("name", list(CALLS))
def test_a_model_and_something_to_map_are_needed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    seen, output = _run(monkeypatch, *CALLS[name], "scene", "--out", "map.tif")
    assert seen is None
    assert "Missing argument" in output
    _, told = _run(monkeypatch, *CALLS[name], "--help")
    assert "..." in told.splitlines()[1]
    assert "[default: 1]" in told


def test_several_runs_are_evaluated_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("runs/a", "runs/b", "--data", "t.parquet", "--out", "scores")
    (arguments, named), _ = _run(monkeypatch, evaluate, "oemsar.evaluate.run.evaluate_model", *words)
    assert arguments == ([Path("runs/a"), Path("runs/b")], Path("t.parquet"), Path("scores"))
    assert named["config"].scales == (1.0,)
