"""Every recipe of docs/extending.md works as an installed package of its own."""

import re
import shlex
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hatchling import build

from .commands import Command, Run

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "extending.md"


class Recipe(NamedTuple):
    """Entry points, code and commands of one section."""

    toml: str
    code: str
    commands: list[str]


def _recipes() -> tuple[str, dict[str, Recipe]]:
    """The head of pyproject.toml, and the recipes by title."""
    head, *sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    blocks = {
        section.splitlines()[0]: dict(re.findall(r"^```(\w+)\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
        for section in sections
    }
    recipes = {
        title: Recipe(each["toml"], each["python"], each["sh"].splitlines()) for title, each in blocks.items()
    }
    return re.findall(r"^```toml\n(.*?)^```", head, re.MULTILINE | re.DOTALL)[0], recipes


HEAD, RECIPES = _recipes()


def _entry_points(recipe: Recipe) -> dict[str, dict[str, str]]:
    """Names and their objects by group."""
    groups: dict[str, dict[str, str]] = tomllib.loads(recipe.toml)["project"]["entry-points"]
    return groups


def _install(recipe: Recipe, source: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build the wheel by the backend that the page names, and unpack it, as an installer does."""
    source.mkdir()
    (source / "pyproject.toml").write_text(f"{HEAD}\n{recipe.toml}")
    (source / "recipe.py").write_text(f'"""Recipe."""\n\n{recipe.code}')
    assert tomllib.loads(HEAD)["build-system"]["build-backend"] == build.__name__
    monkeypatch.chdir(source)
    with zipfile.ZipFile(source / build.build_wheel(str(source))) as wheel:
        wheel.extractall(site)


def test_every_kind_has_a_recipe() -> None:
    groups = {group for recipe in RECIPES.values() for group in _entry_points(recipe)}
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "src" / "oemsar").rglob("*.py"))
    declared = {
        group for text in sources if "Registry" in text for group in re.findall(r'"(oemsar\.[a-z_]+)"', text)
    }
    assert groups == declared - {"oemsar.encoders"}


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_works_as_an_installed_package(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_command: Run
) -> None:
    recipe, site, work = RECIPES[title], tmp_path / "site", tmp_path / "work"
    work.mkdir()
    _install(recipe, tmp_path / "source", site, monkeypatch)
    name = next(iter(next(iter(_entry_points(recipe).values()))))
    for command in recipe.commands:
        if command.startswith("mkdir "):
            (work / command.removeprefix("mkdir ")).mkdir()
            continue
        done = run_command(
            Command(tuple(shlex.split(command)), folder=work, site=site, environment={"COLUMNS": "200"})
        )
        assert done.code == 0, f"{command}\n{done.stdout}{done.stderr}"
        if command.endswith("--help"):
            assert name in done.stdout, command
