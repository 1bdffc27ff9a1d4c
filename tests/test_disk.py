"""What is written is whole or an error, and a disk without room is told in one sentence."""

import errno
import io
import os
import shutil
import zipfile
from collections import namedtuple
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from oemsar.disk import disk_errors, probe_room, require_room, reserve, size_text, write_all
from oemsar.errors import DiskFull, Failure, InputError
from oemsar.files import atomic_write, require_writable, scratch_folder

Limit = Callable[[int], AbstractContextManager[None]]

NOISE = np.random.default_rng(0).integers(0, 256, (300, 400), np.uint8)


class _Short(io.BytesIO):
    """File that takes at most `most` bytes at once."""

    most = 7

    def write(self, data: memoryview, /) -> int:  # type: ignore[override]
        return super().write(memoryview(data).cast("B")[: self.most])


@pytest.mark.parametrize("data", [b"", b"abcdefg", bytes(range(100)), NOISE[:3].data])
def test_every_byte_is_written_to_a_file_that_writes_short(data: bytes | memoryview) -> None:
    file = _Short()
    write_all(file, data)
    assert file.getvalue() == bytes(data)


def test_a_file_that_takes_no_more_is_an_error() -> None:
    file = _Short()
    file.most = 0
    with pytest.raises(OSError, match="No space left"):
        write_all(file, b"abc")


def test_a_write_that_the_disk_cuts_is_an_error(tmp_path: Path, file_limit: Limit) -> None:
    with file_limit(1000), (tmp_path / "a").open("wb", buffering=0) as file:
        with pytest.raises(OSError, match="too large"):
            write_all(file, bytes(1500))
        assert file.tell() == 1000  # the system wrote what fitted, and said so


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", NOISE.tobytes())


def _checkpoint(path: Path) -> None:
    with path.open("wb") as file:
        torch.save({"a": torch.rand(30_000)}, file)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(NOISE.tobytes()),
        lambda path: np.save(path.open("wb"), NOISE),
        lambda path: np.savez_compressed(path.open("wb"), NOISE),
        lambda path: torch.save({"a": torch.rand(30_000)}, path),
        _checkpoint,
        lambda path: save_file({"a": torch.rand(30_000)}, path),
        lambda path: pd.DataFrame({"a": NOISE.ravel()}).to_parquet(path),
        lambda path: Image.fromarray(NOISE).save(path, format="PNG"),
        _zip,
    ],
    ids=["bytes", "npy", "npz", "torch", "torch file", "safetensors", "parquet", "png", "zip"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_no_library_hides_that_a_file_found_no_room(
    tmp_path: Path, file_limit: Limit, write: Callable[[Path], object]
) -> None:
    path = tmp_path / "result"
    path.write_text("of before")
    with (
        pytest.raises(DiskFull, match=r"result.*run the command again"),
        file_limit(10_000),
        atomic_write(path) as part,
    ):
        write(part)
    assert path.read_text() == "of before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "kind", "sentence"),
    [
        (errno.ENOSPC, DiskFull, r"disk of .* has no room left for a\.tif \(.* are free\); free some"),
        (errno.EDQUOT, DiskFull, r"the quota of the disk of .* has no room left for a\.tif; free some"),
        (errno.EFBIG, DiskFull, r"a\.tif grows beyond the size .*ulimit -f"),
        (errno.EIO, Failure, r"a disk failed while .*a\.tif was written \(Input/output error\); check it"),
        (errno.EROFS, Failure, r"a disk failed while .*a\.tif was written \(Read-only file system\); check"),
    ],
)
def test_each_error_of_a_disk_has_its_sentence_also_without_its_number(
    tmp_path: Path, number: int, kind: type[Failure], sentence: str
) -> None:
    told = RuntimeError(f"Error while serializing: {os.strerror(number)} (os error {number})")
    for error in (OSError(number, "full"), told):
        with pytest.raises(kind, match=sentence) as caught, disk_errors(tmp_path / "a.tif"):
            raise error
        assert type(caught.value) is kind


@pytest.mark.parametrize("named", [True, False])
def test_the_disk_behind_an_error_of_a_library_is_found(tmp_path: Path, named: bool) -> None:
    """Whether the library names the cause of its error or only raises it meanwhile."""
    full = OSError(errno.EDQUOT, "Disk quota exceeded")
    outer = ValueError("the file could not be closed")
    outer.__cause__, outer.__context__ = (full, None) if named else (None, full)
    with pytest.raises(DiskFull, match=r"the quota of the disk .* a\.tif"), disk_errors(tmp_path / "a.tif"):
        raise outer


@pytest.mark.parametrize(
    "error", [ValueError("wrong"), PermissionError(13, "no"), InputError("File too large")]
)
def test_other_errors_stay_what_they_are(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, disk_errors(tmp_path / "a"):
        raise error
    assert caught.value is error


def test_room_is_asked_for_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**10, 0, 2 * 10**9))
    require_room(tmp_path / "new" / "folder", 2 * 10**9, "for it")
    sentence = r"about 3.1 GB are needed in .* for the work on map.tif, 2.0 GB are free; free some"
    with pytest.raises(DiskFull, match=sentence), scratch_folder(tmp_path / "map.tif", 3_120_000_000):
        pytest.fail("the work began")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2_400_000, "2.4 MB")]
)
def test_sizes_are_written_for_a_person(size: int, text: str) -> None:
    assert size_text(size) == text


def test_reserved_bytes_lie_on_the_disk_and_keep_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    os.truncate(path, 1 << 20)
    assert path.stat().st_blocks * 512 < 1 << 20
    reserve(path, 1 << 20)
    assert path.stat().st_blocks * 512 >= 1 << 20
    assert path.read_bytes() == b"abc" + bytes((1 << 20) - 3)


def test_a_limit_shows_before_the_work(tmp_path: Path, file_limit: Limit) -> None:
    with file_limit(1000), pytest.raises(OSError, match="too large"):
        probe_room(tmp_path / "a", 2000)
    probe_room(tmp_path / "a", 2000)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_on_a_full_disk_is_not_called_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(DiskFull, match="no room left for a new file"):
        require_writable(tmp_path)
