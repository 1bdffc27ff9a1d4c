"""Files and folders are whole or not there, and no output replaces an input."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from oemsar.errors import DiskFull, InputError
from oemsar.files import (
    atomic_folder,
    atomic_write,
    checksum,
    disk_errors,
    partial_path,
    recover_folder,
    require_writable,
    scratch_folder,
    write_json,
)


def _write(path: Path, text: str, error: BaseException | None = None) -> None:
    with atomic_write(path) as partial:
        partial.write_text(text)
        if error is not None:
            raise error


def _fill(path: Path, text: str, error: BaseException | None = None) -> None:
    with atomic_folder(path) as partial:
        (partial / "a.txt").write_text(text)
        if error is not None:
            raise error


def test_a_file_is_replaced_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    _write(path, "first")
    with pytest.raises(KeyboardInterrupt):
        _write(path, "second", KeyboardInterrupt())
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_is_replaced_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "model"
    _fill(path, "first")
    (path / "left.txt").write_text("of the first")
    with pytest.raises(RuntimeError, match="stop"):
        _fill(path, "second", RuntimeError("stop"))
    assert (path / "a.txt").read_text() == "first"
    _fill(path, "third")
    assert [each.name for each in path.iterdir()] == ["a.txt"]
    assert (path / "a.txt").read_text() == "third"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_person_put_into_a_folder_comes_into_the_one_that_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for text in ("first", "second"):
        with atomic_folder(path, own=["a.txt", "b.txt"]) as partial:
            (partial / "a.txt").write_text(text)
            if text == "first":
                (partial / "b.txt").write_text("of the first")
        (path / "notes").mkdir(exist_ok=True)
        (path / "notes" / "mine.txt").write_text("mine")
        if not (path / "link").is_symlink():
            (path / "link").symlink_to("notes")
    assert {each.name for each in path.iterdir()} == {"a.txt", "notes", "link"}
    assert (path / "a.txt").read_text() == "second"
    assert (path / "link" / "mine.txt").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="is a file where a folder is to be written"):
        _fill(tmp_path / "file", "new")
    with pytest.raises(InputError, match="is a folder; give the name of the file to write"):
        _write(tmp_path / "folder", "new")
    assert (tmp_path / "file").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("killed", ["before the new came", "after the new came"])
def test_a_folder_killed_between_two_renames_is_the_new_one(tmp_path: Path, killed: str) -> None:
    path, old, partial = (tmp_path / name for name in ("model", ".model.old", ".model.partial"))
    new = partial if killed == "before the new came" else path
    for folder, text in ((old, "old"), (new, "new")):
        folder.mkdir()
        (folder / "a.txt").write_text(text)
    recover_folder(path)
    assert (path / "a.txt").read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_scratch_folder_is_empty_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    partial_path(path).mkdir()
    (partial_path(path) / "killed").touch()
    with scratch_folder(path) as folder:
        assert list(folder.iterdir()) == []
        (folder / "a").touch()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.txt"
    _write(path, "first")
    with pytest.raises(DiskFull, match=r"no room left for a\.txt"):
        _write(path, "second", OSError(number, "full"))
    assert path.read_text() == "first"


def test_other_errors_of_the_system_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk_errors(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "not yours")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "sub"):
        with pytest.raises(InputError, match="is not a folder; choose another output path"):
            require_writable(folder)


def test_json_is_whole_and_has_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"miou": 0.5, "shape": [3, 4]})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"miou": float("nan")})
    assert json.loads(path.read_text()) == {"miou": 0.5, "shape": [3, 4]}


def test_a_checksum_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"oemsar" * 400_000)
    assert checksum(path) == hashlib.sha256(b"oemsar" * 400_000).hexdigest()
    assert checksum(path, "md5") == hashlib.md5(b"oemsar" * 400_000).hexdigest()  # noqa: S324


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_asking_whether_a_folder_can_be_written_to_leaves_nothing_even_if_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_RDWR))
    except OSError:
        pytest.skip("the disk has no files without a name")

    def killed(*_: object, **__: object) -> None:
        raise AssertionError("a file had a name that was to be removed")

    for name in ("unlink", "remove"):
        monkeypatch.setattr(os, name, killed)
    require_writable(tmp_path / "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["new"]


@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to])
def test_a_link_that_waits_under_the_partial_name_is_not_followed(
    tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_text("mine")
    plant(partial_path(out), victim)
    _write(out, "new")
    assert (victim.read_text(), out.read_text(), out.is_symlink()) == ("mine", "new", False)


@pytest.mark.parametrize("made", [atomic_folder, scratch_folder])
def test_a_link_that_waits_under_the_name_of_a_folder_is_not_followed(
    tmp_path: Path, made: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.mkdir()
    (victim / "mine").touch()
    partial_path(out).symlink_to(victim)
    with made(out) as folder:
        (folder / "new").touch()
    assert [path.name for path in victim.iterdir()] == ["mine"]
