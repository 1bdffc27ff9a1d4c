"""Signals during a training: the first is remembered, the second ends the run, and all are given back."""

import signal
import time
from types import SimpleNamespace
from typing import Any

import pytest

from oemsar.train.interruption import Interruption

NOTHING: Any = None


@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ending", ["end", "exception"])
def test_the_first_signal_is_remembered_and_the_second_ends_the_run(
    wanted: signal.Signals, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = signal.getsignal(wanted)
    interruption = Interruption()
    interruption.on_train_start(NOTHING, NOTHING)
    try:
        assert not interruption.requested
        signal.raise_signal(wanted)
        assert interruption.requested
        signal.raise_signal(wanted)  # the same one, passed on by a wrapper of the command
        monkeypatch.setattr("oemsar.train.interruption.REPEAT_SECONDS", 0)
        time.sleep(0.01)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(wanted)
    finally:
        if ending == "end":
            interruption.on_train_end(NOTHING, NOTHING)
        else:
            interruption.on_exception(NOTHING, NOTHING, RuntimeError())
    assert signal.getsignal(wanted) is former


def test_the_run_ends_with_the_code_of_the_first_signal_and_counts_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrapper of the command may pass the signal on as another one, shortly after."""
    now = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("oemsar.train.interruption.time", clock)
    interruption = Interruption()
    assert interruption.signal == signal.SIGINT
    interruption._receive(signal.SIGTERM, None)
    now[0] = 100.4
    interruption._receive(signal.SIGINT, None)
    assert (interruption.requested, interruption.signal) == (True, signal.SIGTERM)
    now[0] = 100.6
    with pytest.raises(KeyboardInterrupt):
        interruption._receive(signal.SIGINT, None)


def test_a_signal_to_any_process_stops_all() -> None:
    asked: list[tuple[bool, bool]] = []

    def reduce(decision: bool, *, all: bool) -> bool:
        asked.append((decision, all))
        return True

    trainer: Any = SimpleNamespace(strategy=SimpleNamespace(reduce_boolean_decision=reduce))
    assert Interruption().agreed(trainer)
    assert asked == [(False, False)]
