"""Requests to one server begin no faster than the rate, and not before the time that it asked for."""

import httpx
import pytest

from oemsar.errors import Failure
from oemsar.web import politeness
from oemsar.web.politeness import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only waiting moves on."""
    now = [100.0]
    monkeypatch.setattr(politeness.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(politeness.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def ask(pace: Pace, clock: list[float], host: str = "a.example") -> float:
    pace.wait(httpx.Request("GET", f"https://{host}/x"))
    return clock[0]


def answer(status: int, **headers: str) -> httpx.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return httpx.Response(status, headers=named, request=httpx.Request("GET", "https://a.example/x"))


def test_requests_to_one_server_keep_their_distance(clock: list[float]) -> None:
    pace = Pace(rate=4, patience=60)
    assert [ask(pace, clock) for _ in range(3)] == [100, 100.25, 100.5]
    assert ask(pace, clock, "b.example") == 100.5
    clock[0] = 200
    assert ask(pace, clock) == 200


def test_the_time_that_a_server_asks_for_holds_for_it_alone(clock: list[float]) -> None:
    pace = Pace(rate=1000, patience=60)
    pace.heed(answer(429, Retry_After="30"))
    assert ask(pace, clock, "b.example") == 100
    assert ask(pace, clock) == 130
    pace.heed(answer(200, Retry_After="30"))
    pace.heed(answer(503))
    assert ask(pace, clock) == pytest.approx(130.001)


def test_a_server_that_asks_for_too_much_time_ends_the_work() -> None:
    with pytest.raises(Failure, match=r"a\.example asks to be left alone for 61 s"):
        Pace(rate=1, patience=60).heed(answer(503, Retry_After="61"))
