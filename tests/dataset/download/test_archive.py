"""An archive is refused before a byte is written, or ends up as exactly its files."""

import errno
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oemsar.dataset.download import archive as archives
from oemsar.dataset.download.archive import Limits, extract, list_members, missing_bytes
from oemsar.errors import DiskFull, Failure, InputError
from oemsar.files import partial_path
from oemsar.limits import raised_limits

TREE = {
    "release/train/labels/TrainArea_001.tif": b"label" * 1000,
    "release/train/sar_images/TrainArea_001.tif": bytes(range(256)) * 40,
    "release/val/sar_images/ValArea_001.tif": b"",
}


def write_members(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in members:
            archive.writestr(info, content)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_members(tmp_path / "tree.zip", *TREE.items())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "out"
    folder.mkdir(parents=True)
    return folder


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if not path.is_dir()
    }


def link(name: str, kind: int = 0o120777) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = kind << 16
    return info


def patched(path: Path, change: Callable[[bytearray, int, int], None]) -> Path:
    """Change the only member's local and central header; `change` gets the bytes and both offsets."""
    content = bytearray(path.read_bytes())
    change(content, content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02"))
    path.write_bytes(content)
    return path


def test_every_file_keeps_its_path_and_content(tree: Path, out: Path) -> None:
    members = list_members(tree)
    reports: list[tuple[int, int]] = []
    assert extract(tree, members, out, lambda done, total: reports.append((done, total))) == 3
    assert files_below(out) == TREE
    total = sum(map(len, TREE.values()))
    assert reports[0] == (0, total)
    assert reports[-1] == (total, total)


def test_folders_and_leading_dots_of_other_tools_are_understood(tmp_path: Path, out: Path) -> None:
    path = write_members(tmp_path / "a.zip", ("./tree/", b""), ("./tree/a..b.tif", b"x"))
    extract(path, list_members(path), out)
    assert files_below(out) == {"tree/a..b.tif": b"x"}


def test_a_second_extraction_writes_nothing(tree: Path, out: Path) -> None:
    members = list_members(tree)
    extract(tree, members, out)
    before = {name: (out / name).stat().st_ino for name in TREE}
    assert missing_bytes(members, out) == 0
    assert extract(tree, members, out) == 0
    assert {name: (out / name).stat().st_ino for name in TREE} == before


def test_what_is_missing_or_differs_is_put_back(tree: Path, out: Path) -> None:
    members = list_members(tree)
    extract(tree, members, out)
    gone, torn = "release/train/labels/TrainArea_001.tif", "release/train/sar_images/TrainArea_001.tif"
    (out / gone).unlink()
    (out / torn).write_bytes(bytes(len(TREE[torn])))
    assert missing_bytes(members, out) == len(TREE[gone])
    assert extract(tree, members, out) == 2
    assert files_below(out) == TREE


def test_the_leftover_of_a_killed_extraction_is_not_taken_for_a_file(tree: Path, out: Path) -> None:
    name = "release/train/labels/TrainArea_001.tif"
    leftover = out / "release/train/labels/.TrainArea_001.tif.partial"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    extract(tree, list_members(tree), out)
    assert files_below(out) == TREE
    assert (out / name).read_bytes() == TREE[name]


@pytest.mark.parametrize(
    "name",
    [
        "/etc/evil",
        "../evil",
        "a/../../evil",
        "a/..",
        "..\\evil",
        "a\\b",
        "C:/evil",
        "c:evil",
        "//host/share",
        "a/\nb",
        "../",
        "/abs/",
    ],
)
def test_a_name_that_could_leave_the_folder_refuses_the_whole_archive(
    tmp_path: Path, out: Path, name: str
) -> None:
    path = write_members(
        tmp_path / "a.zip", ("good.tif", b"good"), (name, b"" if name[-1] == "/" else b"evil")
    )
    with pytest.raises(Failure, match="is refused: its member"):
        extract(path, list_members(path), out)
    assert files_below(out.parent) == {}


def test_a_name_cut_at_a_nul_is_refused(tmp_path: Path) -> None:
    path = write_members(tmp_path / "a.zip", ("good?evil", b"x"))
    path.write_bytes(path.read_bytes().replace(b"good?evil", b"good\x00evil"))
    with pytest.raises(Failure, match="control character"):
        list_members(path)


@pytest.mark.parametrize("kind", [0o120777, 0o010644, 0o020644, 0o060644, 0o140644])
def test_links_and_special_files_are_refused(tmp_path: Path, kind: int) -> None:
    path = write_members(tmp_path / "a.zip", (link("train", kind), b"/etc"), ("train/passwd", b"evil"))
    with pytest.raises(Failure, match="link or a special file"):
        list_members(path)


def test_a_link_under_the_name_of_a_folder_is_refused(tmp_path: Path) -> None:
    path = write_members(tmp_path / "a.zip", (link("train/"), b"/etc"))
    with pytest.raises(Failure, match="link or a special file"):
        list_members(path)


def test_two_members_of_one_path_are_refused(tmp_path: Path) -> None:
    path = write_members(tmp_path / "a.zip", ("a/b", b"1"), ("a/./b", b"2"))
    with pytest.raises(Failure, match="same path"):
        list_members(path)


def test_a_file_that_is_a_folder_to_another_is_refused(tmp_path: Path) -> None:
    path = write_members(tmp_path / "a.zip", ("a", b"1"), ("a/b/c", b"2"))
    with pytest.raises(Failure, match="lies in another file"):
        list_members(path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    def encrypt(content: bytearray, local: int, central: int) -> None:
        content[local + 6] |= 1
        content[central + 8] |= 1

    path = patched(write_members(tmp_path / "a.zip", ("a", b"x")), encrypt)
    with pytest.raises(Failure, match="is encrypted"):
        list_members(path)


def test_a_method_whose_memory_is_not_bounded_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a", b"x" * 1000)
    with pytest.raises(Failure, match="packed by method 12"):
        list_members(path)


def test_an_archive_that_expands_beyond_its_allowance_is_refused(tmp_path: Path) -> None:
    path = write_members(tmp_path / "bomb.zip", ("zeros", bytes(1_000_000)))
    size = path.stat().st_size
    with pytest.raises(Failure, match=f"its {size} bytes would expand to 1000000"):
        list_members(path, Limits(ratio=100, floor=999_999))
    assert list_members(path, Limits(ratio=100, floor=1_000_000))[0].size == 1_000_000
    assert list_members(path, Limits(ratio=1_000_000 / size + 1, floor=0))


def test_members_that_are_bombs_only_together_are_refused(tmp_path: Path) -> None:
    path = write_members(tmp_path / "bomb.zip", *((f"{i}", bytes(100_000)) for i in range(11)))
    with pytest.raises(Failure, match="would expand to 1100000"):
        list_members(path, Limits(ratio=1, floor=1_000_000))


def test_the_default_allowance_lets_labels_of_one_class_through(tmp_path: Path) -> None:
    tiles = ((f"labels/ValArea_{i:03}.tif", b"\x06" * 1024 * 1024) for i in range(8))
    path = write_members(tmp_path / "labels.zip", *tiles)
    assert path.stat().st_size * 500 < 8 * 1024 * 1024
    assert len(list_members(path)) == 8


@pytest.mark.parametrize("declared", [10, 999_999, 1_000_001, 5_000_000])
def test_no_more_is_written_than_declared_and_a_lie_leaves_no_file(
    tmp_path: Path, out: Path, declared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(content: bytearray, local: int, central: int) -> None:
        struct.pack_into("<I", content, local + 22, declared)
        struct.pack_into("<I", content, central + 24, declared)

    path = patched(write_members(tmp_path / "a.zip", ("a", bytes(1_000_000))), lie)
    written = count_written(monkeypatch)
    with pytest.raises(Failure, match=r"damaged at its member|damaged: its member"):
        extract(path, list_members(path), out)
    assert sum(written) <= declared
    assert files_below(out) == {}


def count_written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    written: list[int] = []
    real = Path.open

    def open_counted(path: Path, mode: str = "r", **kwargs: Any) -> Any:
        file = real(path, mode, **kwargs)
        return CountedFile(file, written) if mode == "wb" else file

    monkeypatch.setattr(Path, "open", open_counted)
    return written


class CountedFile:
    def __init__(self, file: Any, written: list[int]) -> None:
        self.file, self.written = file, written

    def __enter__(self) -> "CountedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, block: bytes) -> int:
        self.written.append(len(block))
        return int(self.file.write(block))


def test_a_flipped_bit_leaves_the_files_before_it_and_no_broken_one(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("first", b"good")
        archive.writestr("second", b"MARKED CONTENT")
    path.write_bytes(path.read_bytes().replace(b"MARKED", b"NARKED"))
    with pytest.raises(Failure, match="damaged at its member 'second'"):
        extract(path, list_members(path), out)
    assert files_below(out) == {"first": b"good"}


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 cut off"])
def test_what_is_no_zip_archive_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Failure, match="not a complete zip archive"):
        list_members(tmp_path / "a.zip")


def test_a_full_disk_keeps_the_finished_files_and_frees_the_unfinished(
    tree: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = list_members(tree)
    full, real = members[1].path.name, Path.open

    def open_until_full(path: Path, mode: str = "r", **kwargs: Any) -> Any:
        if mode == "wb" and "sar_images" in str(path) and full in path.name:
            real(path, mode).close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_until_full)
        with pytest.raises(DiskFull, match=r"no room left for .*run the command again"):
            extract(tree, members, out)
    assert list(files_below(out)) == [str(members[0].path)]
    assert extract(tree, members, out) == 2
    assert files_below(out) == TREE


def test_the_mark_of_an_extraction_holds_while_every_file_is_there(tree: Path, out: Path) -> None:
    members = list_members(tree)
    assert archives.extracted_files("tree.zip", "ab", out) is None
    extract(tree, members, out)
    archives.mark_extracted("tree.zip", "ab", members, out)
    assert archives.extracted_files("tree.zip", "ab", out) == 3
    assert archives.extracted_files("tree.zip", "cd", out) is None
    (out / members[0].path).unlink()
    assert archives.extracted_files("tree.zip", "ab", out) is None


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    def unname(content: bytearray, local: int, central: int) -> None:
        struct.pack_into("<HH", content, local + 26, 0, 1)
        struct.pack_into("<HH", content, central + 28, 0, 1)

    path = patched(write_members(tmp_path / "a.zip", ("a", b"x")), unname)
    with pytest.raises(Failure, match="is refused: its member ''"):
        list_members(path)


@settings(max_examples=150)
@given(st.data())
def test_damage_anywhere_ends_in_a_sentence_or_in_the_declared_content(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    path = write_members(folder / "a.zip", ("a", b"alpha" * 9), ("b/c", b"beta"))
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    (folder / "out").mkdir()
    try:
        members = list_members(path)
        extract(path, members, folder / "out")
    except Failure:
        return
    assert all(member.is_at(folder / "out") for member in members)


parts = st.sampled_from(["..", ".", "", "a", "b.tif", "C:", "\\", "..\\", "~", "/", "train", " ", "..."])


names = st.lists(parts, min_size=1, max_size=6).map("/".join).filter(lambda name: name[-1:] not in ("", "/"))


@given(names)
def test_any_accepted_name_lies_below_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = write_members(tmp_path_factory.mktemp("names") / "a.zip", (name, b"x"))
    try:
        (member,) = list_members(path)
    except Failure:
        return
    folder = PurePosixPath("/data")
    assert PurePosixPath(os.path.normpath(folder / member.path)).is_relative_to(folder)
    assert member.path.parts


@pytest.mark.parametrize("name", ["n" * 241, "a/" + "é" * 121 + "/b", "a\u202eb", "a\x7f", "x" * 60_000])
def test_names_that_no_file_can_have_are_refused(tmp_path: Path, name: str) -> None:
    path = write_members(tmp_path / "a.zip", (name, b"x"))
    with pytest.raises(Failure, match="is refused: its member"):
        list_members(path)


def test_an_archive_of_too_many_files_or_a_pipe_is_refused(tmp_path: Path, tree: Path) -> None:
    with raised_limits(archive_entries=2), pytest.raises(InputError, match="raise archive_entries"):
        list_members(tree)
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(InputError, match="no regular file"):
        list_members(tmp_path / "pipe.zip")


def test_a_link_under_the_partial_name_of_a_member_is_not_followed(
    tmp_path: Path, tree: Path, out: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = out / "release" / "train" / "labels"
    folder.mkdir(parents=True)
    partial_path(folder / "TrainArea_001.tif").symlink_to(victim)
    extract(tree, list_members(tree), out)
    assert victim.read_text() == "mine"
    assert files_below(out) == TREE
