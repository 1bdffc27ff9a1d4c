"""The folder of a run: records that are read back, and commands that may not go on with it."""

import json
from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.models.spec import ModelSpec
from oemsar.record import TableOrigin
from oemsar.train.config import RunOptions
from oemsar.train.run_folder import (
    RunStart,
    TrainingResult,
    create,
    finish,
    new_record,
    read_record,
    recorded_start,
    require_no_run,
    require_same,
    require_same_tiles,
    require_unused,
    stored_options,
)
from oemsar.train.tiles import TilesSummary

SPEC = ModelSpec(architecture="unet", encoder="resnet18", modalities="optical", mean=(1, 2, 3), std=(4, 5, 6))
START = RunStart(SPEC, (1.0, 2.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.0))
DATA = TableOrigin(table="tiles.parquet", sha256="ab12")
TILES = TilesSummary(train=3, train_real_labels=1, val=2, sha256="cd34")


@pytest.fixture
def options(tmp_path: Path) -> RunOptions:
    return RunOptions(data="tiles.parquet", out=tmp_path / "run", modalities="optical", steps=7, seed=3)


def test_a_run_that_was_begun_is_read_back(options: RunOptions) -> None:
    record = new_record(options, START, DATA, TILES)
    create(options, record)
    assert stored_options(options.out) == options
    again = read_record(options.out, DATA)
    assert again == record
    assert recorded_start(again) == START
    assert (again.seed, again.config["steps"], again.finished, again.result) == (3, 7, None, None)


def test_the_record_of_an_earlier_version_is_read(options: RunOptions) -> None:
    record = new_record(options, START, DATA, TILES)
    create(options, record)
    path = options.out / "record.json"
    stored = json.loads(path.read_text())
    assert stored.pop("format") == 1
    assert "result" not in stored
    path.write_text(json.dumps(stored))
    assert read_record(options.out, DATA) == record


def test_a_finished_run_keeps_its_result(options: RunOptions) -> None:
    record = new_record(options, START, DATA, TILES)
    create(options, record)
    finish(options.out, record, TrainingResult(steps=7, best_step=5, best_miou=0.25))
    again = read_record(options.out, DATA)
    assert again.finished is not None
    assert again.result == TrainingResult(steps=7, best_step=5, best_miou=0.25)
    stored = json.loads((options.out / "record.json").read_text())
    assert stored["result"] == {"steps": 7, "best_step": 5, "best_miou": 0.25}


def test_commands_that_may_not_go_on_are_refused(options: RunOptions) -> None:
    record = new_record(options, START, DATA, TILES)
    with pytest.raises(InputError, match=r"resume: .*run holds no run to resume"):
        stored_options(options.out)
    require_no_run(options.out)
    create(options, record)
    with pytest.raises(InputError, match=r"resume, out: .*run holds a run already"):
        require_no_run(options.out)
    with pytest.raises(InputError, match="data: other is not the table that the run"):
        read_record(options.out, TableOrigin(table="other", sha256="ef"))
    other = options.model_copy(update={"seed": 4, "workers": 2})
    with pytest.raises(InputError, match=r"seed: the run in .* has seed 3, not 4"):
        require_same(other, options)
    with pytest.raises(InputError, match="out: this version of oemsar chooses other tiles"):
        require_same_tiles(options, record, TILES.model_copy(update={"val": 1}))
    (options.out / "record.json").write_text("{")
    with pytest.raises(InputError, match=r"record\.json cannot be read as a record of a run"):
        read_record(options.out, DATA)


def test_a_run_that_was_killed_as_it_began_does_not_hold_up_its_folder(options: RunOptions) -> None:
    create(options, new_record(options, START, DATA, TILES))
    (options.out / "config.yaml").unlink()
    (options.out / ".config.yaml.partial").write_text("ste")
    require_unused(options.out)
    (options.out / "notes.txt").touch()
    with pytest.raises(InputError, match=r"out: .*run holds notes\.txt that is of no run; choose an empty"):
        require_unused(options.out)
    require_unused(options.out, [options.out / "notes.txt"])
    (options.out / "notes.txt").unlink()
    (options.out / "record.json").write_text('{"mine": 1}')
    with pytest.raises(InputError, match=r"holds record\.json that is of no run"):
        require_unused(options.out)
