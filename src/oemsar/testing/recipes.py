"""The contract of a recipe."""

from oemsar.errors import InputError
from oemsar.testing.expect import expect
from oemsar.train.config import TrainConfig
from oemsar.train.recipe import RECIPES


def check_recipe(name: str) -> None:
    """Check that a recipe keeps the contract: a mapping of training options that a training can be made of.

    Args:
        name: Name in `oemsar.train.recipe.RECIPES`, or path of a YAML file.

    Raises:
        AssertionError: The recipe breaks the contract; the sentence says how.
        InputError: The recipe is not known.
    """
    recipe = RECIPES.find(name)
    expect(
        all(isinstance(option, str) for option in recipe),
        f"recipe {name} is no mapping of names of options: {recipe}",
    )
    try:
        config = TrainConfig.model_validate({"recipe": name})
    except InputError as error:
        raise AssertionError(f"recipe {name} is refused: {error}") from error
    again = TrainConfig.model_validate(config.model_dump(mode="json"))
    expect(again == config, f"recipe {name} is not read back from the configuration of a run as it was")
