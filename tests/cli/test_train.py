"""The options of a training: those given win over the file, and those of the file over the stored ones."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from oemsar.cli.train import train
from oemsar.train.config import RunOptions
from oemsar.train.run_folder import CONFIG


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that was begun with other options than the default."""
    out = tmp_path / "run"
    out.mkdir()
    stored = RunOptions(data=tmp_path / "tiles.parquet", out=out, seed=3, steps=70, crop=96, batch=2)
    (out / CONFIG).write_text(stored.to_yaml())
    return out


def test_given_over_file_over_stored_over_default(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def record(data: Path, out: Path, *, config: RunOptions, resume: bool, beside: list[Path]) -> None:
        seen.update(data=data, out=out, config=config, resume=resume, beside=beside)

    monkeypatch.setattr("oemsar.train.run.train_model", record)
    (tmp_path / "options.yaml").write_text("crop: 128\nbatch: 4\n")
    app = typer.Typer()
    app.command()(train)
    words = ["--out", str(run), "--resume", "--config", str(tmp_path / "options.yaml"), "--batch", "6"]
    CliRunner().invoke(app, words, catch_exceptions=False)
    options = seen["config"]
    assert (options.batch, options.crop, options.seed, options.steps) == (6, 128, 3, 70)
    assert options.learning_rate == RunOptions.model_fields["learning_rate"].default
    assert (seen["data"], seen["out"], seen["resume"]) == (tmp_path / "tiles.parquet", run, True)
    assert seen["beside"] == [tmp_path / "options.yaml"]
    moved = [*words, "--data", str(tmp_path / "moved.parquet")]
    CliRunner().invoke(app, moved, catch_exceptions=False)
    assert seen["data"] == tmp_path / "moved.parquet"
    CliRunner().invoke(app, [*words[:2], *words[3:], "--data", "a.parquet"], catch_exceptions=False)
    assert (seen["config"].seed, seen["resume"]) == (0, False)
