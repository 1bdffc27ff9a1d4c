"""`oemsar benchmark run` ends with a code that says whether every cell has scores."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from oemsar.benchmark.dispatch import BenchmarkOutcome
from oemsar.cli.benchmark import app


@pytest.mark.parametrize(
    ("finished", "failed", "code"),
    [(("a", "b"), {}, 0), (("a",), {"b": "no memory"}, 1), ((), {"b": "no memory"}, 1), ((), {}, 0)],
)
def test_a_failed_cell_is_told_and_ends_with_code_1(
    finished: tuple[str, ...],
    failed: dict[str, str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcome = BenchmarkOutcome(finished=finished, failed=failed)
    monkeypatch.setattr("oemsar.benchmark.run.run_benchmark", lambda *_, **__: outcome)
    done = CliRunner().invoke(app, ["run", "--data", "a.parquet", "--out", str(tmp_path)])
    assert done.exit_code == code
    assert f"{len(finished)} cells finished, {len(failed)} failed, in " in done.stdout
    assert ("  b: no memory" in done.stdout) == bool(failed)
