"""The contract of recipes: kept by the registered ones, and broken where it should be."""

from pathlib import Path

import pytest

from oemsar.testing.recipes import check_recipe
from oemsar.train.recipe import RECIPES, Recipes


@pytest.mark.parametrize("name", RECIPES.names())
def test_every_recipe_keeps_the_contract(name: str) -> None:
    check_recipe(name)


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ({"stpes": 3}, "is refused: recipe: published has the unknown option stpes"),
        ({"loss": "hinge"}, "is refused: loss: loss hinge is not known"),
        ({3: "steps"}, "is no mapping of names of options"),
    ],
)
def test_a_recipe_that_breaks_the_contract_is_told(
    recipe: dict[object, object], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recipes, "find", lambda *_: recipe)
    with pytest.raises(AssertionError, match=sentence):
        check_recipe("published")


def test_a_file_is_held_to_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("crop: 256\nloss: lovasz\n")
    check_recipe(str(path))
    path.write_text("crop: wide\n")
    with pytest.raises(AssertionError, match="is refused: crop: "):
        check_recipe(str(path))
