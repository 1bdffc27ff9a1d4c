"""The demonstration goes on where an earlier one was killed."""

from pathlib import Path
from typing import Any

import pytest

from oemsar.demo import run
from oemsar.demo.config import DemoConfig
from oemsar.errors import InputError
from oemsar.inputs import SAR


@pytest.mark.parametrize("begun", [False, True])
def test_a_training_is_resumed_only_where_one_has_begun(
    begun: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the training wrote its options, the demonstration leaves a folder that holds no run."""
    folder = tmp_path / "runs" / "sar"
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
    with pytest.raises(StopHereError):
        run._train_and_score(tmp_path, tmp_path / "tiles.parquet", SAR, DemoConfig())
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
