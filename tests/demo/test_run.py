"""The demonstration goes on where an earlier one was killed."""

from pathlib import Path
from typing import Any

import pytest

from oemsar.dataset.tile import Split, Tile
from oemsar.demo import run
from oemsar.demo.config import DemoConfig
from oemsar.errors import InputError


@pytest.mark.parametrize("begun", [False, True])
def test_a_training_is_resumed_only_where_one_has_begun(
    begun: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the training wrote its options, the demonstration leaves a folder that holds no run."""
    folder = tmp_path / "runs" / "fine-tuned"
    folder.mkdir(parents=True)
    (folder / "record.json").touch()
    if begun:
        (folder / "config.yaml").touch()
    asked: list[bool] = []

    class StopHereError(Exception):
        pass

    def train_model(*_: Any, resume: bool, **__: Any) -> None:
        asked.append(resume)
        raise StopHereError

    monkeypatch.setattr(run, "train_model", train_model)
    monkeypatch.setattr(run, "read_tiles", lambda _: [])
    with pytest.raises(StopHereError):
        run._fine_tune(folder, tmp_path / "tiles.parquet", DemoConfig())
    assert asked == [begun]


@pytest.mark.parametrize(("named", "told"), [("overwrite", ()), ("size", ("size",))])
def test_an_error_of_a_step_names_no_option_that_the_demonstration_lacks(
    named: str, told: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def simulate_world(*_: Any, **__: Any) -> None:
        raise InputError("the folder holds another world", option=named)

    monkeypatch.setattr(run, "simulate_world", simulate_world)
    with pytest.raises(InputError, match="the folder holds another world") as caught:
        run.run_demo(tmp_path / "demo")
    assert caught.value.options == told


def test_two_labelled_tiles_of_each_region_are_trained_on() -> None:
    """Training tiles bring their true label alone; the rest of val validates, and nothing of test is seen."""
    split: dict[str, Split] = {"a": "val", "b": "val", "c": "test", "d": "val", "e": "train", "f": "val"}
    region = dict(zip("abcdef", ["x", "x", "x", "x", "y", "y"], strict=True))
    tiles = [
        Tile(n, split[n], (8, 9), region=region[n], pseudo_label=Path(f"{n}.p"), real_label=Path(f"{n}.r"))
        for n in "abcdef"
    ]
    few = run.few_labelled(tiles)
    assert [(tile.name, tile.split) for tile in few] == [
        ("a", "train"),
        ("b", "train"),
        ("d", "val"),
        ("f", "train"),
    ]
    assert {tile.pseudo_label for tile in few if tile.split == "train"} == {None}
