"""Commands that are imported when they are run."""

import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from oemsar.cli.lazy_group import Lazy, lazy_typer, load

SOURCE = """
import typer

def draw(side: int = 3) -> None:
    "Draw a square."
    typer.echo(f"a square of {side}")

app = typer.Typer()

@app.command()
def first() -> None:
    "Do one thing."
    typer.echo("first")

@app.command()
def second() -> None:
    "Do another."
    typer.echo("second")
"""


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    (tmp_path / "drawing_of_a_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "drawing_of_a_test", raising=False)
    made = lazy_typer(
        {
            "draw": Lazy("drawing_of_a_test:draw", "Draw a square."),
            "both": Lazy("drawing_of_a_test:app", "Do things."),
            "lost": Lazy("no_such_module_of_a_test:draw", "Do nothing."),
        },
        help="A test.",
    )
    made.callback()(lambda: None)
    return made


def test_a_list_of_the_commands_imports_none(application: typer.Typer) -> None:
    done = CliRunner().invoke(application, ["--help"])
    assert all(part in done.output for part in ("draw", "Draw a square.", "Do nothing."))
    assert done.output.index("draw") < done.output.index("both") < done.output.index("lost")
    assert "drawing_of_a_test" not in sys.modules


@pytest.mark.parametrize(
    ("words", "printed"), [(["draw", "--side", "7"], "a square of 7"), (["both", "second"], "second")]
)
def test_a_command_is_imported_and_run(application: typer.Typer, words: list[str], printed: str) -> None:
    assert CliRunner().invoke(application, words).output.strip() == printed


def test_a_command_that_is_not_known_is_refused_and_one_that_cannot_be_imported_says_why(
    application: typer.Typer,
) -> None:
    assert CliRunner().invoke(application, ["drew"]).exit_code == 2
    done = CliRunner().invoke(application, ["lost"])
    assert isinstance(done.exception, ModuleNotFoundError)


def test_a_group_bears_its_name_in_the_list(application: typer.Typer) -> None:
    assert load(Lazy("drawing_of_a_test:app", ""), "both").name == "both"
