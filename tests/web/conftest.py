"""The server of the tests of scenes, and a client for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from oemsar.web.client import Web, open_web
from oemsar.web.retry import RetryPolicy

from ..scenes.server import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of no routes, asked directly."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving() as state:
        yield state


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[Callable[..., Web]]:
    """Opens clients that keep answers in a folder of the test's own."""
    with ExitStack() as stack:

        def open_one(*, rate: float = 1000, at_once: int = 3, longest_wait: float = 2) -> Web:
            policy = RetryPolicy(tries=3, first_wait=0.01, longest_wait=longest_wait)
            return stack.enter_context(
                open_web(policy=policy, timeout=3, rate=rate, at_once=at_once, cache=tmp_path / "kept")
            )

        yield open_one
