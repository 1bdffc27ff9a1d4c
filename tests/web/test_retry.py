"""Tries: how many, with which waits, and when they begin to count anew."""

from collections.abc import Callable

import httpx
import pytest

from oemsar.errors import Failure
from oemsar.web import retry as retries
from oemsar.web.retry import RetryPolicy, TransientError, raise_transient, retry


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds waited, in order; nobody waits."""
    waited: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", waited.append)
    return waited


def failing(*failures: Exception | None) -> Callable[[], int]:
    """A try that raises `failures` one after the other, and returns its number where there is None."""
    left = list(failures)

    def attempt() -> int:
        failure = left.pop(0)
        if failure is not None:
            raise failure
        return len(failures) - len(left)

    return attempt


def test_waits_double_and_the_try_that_succeeds_gives_the_result(waits: list[float]) -> None:
    errors = [TransientError("503"), httpx.ConnectError("refused"), TransientError("503"), None]
    assert retry(failing(*errors), "http://a", RetryPolicy(tries=4, first_wait=2)) == 4
    assert waits == [2, 4, 8]


def test_fruitless_tries_in_a_row_end_the_work_and_are_told(waits: list[float]) -> None:
    errors = [TransientError("503"), TransientError("504"), TransientError("505")]
    with pytest.raises(Failure, match=r"^http://a does not answer as it should \(504\), tried 2 times"):
        retry(failing(*errors), "http://a", RetryPolicy(tries=2, first_wait=1))
    assert waits == [1]


def test_a_try_that_brings_something_begins_the_count_anew(waits: list[float]) -> None:
    """Bytes after each try; a repeated number is a try that brought nothing."""
    gained = iter([0, 5, 5, 9, 9, 9])
    errors = [TransientError("cut")] * 6
    with pytest.raises(Failure, match="tried 2 times"):
        retry(failing(*errors), "http://a", RetryPolicy(tries=2, first_wait=1), lambda: next(gained))
    assert waits == [1, 1, 1, 1]


def test_other_errors_are_raised_at_once(waits: list[float]) -> None:
    with pytest.raises(KeyError, match="bug"):
        retry(failing(KeyError("bug")), "http://a", RetryPolicy())
    assert waits == []


@pytest.mark.parametrize(("status", "passes"), [(200, True), (404, True), (429, False), (503, False)])
def test_statuses_that_may_be_gone_later_are_transient(status: int, passes: bool) -> None:
    response = httpx.Response(status, headers={"retry-after": "7"})
    if passes:
        raise_transient(response)
        return
    with pytest.raises(TransientError, match=str(status)) as caught:
        raise_transient(response)
    assert caught.value.retry_after == 7
    assert RetryPolicy(longest_wait=5).wait(1, caught.value.retry_after) == 5
