"""An error is one sentence; each surface writes its options as it does, and it survives a process."""

import pickle

import pytest

from oemsar.cli.options import spelled
from oemsar.errors import DiskFull, Failure, InputError, Interrupted, OemsarError, OutOfMemory


@pytest.mark.parametrize(
    ("option", "python", "command_line"),
    [
        ((), "give both", "give both"),
        ("dem_datum", "dem_datum: give both", "--dem-datum: give both"),
        (
            ("incidence", "look_azimuth"),
            "incidence, look_azimuth: give both",
            "--incidence, --look-azimuth: give both",
        ),
    ],
)
def test_options_stand_before_the_sentence(
    option: str | tuple[str, ...], python: str, command_line: str
) -> None:
    error = InputError("give both", option=option)
    assert str(error) == python
    assert error.spelled(spelled) == command_line
    assert error.sentence == "give both"


@pytest.mark.parametrize("kind", [InputError, Failure, Interrupted, OutOfMemory, DiskFull])
def test_an_error_comes_whole_out_of_another_process(kind: type[OemsarError]) -> None:
    error = pickle.loads(pickle.dumps(kind("the disk is full", option=("out", "scene"))))  # noqa: S301
    assert type(error) is kind
    assert (error.sentence, error.options) == ("the disk is full", ("out", "scene"))


def test_wrong_input_and_failures_end_with_codes_of_their_own() -> None:
    assert InputError.exit_code == 2
    assert {kind.exit_code for kind in (Failure, OutOfMemory, DiskFull)} == {1}
    assert not issubclass(InputError, Failure)


def test_an_interruption_ends_with_the_code_of_its_signal_also_out_of_another_process() -> None:
    assert Interrupted("stopped").exit_code == 130
    stopped = pickle.loads(pickle.dumps(Interrupted("stopped", option="out", signal=15)))  # noqa: S301
    assert (stopped.exit_code, stopped.signal, stopped.options) == (143, 15, ("out",))
