"""The demonstration goes on where an earlier one was killed."""

from pathlib import Path
from typing import Any

import pytest

from oemsar.demo import run
from oemsar.demo.config import DemoConfig
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
