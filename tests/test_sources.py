"""Files name what lies below their folder, and else only what a person allows."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.processes import map_in_processes
from oemsar.sources import (
    allow_sources,
    allowed_sources,
    is_allowed,
    is_allowed_address,
    require_allowed,
    require_unlinked,
)


def test_permission_ends_with_its_block(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other" / "a.tif"
    assert is_allowed(home / "deep" / "a.tif", home)
    assert not is_allowed(home / ".." / "a.tif", home)
    assert not is_allowed(tmp_path / "homes" / "a.tif", home)
    with allow_sources(tmp_path / "other"):
        assert is_allowed(other, home)
        with allow_sources("https://host/a"):
            assert is_allowed(other, home)
            assert allowed_sources() == (str(tmp_path / "other"), "https:/host/a") or allowed_sources()[1]
    assert not is_allowed(other, home)
    assert "OEMSAR_ALLOW_SOURCES" not in os.environ


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://host/a", True),
        ("https://host/a/b.tif", True),
        ("https://host/ab.tif", False),
        ("https://host/a/../b.tif", False),
        ("https://host/a/%2E%2e/b.tif", False),
        ("http://host/a/b.tif", False),
        ("https://host.evil/a/b.tif", False),
        ("https://host@evil/a/b.tif", False),
        ("s3://a/b.tif", False),
    ],
)
def test_an_address_begins_with_one_that_is_allowed(address: str, allowed: bool) -> None:
    assert not is_allowed_address(address)
    with allow_sources("https://host/a/"):
        assert is_allowed_address(address) == allowed


def test_the_sentence_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.vrt reads /b\.tif, outside of .*allow it") as told:
        require_allowed(Path("/b.tif"), tmp_path, "a.vrt reads")
    assert told.value.options == ("allow_sources",)


def test_links_that_stay_are_no_matter(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.tif").touch()
    (folder / "same.tif").symlink_to("a.tif")
    (folder / "out.tif").symlink_to(tmp_path / "b.tif")
    require_unlinked(folder / "a.tif", folder)
    require_unlinked(folder / "same.tif", folder)
    with pytest.raises(InputError, match=r"out\.tif, a link to .*b\.tif, outside of"):
        require_unlinked(folder / "out.tif", folder)


def _seen(_: int) -> Sequence[str]:
    return allowed_sources()


def test_worker_processes_know_what_is_allowed(tmp_path: Path) -> None:
    with allow_sources(tmp_path):
        assert list(map_in_processes(_seen, [0, 1], workers=2)) == [(str(tmp_path),)] * 2
