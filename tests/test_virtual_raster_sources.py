"""Sources of a virtual raster are named as GDAL reads them: beside it only where they are relative to it."""

from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.virtual_raster_sources import files_behind, virtual_sources


def _virtual(path: Path, source: str, flag: str) -> Path:
    path.write_text(
        f'<VRTDataset><VRTRasterBand><SimpleSource><SourceFilename relativeToVRT="{flag}">{source}'
        "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return path


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A file below the folder of the virtual rasters."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.tif").write_bytes(b"pixels")
    return tmp_path / "parts" / "a.tif"


@pytest.mark.parametrize("flag", ["1", "2x", " +1"])
def test_a_relative_source_lies_beside_the_virtual_raster(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert [source.path for source in virtual_sources(_virtual(tmp_path / "a.vrt", "parts/a.tif", flag))] == [
        part
    ]


@pytest.mark.parametrize("flag", ["0", "", "true", "-0"])
def test_another_source_lies_in_the_present_folder(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    path = _virtual(tmp_path / "a.vrt", "parts/a.tif", flag)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"a\.vrt reads parts/a\.tif, which does not exist"):
        virtual_sources(path)
    monkeypatch.chdir(tmp_path)
    assert [source.path for source in virtual_sources(path)] == [Path("parts/a.tif")]


def test_only_what_is_read_as_plain_bytes_is_not_looked_into(part: Path, tmp_path: Path) -> None:
    inner = _virtual(tmp_path / "inner.vrt", "parts/a.tif", "1")
    assert files_behind(_virtual(tmp_path / "outer.vrt", "inner.vrt", "1")) == [inner, part]
    raw = tmp_path / "raw.vrt"
    raw.write_text(
        '<VRTDataset><VRTRasterBand subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="1">inner.vrt'
        "</SourceFilename></VRTRasterBand></VRTDataset>"
    )
    assert files_behind(raw) == [inner]
