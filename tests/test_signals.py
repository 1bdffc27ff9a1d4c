"""The first signal stops a block, and nothing else of the process changes."""

import os
import signal
import threading

import pytest

from oemsar.signals import STOPPING, Stopped, held_signals, release_signals, signal_of, stopping

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_stops_the_block_and_the_handlers_come_back(number: signal.Signals) -> None:
    former = [signal.getsignal(each) for each in STOPPING]
    with pytest.raises(KeyboardInterrupt) as caught, stopping():
        signal.raise_signal(number)
    assert isinstance(caught.value, Stopped)
    assert signal_of(caught.value) == number
    assert [signal.getsignal(each) for each in STOPPING] == former


def test_what_is_ignored_stays_ignored() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, former)


def test_another_thread_leaves_the_signals_alone() -> None:
    seen: list[object] = []
    former = signal.getsignal(signal.SIGTERM)

    def work() -> None:
        with stopping():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [former]


def test_signals_are_held_back_and_come_afterwards() -> None:
    steps = []

    def work() -> None:
        with held_signals():
            signal.raise_signal(signal.SIGTERM)
            steps.append("in the block")
        steps.append("after the block")

    with pytest.raises(Stopped), stopping():
        work()
    assert steps == ["in the block"]


def test_a_process_that_began_with_signals_held_back_can_let_them_come() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    release_signals()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []).isdisjoint(STOPPING)


def test_an_interruption_of_unknown_origin_counts_as_ctrl_c() -> None:
    assert signal_of(KeyboardInterrupt()) == signal.SIGINT
