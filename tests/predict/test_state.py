"""The state of a map: gone on with for the same task, thrown away for another."""

from pathlib import Path

import pytest

from oemsar.predict.config import PredictConfig
from oemsar.predict.state import MapCheckpoint, MapIdentity, MapInputs, ResumableMap
from oemsar.raster.state import InputState

TASK = MapIdentity(
    versions={"oemsar": "0"},
    inputs=MapInputs(model=("ab",), scene=("s", InputState(files={}, raster=None)), optical=None, product=()),
    engine="torch",
    config=PredictConfig(window=64, overlap=16),
)


def test_the_same_task_goes_on_where_it_stopped(tmp_path: Path) -> None:
    begun = ResumableMap(tmp_path / "map.tif", TASK)
    assert begun.checkpoint is None
    assert begun.folder == tmp_path / ".map.tif.partial"
    (begun.folder / "classes.raw").write_bytes(b"rows")
    begun.save(MapCheckpoint(3, (1, 2, 3, 4, 5, 6, 7, 8)))
    again = ResumableMap(tmp_path / "map.tif", TASK.model_copy(deep=True))
    assert again.checkpoint == MapCheckpoint(3, (1, 2, 3, 4, 5, 6, 7, 8))
    assert (again.folder / "classes.raw").read_bytes() == b"rows"
    again.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["another task", "damaged state", "no state"])
def test_what_cannot_be_gone_on_with_is_thrown_away(change: str, tmp_path: Path) -> None:
    begun = ResumableMap(tmp_path / "map.tif", TASK)
    begun.save(MapCheckpoint(3, (0,) * 8))
    (begun.folder / "classes.raw").write_bytes(b"rows")
    task = TASK
    if change == "another task":
        task = TASK.model_copy(update={"config": PredictConfig(window=64, overlap=16, flips=True)})
    elif change == "damaged state":
        (begun.folder / "state.json").write_text('{"rows": 3')
    else:
        (begun.folder / "state.json").unlink()
    again = ResumableMap(tmp_path / "map.tif", task)
    assert again.checkpoint is None
    assert list(again.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, None),
        ({"model": ("cd",)}, "the model"),
        ({"scene": ("s", InputState(files={"s": "other"}, raster=None))}, "s"),
        ({"optical": ("o", InputState(files={"o": "other"}, raster=None))}, "o"),
    ],
)
def test_the_input_that_changed_is_named(change: dict[str, object], named: str | None) -> None:
    unchanged = InputState(files={}, raster=None)
    before = TASK.inputs.model_copy(update={"optical": ("o", unchanged)})
    assert before.changed(before.model_copy(update=change)) == named
