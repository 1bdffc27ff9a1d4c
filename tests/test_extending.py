"""Every recipe of docs/extending.md works as an installed package of its own."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "extending.md"
OEMSAR = "from oemsar.cli.app import main; main()"


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


def _install(recipe: Recipe, source: Path, site: Path) -> None:
    source.mkdir()
    (source / "pyproject.toml").write_text(f"{HEAD}\n{recipe.toml}")
    (source / "recipe.py").write_text(f'"""Recipe."""\n\n{recipe.code}')
    offline = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    pip = [sys.executable, "-m", "pip", "install", *offline, "--target", str(site), str(source)]
    subprocess.run(pip, check=True)


def _arguments(command: str) -> list[str]:
    program, *rest = shlex.split(command)
    return [sys.executable, *({"oemsar": ["-c", OEMSAR], "python": []}[program]), *rest]


def test_every_kind_has_a_recipe() -> None:
    groups = {group for recipe in RECIPES.values() for group in _entry_points(recipe)}
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "src" / "oemsar").rglob("*.py"))
    declared = {
        group for text in sources if "Registry(" in text for group in re.findall(r'"(oemsar\.[a-z_]+)"', text)
    }
    assert groups == declared - {"oemsar.encoders"}


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_works_as_an_installed_package(title: str, tmp_path: Path) -> None:
    recipe, site, work = RECIPES[title], tmp_path / "site", tmp_path / "work"
    work.mkdir()
    _install(recipe, tmp_path / "source", site)
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}
    name = next(iter(next(iter(_entry_points(recipe).values()))))
    for command in recipe.commands:
        if command.startswith("mkdir "):
            (work / command.removeprefix("mkdir ")).mkdir()
            continue
        done = subprocess.run(
            _arguments(command), cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if command.endswith("--help"):
            assert name in done.stdout, command
