"""Servers of imagery on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of no routes, asked directly."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving() as state:
        yield state


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kept answers of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("OEMSAR_CACHE", str(folder))
    return folder
