"""An address survives being a path, and is told from a file of this machine."""

from pathlib import Path

import pytest

from oemsar.addresses import (
    dataset_name,
    is_address,
    is_remote,
    local_archive,
    spelled,
    web_address,
    without_queries,
)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("https://host/a/b.tif", "/vsicurl/https://host/a/b.tif"),
        ("HTTPS://host/a.tif", "/vsicurl/HTTPS://host/a.tif"),
        ("https://host:8080/a.tif?sig=a%2Fb&x=1", "/vsicurl/https://host:8080/a.tif?sig=a%2Fb&x=1"),
        ("s3://bucket/key/a.tif", "/vsis3/bucket/key/a.tif"),
        ("gs://bucket/a.tif", "/vsigs/bucket/a.tif"),
        ("az://container/a.tif", "/vsiaz/container/a.tif"),
        ("/vsicurl/https://host/a.tif", "/vsicurl/https://host/a.tif"),
        ("/vsis3/bucket/a.tif", "/vsis3/bucket/a.tif"),
        ("zip+https://host/a.zip!in/b.tif", "/vsizip/{/vsicurl/https://host/a.zip}/in/b.tif"),
        ("/vsizip/vsicurl/https://host/a.zip/b.tif", "/vsizip/{/vsicurl/https://host/a.zip}/b.tif"),
        ("zip+s3://bucket/a.zip!b.tif", "/vsizip/{/vsis3/bucket/a.zip}/b.tif"),
    ],
)
def test_a_path_keeps_an_address_on_a_server(typed: str, name: str) -> None:
    path = Path(typed)
    assert is_address(path)
    assert is_remote(path)
    assert dataset_name(path) == name
    assert spelled(path) == typed.partition("?")[0]
    assert local_archive(path) is None


def test_an_archive_on_this_machine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.zip").touch()
    for typed in ("zip://a.zip!in/b.tif", "/vsizip/a.zip/in/b.tif", f"zip://{tmp_path}/a.zip!in/b.tif"):
        path = Path(typed)
        archive = local_archive(path)
        assert archive is not None
        assert archive.samefile("a.zip")
        assert not is_remote(path)
        assert dataset_name(path) == f"/vsizip/{{{tmp_path}/a.zip}}/in/b.tif"


@pytest.mark.parametrize(
    "name", ["a.tif", "/data/a.tif", "a:b.tif", "WMS:http://host", "vrt://a.tif", "C:/a.tif"]
)
def test_files_and_other_names_are_no_addresses(name: str) -> None:
    assert not is_address(Path(name))


def test_a_folder_named_like_a_scheme_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "https:" / "host").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert is_address(Path("https://host/a.tif"))
    (tmp_path / "https:" / "host" / "a.tif").touch()
    assert not is_address(Path("https://host/a.tif"))


def test_the_web_address_keeps_its_query_and_nothing_else_does() -> None:
    path = Path("zip+https://host/a.zip?key=1!b.tif")
    assert web_address(path) == "https://host/a.zip?key=1"
    assert web_address(Path("s3://bucket/a.tif")) is None
    said = "--optical=https://host/a.tif?key=1&b=2 and s3://b/c?d"
    assert without_queries(said) == "--optical=https://host/a.tif and s3://b/c"
