import json
from pathlib import Path

import pytest

from oemsar.prepare.pair.stages import Made, Stages


@pytest.fixture
def stages(tmp_path: Path) -> Stages:
    (tmp_path / "stages").mkdir()
    return Stages(tmp_path, {}, tmp_path / "final.json")


def run(stages: Stages, made_of: object, times: list[int]) -> int:
    def work() -> Made:
        times.append(1)
        path = stages.out / "made.txt"
        path.write_text(str(made_of))
        return Made({"value": len(times)}, [path])

    return int(stages.run("one", {"of": made_of}, work)["value"])


def test_a_stage_is_made_again_only_when_what_it_is_made_of_changes(stages: Stages) -> None:
    times: list[int] = []
    assert [run(stages, made_of, times) for made_of in ("a", "a", "b", "b", "a")] == [1, 1, 2, 2, 3]


def test_a_stage_whose_file_is_gone_or_changed_is_made_again(stages: Stages) -> None:
    times: list[int] = []
    run(stages, "a", times)
    (stages.out / "made.txt").unlink()
    assert run(stages, "a", times) == 2
    (stages.out / "made.txt").write_text("scribbled")
    assert run(stages, "a", times) == 3
    assert run(stages, "a", times) == 3


def test_a_stage_that_died_has_no_stamp_and_the_final_file_is_gone(stages: Stages) -> None:
    run(stages, "a", [])
    stages.final.write_text("whole")

    def dies() -> Made:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stages.run("one", {"of": "b"}, dies)
    assert stages.stamp("one") is None
    assert not stages.final.exists()


def test_a_damaged_stamp_is_no_stamp(stages: Stages) -> None:
    times: list[int] = []
    run(stages, "a", times)
    (stages.folder / "one.json").write_text(json.dumps({"key": "x"}))
    assert run(stages, "a", times) == 2


def test_withdrawn_stages_leave_no_files(stages: Stages) -> None:
    run(stages, "a", [])
    stages.withdraw(["one", "never"])
    assert not (stages.out / "made.txt").exists()
    assert stages.stamp("one") is None
