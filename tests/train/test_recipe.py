"""Recipes: what they result in, what wins over them, and that a run keeps what it was trained with."""

import logging
from pathlib import Path

import pytest
import yaml

from oemsar.benchmark.folder import require_same_training
from oemsar.benchmark.plan import read_plan
from oemsar.errors import InputError
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.recipe import RECIPES
from oemsar.train.run_folder import CONFIG, require_same, resolve_config, stored_options

PATHS = {"data": "tiles.parquet", "out": "run"}


def test_the_default_recipe_is_the_default_of_every_option() -> None:
    assert TrainConfig(recipe="default") == TrainConfig()
    assert RECIPES.find("default").keys() >= {
        "steps",
        "crop",
        "batch",
        "loss",
        "learning_rate",
        "augment",
        "ema",
    }


def test_the_published_recipe_is_that_of_the_authors() -> None:
    """Cross entropy without weights, random crops of 512 pixels alone, eight in a batch, Adam at one rate."""
    given = TrainConfig(recipe="published").model_dump(exclude={"recipe"})
    usual = TrainConfig().model_dump(exclude={"recipe"})
    assert {name: value for name, value in given.items() if value != usual[name]} == {
        "loss": "ce",
        "augment": False,
        "weight_decay": 0,
        "schedule": "constant",
        "warmup": 0,
    }
    assert (given["learning_rate"], given["crop"], given["batch"]) == (1e-3, 512, 8)
    assert (given["class_weights"], given["ema"], given["degrade"]) == ("none", None, 1)


def test_the_recipe_for_few_labels_sees_each_of_35_tiles_a_thousand_times_at_most() -> None:
    given = TrainConfig(recipe="low-label")
    assert given.total_steps * given.batch / 35 < 1000
    assert (given.ema, given.degrade, given.learning_rate) == (0.999, 2, 5e-4)
    assert (given.loss, given.augment, given.schedule) == ("ce+dice", True, "cosine")


def test_given_options_win_over_the_file_and_the_file_over_the_recipe(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run.yaml").write_text("recipe: published\nbatch: 4\nsteps: 7\n")
    with caplog.at_level(logging.INFO):
        got = resolve_config({**PATHS, "batch": 2, "loss": "focal"}, file=tmp_path / "run.yaml")
    assert (got.recipe, got.batch, got.steps, got.loss, got.augment) == ("published", 2, 7, "focal", False)
    (told,) = [text for text in caplog.messages if text.startswith("Recipe published")]
    assert told.startswith("Recipe published sets crop 512, learning_rate 0.001, schedule constant")
    assert "augment off" in told
    assert told.endswith("; given instead: batch, loss")
    other = resolve_config({**PATHS, "recipe": "default"}, file=tmp_path / "run.yaml")
    assert (other.recipe, other.batch, other.augment) == ("default", 4, True)


def test_an_unknown_recipe_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InputError, match="choose one of default, published") as raised:
        TrainConfig(recipe="publshed")
    assert raised.value.options == ("recipe",)
    assert raised.value.sentence.startswith("recipe publshed is not known; ")


def test_a_recipe_in_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "own.yml"
    path.write_text("steps: 12\nlearning_rate: 3e-4\nmodel: segformer\nvariant: b1\n")
    with caplog.at_level(logging.INFO):
        got = resolve_config({**PATHS, "recipe": str(path)})
    assert (got.recipe, got.steps, got.learning_rate, got.encoder) == (str(path), 12, 3e-4, "mit_b1")
    sets = "sets steps 12, learning_rate 3e-4, model segformer, variant b1"
    assert f"Recipe {path} {sets}" in caplog.messages
    assert TrainConfig(recipe=str(path), model="unet").encoder == "efficientnet-b4"
    assert TrainConfig(recipe=str(path), variant="b0").encoder == "mit_b0"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stpes: 3", r"recipe: .*own\.yaml has the unknown option stpes; choose from model, "),
        ("data: tiles.parquet", r"has the unknown option data; choose from"),
        ("recipe: published", r"has the unknown option recipe; choose from"),
        ("steps: 0", "steps: 0 is out of range"),
        ("steps: true", "steps: true is no number"),
        ("loss: hinge", "loss hinge is not known"),
        ("- 1", "option: value"),
        ("a: [", "YAML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        TrainConfig(recipe=str(path))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml"):
        TrainConfig(recipe=str(tmp_path / "none.yaml"))


