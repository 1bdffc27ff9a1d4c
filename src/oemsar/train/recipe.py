"""Recipes: presets of training options, by name or from a YAML file, which win over the defaults alone."""

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from oemsar.config_file import read_yaml
from oemsar.errors import InputError
from oemsar.registry import Registry
from oemsar.visible_text import visible

log = logging.getLogger(__name__)

_SUFFIXES = (".yaml", ".yml")


class Recipes(Registry[Mapping[str, object]]):
    """Recipes by name; the path of a YAML file stands for the recipe that it holds."""

    def require(self, name: str) -> str:
        """Give `name` back where it is known, or that of a YAML file.

        Raises:
            InputError: No recipe has that name.
        """
        if name in self or _is_file(name):
            return name
        raise InputError(
            f"recipe {visible(name)} is not known; choose one of {', '.join(self.names())}, or name a "
            "YAML file",
            option=self.option,
        )

    def find(self, name: str) -> Mapping[str, object]:
        """Read the options of a recipe.

        Raises:
            InputError: No recipe has that name, or the file cannot be read.
        """
        if name in self:
            return super().find(name)
        path = Path(self.require(name))
        try:
            return read_yaml(path)
        except InputError as error:
            raise InputError(
                error.sentence.replace(str(path), visible(str(path))), option=self.option
            ) from error


RECIPES = Recipes(
    "recipe",
    "oemsar.recipes",
    {
        "default": "oemsar.train.recipes:DEFAULT",
        "published": "oemsar.train.recipes:PUBLISHED",
        "low-label": "oemsar.train.recipes:LOW_LABEL",
    },
)
"""Mappings from names of training options to their values."""


def with_recipe(options: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Complete options by those of the recipe that they name; those that are given win.

    The recipe is not looked at where every option is given, as in the configuration of a run.

    Args:
        options: Options by name, `recipe` among them or not.
        known: Names of all training options.

    Raises:
        InputError: The recipe is not known, cannot be read, or holds an option that is not known.
    """
    name = options.get("recipe")
    if not isinstance(name, str) or all(each in options for each in known):
        return dict(options)
    recipe = read_recipe(name, known)
    return replace_options(recipe, options)


def read_recipe(name: str, known: Collection[str]) -> Mapping[str, object]:
    """Read the options of a recipe and check their names.

    Args:
        name: Name of the recipe, or path of its YAML file.
        known: Names of all training options.

    Raises:
        InputError: It is not known, cannot be read, or holds an option that is not known.
    """
    recipe = RECIPES.find(name)
    choice = [each for each in known if each != RECIPES.option]
    for option in recipe:
        if option not in choice:
            raise InputError(
                f"{visible(name)} has the unknown option {visible(option)}; choose from {', '.join(choice)}",
                option=RECIPES.option,
            )
    return recipe


def replace_options(options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace options by those that were given; a network given anew takes its size along."""
    replaced: set[str] = set()
    if "model" in options and given.get("model", options["model"]) != options["model"]:
        replaced = {"encoder", "variant"}
    elif "variant" in given:
        replaced = {"encoder"}
    elif "encoder" in given:
        replaced = {"variant"}
    return {**{name: value for name, value in options.items() if name not in replaced}, **given}


def tell_of_recipe(given: Mapping[str, Any], known: Collection[str]) -> None:
    """Log the options of a recipe that others, which were given, took the place of."""
    name = given.get(RECIPES.option)
    if isinstance(name, str):
        recipe = read_recipe(name, known)
        kept = [f"{option} {_shown(value)}" for option, value in recipe.items() if option not in given]
        others = [option for option in recipe if option in given]
        sets = f"sets {', '.join(kept)}" if kept else "sets nothing"
        given_instead = f"; given instead: {', '.join(others)}" if others else ""
        log.info("Recipe %s %s%s", name, sets, given_instead)


def _shown(value: object) -> str:
    """Write the value of an option as a person does."""
    if isinstance(value, list | tuple):
        return ">".join(map(_shown, value))
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else visible(str(value))


def recipe_file(name: str) -> Path | None:
    """Give the path of a recipe that is a file."""
    return Path(name) if name not in RECIPES and _is_file(name) else None


def _is_file(name: str) -> bool:
    return name.lower().endswith(_SUFFIXES)
