import json
from pathlib import Path

import pytest

from oemsar.config_file import Value
from oemsar.prepare.pair.pipeline import Pipeline, StageOutput, StageRecord


class Count(Value):
    value: int


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    (tmp_path / "stages").mkdir()
    return Pipeline(tmp_path, {}, tmp_path / "final.json")


def run(pipeline: Pipeline, inputs: object, times: list[int]) -> int:
    def work() -> StageOutput[Count]:
        times.append(1)
        path = pipeline.out / "made.txt"
        path.write_text(str(inputs))
        return StageOutput(Count(value=len(times)), [path])

    return pipeline.run("one", Count, {"of": inputs}, work).value


def test_a_stage_is_made_again_only_when_what_it_is_inputs_changes(pipeline: Pipeline) -> None:
    times: list[int] = []
    assert [run(pipeline, inputs, times) for inputs in ("a", "a", "b", "b", "a")] == [1, 1, 2, 2, 3]


def test_a_stage_whose_file_is_gone_or_changed_is_made_again(pipeline: Pipeline) -> None:
    times: list[int] = []
    run(pipeline, "a", times)
    (pipeline.out / "made.txt").unlink()
    assert run(pipeline, "a", times) == 2
    (pipeline.out / "made.txt").write_text("scribbled")
    assert run(pipeline, "a", times) == 3
    assert run(pipeline, "a", times) == 3


def test_a_stage_that_died_has_no_stamp_and_the_final_file_is_gone(pipeline: Pipeline) -> None:
    run(pipeline, "a", [])
    pipeline.final.write_text("whole")

    def dies() -> StageOutput[Count]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.run("one", Count, {"of": "b"}, dies)
    assert pipeline.record("one") is None
    assert not pipeline.final.exists()


def test_a_damaged_stamp_is_no_record(pipeline: Pipeline) -> None:
    times: list[int] = []
    run(pipeline, "a", times)
    (pipeline.folder / "one.json").write_text(json.dumps({"key": "x"}))
    assert run(pipeline, "a", times) == 2


def test_withdrawn_stages_leave_no_files(pipeline: Pipeline) -> None:
    run(pipeline, "a", [])
    pipeline.withdraw(["one", "never"])
    assert not (pipeline.out / "made.txt").exists()
    assert pipeline.record("one") is None


def test_a_record_without_a_format_is_read(pipeline: Pipeline) -> None:
    """Records before they had one."""
    run(pipeline, "a", [])
    path = pipeline.folder / "one.json"
    fields = json.loads(path.read_text())
    assert fields.pop("format") == 1
    path.write_text(json.dumps(fields))
    record = pipeline.record("one")
    assert isinstance(record, StageRecord)
    assert record.result == {"value": 1}
    times: list[int] = []
    assert run(pipeline, "a", times) == 1
    assert not times


def test_values_inside_the_inputs_count(pipeline: Pipeline) -> None:
    times: list[int] = []
    inputs = [Count(value=1), [Count(value=1)], {"a": Path("b")}, {"a": Path("c")}, Count(value=2)]
    assert [run(pipeline, each, times) for each in inputs] == [1, 2, 3, 4, 5]
    assert run(pipeline, Count(value=2), times) == 5
