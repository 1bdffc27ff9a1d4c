"""A file is the same as long as its content, and that of the files behind it, is."""

import os
from pathlib import Path

import pytest

from oemsar import fingerprint as module
from oemsar.errors import Failure, InputError
from oemsar.files import checksum
from oemsar.fingerprint import Unchanged, files_behind, fingerprint, fingerprints


def virtual(path: Path, source: Path | str, *, relative: bool) -> Path:
    path.write_text(
        f'<VRTDataset><VRTRasterBand><SimpleSource><SourceFilename relativeToVRT="{int(relative)}">{source}'
        "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return path


def test_content_counts_and_name_and_date_do_not(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tif", tmp_path / "b.tif"
    first.write_bytes(b"pixels")
    second.write_bytes(b"pixels")
    os.utime(second, (1, 1))
    assert fingerprint(first) == fingerprint(second)
    second.write_bytes(b"pixelz")
    assert fingerprint(first) != fingerprint(second)


def test_of_a_large_file_date_size_and_both_ends_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WHOLE", 100)
    path = tmp_path / "large.tif"
    content = bytearray(os.urandom(1_000_000))

    def of(moment: int = 5) -> str:
        path.write_bytes(content)
        os.utime(path, (moment, moment))
        return fingerprint(path)

    before = of()
    assert of() == before
    assert of(6) != before
    content[-1] ^= 1
    changed_last = of()
    assert changed_last != before
    content[0] ^= 1
    assert of() != changed_last


@pytest.mark.parametrize("relative", [True, False])
def test_files_behind_a_virtual_raster_count_however_deep(tmp_path: Path, relative: bool) -> None:
    tile = tmp_path / "tiles" / "tile.tif"
    tile.parent.mkdir()
    tile.write_bytes(b"one")
    inner = virtual(tile.with_name("inner.vrt"), "tile.tif" if relative else tile, relative=relative)
    outer = virtual(tmp_path / "outer.vrt", "tiles/inner.vrt" if relative else inner, relative=relative)
    assert files_behind(outer) == [inner, tile]
    before = fingerprint(outer)
    tile.write_bytes(b"two")
    assert fingerprint(outer) != before
    tile.unlink()
    with pytest.raises(InputError, match=r"tile\.tif, which does not exist"):
        fingerprint(outer)


def test_sources_of_a_large_virtual_raster_count(tmp_path: Path) -> None:
    tile = tmp_path / "tile.tif"
    tile.write_bytes(b"one")
    path = virtual(tmp_path / "large.vrt", "tile.tif", relative=True)
    path.write_text(path.read_text().replace("<SimpleSource>", f"<!--{'x' * (2 << 20)}--><SimpleSource>"))
    assert files_behind(path) == [tile]
    before = fingerprint(path)
    tile.write_bytes(b"two")
    assert fingerprint(path) != before


def test_many_files_of_an_input_share_the_bytes_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WHOLE", 100)
    files = [tmp_path / f"{number}.tif" for number in range(5)]
    for file in files:
        file.write_bytes(os.urandom(21))
        os.utime(file, (5, 5))
    before = fingerprints(files)
    assert len(set(before)) == 5
    os.utime(files[0], (6, 6))
    assert fingerprints(files)[0] != before[0]
    assert fingerprints(files[:1]) == [checksum(files[0])]


def test_a_file_that_changed_during_a_work_is_named(tmp_path: Path) -> None:
    scene, absent = tmp_path / "scene.tif", tmp_path / "absent.tif"
    scene.write_bytes(b"one")
    watched = Unchanged.of([scene, absent])
    watched.require()
    scene.write_bytes(b"other")
    with pytest.raises(Failure, match=r"scene\.tif changed while it was being read; run the same"):
        watched.require()
    watched = Unchanged.of([scene, absent])
    absent.touch()
    assert watched.changed() == absent


def test_a_virtual_raster_of_itself_ends(tmp_path: Path) -> None:
    path = virtual(tmp_path / "loop.vrt", "loop.vrt", relative=True)
    assert fingerprint(path) == fingerprint(path)
