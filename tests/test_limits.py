"""Sizes are held against limits that a person can raise, and only regular files are read."""

import os
from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.limits import (
    LIMITS,
    Limits,
    limits,
    parse_limits,
    raised_limits,
    read_bytes,
    read_text,
    require_limit,
)


def test_limits_are_raised_in_a_block_and_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits() == Limits()
    with raised_limits(bands=3), raised_limits(text_bytes=10):
        assert (limits().bands, limits().text_bytes, limits().table_rows) == (3, 10, Limits().table_rows)
    assert limits() == Limits()
    monkeypatch.setenv("OEMSAR_LIMITS", "bands=2e3, text_bytes=7")
    assert (limits().bands, limits().text_bytes) == (2000, 7)
    with raised_limits(bands=3):
        with raised_limits(bands=4):
            assert (limits().bands, limits().text_bytes) == (4, 7)
        assert limits().bands == 3
    assert (limits().bands, limits().text_bytes) == (2000, 7)


@pytest.mark.parametrize("given", ["bands", "bands=", "bands=-1", "bands=nan", "bands=inf", "bands=x"])
def test_a_limit_is_a_positive_number(given: str) -> None:
    with pytest.raises(InputError, match="no positive number") as told:
        parse_limits([given])
    assert told.value.options == ("limit",)


def test_an_unknown_limit_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=", ".join(LIMITS)):
        parse_limits(["doors=1"])


def test_the_limit_itself_is_allowed() -> None:
    require_limit(1024, "bands", "a.tif declares bands:")
    with pytest.raises(InputError, match=r"a\.tif declares bands: 1025, more than the 1024 .*raise bands"):
        require_limit(1025, "bands", "a.tif declares bands:")


def test_large_files_and_what_is_no_file_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("é" * 5)
    assert read_text(path) == "é" * 5
    with raised_limits(text_bytes=9), pytest.raises(InputError, match="has bytes: 10"):
        read_bytes(path)
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_text(path)
    os.mkfifo(tmp_path / "pipe")
    for name, sentence in (
        ("pipe", "no regular file"),
        ("none", "does not exist"),
        ("a.json/b", "does not exist"),
        ("n" * 300, "cannot be read"),
        ("", "is a folder"),
        ("a\0b", "cannot be read"),
    ):
        with pytest.raises(InputError, match=sentence):
            read_bytes(tmp_path / name)
    with pytest.raises(InputError, match="no regular file"):
        read_bytes(Path("/dev/zero"))
