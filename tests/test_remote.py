"""Addresses a person types are read, and a server that does not send a raster is told in a sentence."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rasterio

from oemsar import remote
from oemsar.errors import Failure, InputError, OemsarError
from oemsar.files import require_writable
from oemsar.fingerprint import fingerprint
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, files_of, open_raster
from oemsar.record import origin
from oemsar.sources import allow_sources

from .conftest import FileServer
from .raster.test_safe_files import tif, virtual

PIXELS = np.arange(64 * 48, dtype=np.uint8).reshape(48, 64)


@pytest.fixture
def scene(write_scene: Callable[..., Path]) -> Path:
    path = write_scene("scene.tif", PIXELS)
    with zipfile.ZipFile(path.with_name("a.zip"), "w") as archive:
        archive.write(path, "in/scene.tif")
    return path


@pytest.mark.parametrize(
    "name",
    [
        "{web}/scene.tif",
        "{web}/scene.tif?key=secret",
        "/vsicurl/{web}/scene.tif",
        "zip+{web}/a.zip!in/scene.tif",
        "/vsizip/vsicurl/{web}/a.zip/in/scene.tif",
        "/vsizip/{{/vsicurl/{web}/a.zip}}/in/scene.tif",
        "zip://a.zip!in/scene.tif",
        "zip://{here}/a.zip!in/scene.tif",
        "/vsizip/a.zip/in/scene.tif",
        "/vsizip/{here}/a.zip/in/scene.tif",
        "s3://in/scene.tif",
        "/vsis3/in/scene.tif",
    ],
)
def test_addresses_are_read(
    scene: Path, file_server: FileServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(scene.parent)
    host = file_server.address.removeprefix("http://")
    store = {"AWS_S3_ENDPOINT": host, "AWS_HTTPS": "NO", "AWS_VIRTUAL_HOSTING": "FALSE"}
    for key, setting in {**store, "AWS_NO_SIGN_REQUEST": "YES"}.items():
        monkeypatch.setenv(key, setting)
    (scene.parent / "in").mkdir()
    (scene.parent / "in" / "scene.tif").write_bytes(scene.read_bytes())
    path = Path(name.format(web=file_server.address, here=scene.parent))
    with open_raster(path) as dataset:
        np.testing.assert_array_equal(dataset.read(1), PIXELS)
    assert len(fingerprint(path)) == 64
    assert "secret" not in origin(path).file
    local = file_server.asked == []
    assert (origin(path).sha256 is not None) == local
    assert [file.name for file in files_of(path)] == (["a.zip"] if local else [path.name])


def test_another_content_has_another_fingerprint(scene: Path, write_scene: Callable[..., Path]) -> None:
    zipped = Path(f"zip://{scene.parent}/a.zip!in/scene.tif")
    before = fingerprint(zipped)
    with zipfile.ZipFile(scene.with_name("a.zip"), "w") as archive:
        archive.write(write_scene("scene.tif", PIXELS + 1), "in/scene.tif")
    assert fingerprint(zipped) != before


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent.tif", "answers 404 Not Found; see whether the address is right"),
        ("login.tif", "sends a web page in place of a file"),
        ("reset.tif", "cannot be reached"),
        ("mosaic.vrt", "is not a raster that is read from an address"),
        ("text.tif", "is not a raster that is read from an address"),
    ],
)
def test_a_server_without_the_raster_is_told(
    scene: Path, file_server: FileServer, name: str, sentence: str
) -> None:
    virtual(scene.with_name("mosaic.vrt"), "scene.tif")
    scene.with_name("text.tif").write_text("no raster")
    with (
        pytest.raises(OemsarError, match=sentence) as told,
        open_raster(Path(f"{file_server.address}/{name}")),
    ):
        pass
    assert f"{file_server.address}/{name}" in told.value.sentence


@pytest.mark.parametrize("changed", [(0, 0), (199, 599), (63, 63)])
def test_samples_of_a_fingerprint_reach_from_corner_to_corner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: tuple[int, int]
) -> None:
    """The image is not square: 200 rows and 600 columns."""
    digests = []
    for content in (0, 0, 1):
        pixels = np.zeros((1, 200, 600), np.uint8)
        pixels[0, changed[0], changed[1]] = content
        with rasterio.open(
            tmp_path / "a.tif", "w", driver="GTiff", width=600, height=200, count=1, dtype="uint8"
        ) as dataset:
            dataset.write(pixels)
        monkeypatch.setattr(remote, "open_address", lambda _: rasterio.open(tmp_path / "a.tif"))
        digests.append(remote.remote_fingerprint(Path("https://example.org/a.tif")))
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("domain", "key"),
    [("OVERVIEWS", "OVERVIEW_FILE"), ("GEOLOCATION", "X_DATASET"), ("GEOLOCATION", "Y_DATASET")],
)
def test_metadata_that_name_another_dataset_are_refused(domain: str, key: str) -> None:
    dataset: Any = SimpleNamespace(tags=lambda ns: {key: "b.tif"} if ns == domain else {})
    with pytest.raises(InputError, match=rf"a\.tif names another dataset in its metadata \({key} b\.tif\)"):
        remote.require_no_dataset_named(dataset, "a.tif")


def test_a_port_where_nobody_listens_is_told() -> None:
    with pytest.raises(Failure, match="cannot be reached"), open_raster(Path("http://127.0.0.1:9/a.tif")):
        pass


def test_a_connection_that_breaks_is_told(
    scene: Path, file_server: FileServer, write_scene: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")
    pixels = np.random.default_rng(0).integers(0, 256, (600, 600), np.uint8)
    path = write_scene("large.tif", pixels)
    with open_raster(Path(f"{file_server.address}/large.tif")) as dataset:
        path.unlink()
        with pytest.raises(Failure, match=r"http://.*large\.tif could not be read to its end"):
            RasterPixels.first(dataset).read(Extent(0, 0, 600, 600))


def test_files_beside_one_on_a_server_are_not_opened(file_server: FileServer) -> None:
    tif(file_server.folder / "a.tif").with_name("a.tif.ovr").write_text("<GDAL_WMS>")
    (file_server.folder / "a.tif.msk").write_text("<GDAL_WMS>")
    with open_raster(Path(f"{file_server.address}/a.tif")) as dataset:
        assert dataset.overviews(1) == []
        assert dataset.read_masks(1).all()
    assert set(file_server.asked) == {"/a.tif"}
    tif(file_server.folder / "b.tif", OVERVIEW_FILE=f"/vsicurl/{file_server.address}/c.tif")
    with (
        pytest.raises(InputError, match="names another dataset"),
        open_raster(Path(f"{file_server.address}/b.tif")),
    ):
        pass
    assert "/c.tif" not in file_server.asked


def test_a_virtual_raster_reads_an_address_only_where_it_is_allowed(
    tmp_path: Path, file_server: FileServer
) -> None:
    (tmp_path / "here").mkdir()
    tif(tmp_path / "a.tif", 6)
    source = f"{file_server.address}/a.tif"
    path = virtual(tmp_path / "here" / "a.vrt", source, relative=False)
    for allowed in ((), (f"{file_server.address}/b",), ("https://127.0.0.1/",), (tmp_path,)):
        with allow_sources(*allowed), pytest.raises(InputError, match="reads the address") as told:
            open_raster(path).__enter__()
        assert told.value.options == ("allow_sources",)
    assert file_server.asked == []
    with allow_sources(file_server.address), open_raster(path) as dataset:
        assert dataset.read(1).max() == 6


def test_nothing_is_written_to_an_address() -> None:
    with pytest.raises(InputError, match="is an address; results are written to folders of this machine"):
        require_writable(Path("https://127.0.0.1:9/folder"))