def test_a_run_keeps_its_options_whatever_becomes_of_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("steps: 12\nloss: ce\n")
    options = RunOptions.model_validate({**PATHS, "out": tmp_path, "recipe": str(path), "batch": 4})
    (tmp_path / CONFIG).write_text(options.to_yaml())
    stored = yaml.safe_load((tmp_path / CONFIG).read_text())
    assert stored.keys() == RunOptions.model_fields.keys()
    assert (stored["recipe"], stored["steps"], stored["loss"], stored["batch"]) == (str(path), 12, "ce", 4)
    path.unlink()
    assert stored_options(tmp_path) == options
    assert resolve_config({"out": tmp_path}, resume=True) == options
    assert RunOptions.model_validate(options.model_dump()) == options


def test_what_a_stored_run_lacks_is_not_taken_from_its_recipe(tmp_path: Path) -> None:
    """An option that came later was not there, whatever the recipe says of it today."""
    options = RunOptions.model_validate({**PATHS, "out": tmp_path, "recipe": "published"}).model_dump(
        mode="json"
    )
    del options["schedule"]
    (tmp_path / CONFIG).write_text(yaml.safe_dump(options))
    assert stored_options(tmp_path).schedule == "cosine"


def test_the_run_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    earlier = {"model": "unet", "encoder": "resnet18", "modalities": "optical", "steps": 70, "loss": "dice"}
    (tmp_path / CONFIG).write_text(yaml.safe_dump({**PATHS, **earlier}))
    got = resolve_config({"out": tmp_path}, resume=True)
    assert (got.recipe, got.steps, got.loss, got.ema, got.schedule) == ("default", 70, "dice", None, "cosine")
    assert (got.accumulate, got.degrade, got.phases[0].warmup) == (1, 1, 3)


def test_a_run_is_not_resumed_under_another_recipe(tmp_path: Path) -> None:
    options = RunOptions.model_validate({**PATHS, "out": tmp_path, "recipe": "published"})
    (tmp_path / CONFIG).write_text(options.to_yaml())
    with pytest.raises(InputError, match="has recipe published, not default"):
        require_same(resolve_config({"out": tmp_path, "recipe": "default"}, resume=True), options)


def test_a_plan_names_its_recipe_and_a_network_its_own(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(
        "networks: {unet: {}, segformer: {recipe: default, batch: 2}}\n"
        "train: {recipe: published, steps: 30, crop: 64}\n"
    )
    plan = read_plan(path)
    seen = {one.model: one for one in (plan.training(cell, path, tmp_path / "cell") for cell in plan.cells())}
    unet, segformer = seen["unet"], seen["segformer"]
    assert (unet.recipe, unet.loss, unet.steps, unet.batch) == ("published", "ce", 30, 8)
    assert (segformer.recipe, segformer.loss, segformer.crop, segformer.batch) == (
        "default",
        "ce+dice",
        64,
        2,
    )
    path.write_text("train: {recipe: publshed}")
    with pytest.raises(InputError, match=r"plan\.yaml is not a plan of a benchmark: recipe: recipe publshed"):
        read_plan(path)


def test_a_cell_that_was_trained_before_there_were_recipes_is_the_same(tmp_path: Path) -> None:
    earlier = {"model": "unet", "encoder": "resnet18", "steps": 70, "data": "tiles.parquet", "out": "cell"}
    (tmp_path / CONFIG).write_text(yaml.safe_dump(earlier))
    config = RunOptions.model_validate({**PATHS, "encoder": "resnet18", "steps": 70})
    require_same_training(tmp_path, config)
    with pytest.raises(InputError, match="was trained with recipe default, not published"):
        require_same_training(
            tmp_path, RunOptions.model_validate({**config.model_dump(), "recipe": "published"})
        )


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_a_file_that_cannot_be_read_is_that_of_the_option(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "two\nlines.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="cannot be read as a YAML file") as error:
        TrainConfig(recipe=str(path))
    assert error.value.options == ("recipe",)
    assert "\n" not in error.value.sentence
    assert r"two\u000alines.yaml" in error.value.sentence
