"""What a raster makes GDAL open beside and behind it is looked at first: nothing foreign, nothing remote."""

import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy

from oemsar.errors import InputError
from oemsar.limits import raised_limits
from oemsar.raster.read import files_of, open_raster
from oemsar.sources import allow_sources

from ..conftest import FileServer

SECRET = 77


def tif(path: Path, value: int = 5, **overviews: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", driver="GTiff", width=48, height=32, count=1, dtype="uint8") as dataset:
        dataset.write(np.full((1, 32, 48), value, np.uint8))
        if overviews:
            dataset.update_tags(ns="OVERVIEWS", **overviews)
    return path


def virtual(path: Path, source: object, *, relative: bool = True, more: str = "", kind: str = "") -> Path:
    path.write_text(
        f'<VRTDataset rasterXSize="48" rasterYSize="32"{kind}>{more}<VRTRasterBand dataType="Byte" band="1">'
        f'<SimpleSource><SourceFilename relativeToVRT="{int(relative)}">{source}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return path


def value(path: Path) -> int:
    with open_raster(path) as dataset:
        dataset.overviews(1)  # looks for overviews beside the file
        return int(dataset.read(1, out_shape=(4, 4)).max() | dataset.read(1).max())


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A folder from a stranger, beside a secret."""
    tif(tmp_path / "secret.tif", SECRET)
    folder = tmp_path / "scene"
    tif(folder / "parts" / "a.tif")
    return folder


def test_sources_below_the_folder_are_read(inside: Path) -> None:
    inner = virtual(inside / "inner.tif", "parts/a.tif")
    assert value(virtual(inside / "outer.vrt", "inner.tif")) == 5
    assert value(virtual(inside / "absolute.vrt", inner.absolute(), relative=False)) == 5
    assert [path.name for path in files_of(inside / "outer.vrt")] == ["outer.vrt", "inner.tif", "a.tif"]


def test_a_source_elsewhere_is_read_only_where_it_is_allowed(inside: Path, tmp_path: Path) -> None:
    for source, relative in (("../secret.tif", True), (tmp_path / "secret.tif", False)):
        path = virtual(inside / "scene.tif", source, relative=relative)
        with pytest.raises(InputError, match=r"secret\.tif, outside of") as refused:
            value(path)
        assert refused.value.options == ("allow_sources",)
        with allow_sources(tmp_path):
            assert value(path) == SECRET
        with pytest.raises(InputError, match="outside of"):
            value(path)


def test_links_are_resolved(inside: Path, tmp_path: Path) -> None:
    (inside / "link.tif").symlink_to(tmp_path / "secret.tif")
    (inside / "folder").symlink_to(tmp_path)
    for source in ("link.tif", "folder/secret.tif"):
        with pytest.raises(InputError, match="outside of"):
            value(virtual(inside / "a.vrt", source))


@pytest.mark.parametrize(
    "text",
    [
        '<SourceFilename relativeToVRT="1">../secret.tif</SourceFilename>',
        '<sourcefilename RELATIVETOVRT="1">../secret.tif</sourcefilename>',
        '<SourceFilename relativeToVRT="2x">../secret.tif</SourceFilename>',
        '<SourceFilename relativeToVRT="1">../secret.tif<!-- parts/a.tif --></SourceFilename>',
        '<SourceFilename relativeToVRT="1"><![CDATA[../secret.tif]]></SourceFilename>',
        '<SourceFilename relativeToVRT="1">..&#x2F;secret.tif</SourceFilename>',
        '<SourceFilename relativeToVRT="1">\n ../secret.tif</SourceFilename>',
        '<SourceFilename relativeToVRT="1">parts/../../secret.tif</SourceFilename>',
        "<SourceFilename>GTIFF_DIR:1:/secret.tif</SourceFilename>",
        "<SourceFilename>vrt:///secret.tif</SourceFilename>",
        "<SourceFilename>/vsizip/a.zip/a.tif</SourceFilename>",
        "<SourceFilename>/vsisubfile/0_9,/secret.tif</SourceFilename>",
        "<SourceFilename>&lt;VRTDataset/&gt;</SourceFilename>",
        "<SourceFilename></SourceFilename>",
        '<SourceFilename relativeToVRT="1">absent.tif</SourceFilename>',
    ],
)
def test_no_spelling_of_a_source_gets_out(inside: Path, text: str) -> None:
    path = inside / "a.vrt"
    path.write_text(
        '<VRTDataset rasterXSize="48" rasterYSize="32"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"{text}<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(InputError):
        value(path)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (
            ' subClass="VRTWarpedDataset"',
            "<GDALWarpOptions><SourceDataset>{secret}</SourceDataset></GDALWarpOptions>",
        ),
        (
            ' subClass="VRTWarpedDataset"',
            '<GDALWarpOptions><SourceDataset relativeToVRT="1">parts/a.tif</SourceDataset><Transformer>'
            "<RPCTransformer><DEMPath>{secret}</DEMPath></RPCTransformer></Transformer></GDALWarpOptions>",
        ),
        (
            ' subClass="VRTPansharpenedDataset"',
            "<PansharpeningOptions><PanchroBand><SourceFilename>{secret}</SourceFilename></PanchroBand>"
            "</PansharpeningOptions>",
        ),
        (' subClass="VRTProcessedDataset"', "<Input/>"),
        ("", "<Group name='/'/>"),
        ("", '<Metadata domain="GEOLOCATION"><MDI key="X_DATASET">{secret}</MDI></Metadata>'),
        ("", '<Metadata domain="OVERVIEWS"><MDI key="overview_file">{secret}</MDI></Metadata>'),
        ("", "<Overview><SourceFilename>{secret}</SourceFilename></Overview>"),
        (
            "",
            '<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand"><SourceFilename>{secret}'
            "</SourceFilename></VRTRasterBand>",
        ),
        (
            "",
            '<VRTRasterBand dataType="Byte" band="1" subClass="VRTDerivedRasterBand">'
            "<PixelFunctionLanguage>Python</PixelFunctionLanguage></VRTRasterBand>",
        ),
        ("", "<Strange>http://127.0.0.1/a</Strange>"),
        ("", '<OpenOptions><OOI key="OPEN_REMOTE_GML">YES</OOI></OpenOptions>'),
    ],
)
def test_every_kind_of_virtual_raster_is_held(inside: Path, tmp_path: Path, kind: str, more: str) -> None:
    secret = tmp_path / "secret.tif"
    with pytest.raises(InputError):
        value(virtual(inside / "a.vrt", "parts/a.tif", kind=kind, more=more.format(secret=secret)))


def test_virtual_rasters_as_gdal_writes_them_are_read(inside: Path, tmp_path: Path) -> None:
    copy(inside / "parts" / "a.tif", inside / "copied.vrt", driver="VRT")
    assert value(inside / "copied.vrt") == 5
    remark = '<!-- a remark --><Metadata><MDI key="terms">https://example.org/terms</MDI></Metadata>'
    assert value(virtual(inside / "remark.vrt", "parts/a.tif", more=remark)) == 5
    np.arange(48 * 32, dtype=np.uint8).tofile(inside / "raw.bin")
    (inside / "raw.vrt").write_text(
        '<VRTDataset rasterXSize="48" rasterYSize="32"><VRTRasterBand dataType="Byte" band="1" '
        'subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="1">raw.bin</SourceFilename>'
        "<ImageOffset>0</ImageOffset></VRTRasterBand></VRTDataset>"
    )
    assert value(inside / "raw.vrt") == 255


def test_a_virtual_raster_of_itself_is_refused(inside: Path) -> None:
    with pytest.raises(InputError, match="reads itself"):
        value(virtual(inside / "a.vrt", "a.vrt"))
    virtual(inside / "b.vrt", "c.vrt")
    with pytest.raises(InputError, match="reads itself"):
        value(virtual(inside / "c.vrt", "b.vrt"))


def services(server: FileServer) -> dict[str, str]:
    return {
        "wms": f"<GDAL_WMS><Service name='TMS'><ServerUrl>{server.address}/a</ServerUrl></Service>"
        "</GDAL_WMS>",
        "wcs": f"<WCS_GDAL><ServiceURL>{server.address}/a?</ServiceURL><CoverageName>a</CoverageName>"
        "</WCS_GDAL>",
        "vrt": '<VRTDataset rasterXSize="48" rasterYSize="32"><VRTRasterBand dataType="Byte" band="1">'
        f"<SimpleSource><SourceFilename>/vsicurl/{server.address}/a.tif</SourceFilename><SourceBand>1"
        "</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>",
    }


@pytest.mark.parametrize("service", ["wms", "wcs", "vrt"])
def test_no_file_makes_the_program_ask_a_server(inside: Path, file_server: FileServer, service: str) -> None:
    text = services(file_server)[service]
    tif(inside / "a.tif").with_name("a.tif.ovr").write_text(text)
    tif(inside / "b.tif").with_name("b.tif.MSK").write_text(text)
    (inside / "c.tif").write_text(text)
    virtual(inside / "d.vrt", "c.tif")
    tif(inside / "e.tif").with_name("e.tif.OvR").write_text(text)
    for name in ("a.tif", "b.tif", "c.tif", "d.vrt", "e.tif"):
        with pytest.raises(InputError):
            value(inside / name)
    assert file_server.asked == []


def test_metadata_of_a_file_name_no_other_dataset(inside: Path, file_server: FileServer) -> None:
    address = f"/vsicurl/{file_server.address}/a.tif"
    tif(inside / "tag.tif", OVERVIEW_FILE=address)
    tif(inside / "beside.tif").with_name("beside.tif.aux.xml").write_text(
        f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{address}</MDI></Metadata>'
        "</PAMDataset>"
    )
    virtual(inside / "behind.vrt", "tag.tif")
    for name in ("tag.tif", "beside.tif", "behind.vrt"):
        with pytest.raises(InputError, match="names another dataset in its metadata"):
            value(inside / name)
    assert file_server.asked == []


def test_masks_and_overviews_beside_a_file_are_used(inside: Path) -> None:
    path = tif(inside / "a.tif")
    with rasterio.Env(TIFF_USE_OVR=True, GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(np.eye(32, 48) > 0)
        dataset.build_overviews([2])
    assert {"a.tif.msk", "a.tif.ovr"} <= {file.name for file in inside.iterdir()}
    with open_raster(path) as dataset:
        assert dataset.overviews(1) == [2]
        np.testing.assert_array_equal(dataset.read_masks(1) > 0, np.eye(32, 48) > 0)


def test_pipes_and_folders_are_refused_and_do_not_hang(inside: Path) -> None:
    os.mkfifo(inside / "pipe.tif")
    os.mkfifo(tif(inside / "a.tif").with_name("a.tfw"))
    os.mkfifo(tif(inside / "b.tif").with_name("b.tif.aux.xml"))
    os.mkfifo(inside / "source.tif")
    virtual(inside / "c.vrt", "source.tif")
    for name in ("pipe.tif", "a.tif", "b.tif", "c.vrt", "parts"):
        with pytest.raises(InputError, match=r"no regular file|no file|is a folder"):
            value(inside / name)


def tiff(width: int, height: int, bands: int = 1, *, tiled: bool = False) -> bytes:
    """A TIFF of one strip or tile that declares much and holds nothing."""
    block = {322: width, 323: height, 324: 8, 325: 8} if tiled else {273: 8, 278: height, 279: 8}
    entries = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 277: bands, 284: 1, **block}
    text = struct.pack("<2sHI8xH", b"II", 42, 16, len(entries))
    for tag, number in sorted(entries.items()):
        text += struct.pack("<HHII", tag, 3 if tag in (258, 259, 262, 277, 284) else 4, 1, number)
    return text + bytes(4)


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        (tiff(16, 16, bands=65535), "bands"),
        (tiff(60_000, 60_000, tiled=True), "block_bytes"),
        (tiff(2_000_000, 2_000_000), "scene_pixels"),
    ],
)
def test_sizes_a_header_declares_are_held_against_the_limits(
    tmp_path: Path, content: bytes, limit: str
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"more than .* if it is meant, raise {limit}"):
        value(path)
    with raised_limits(**{limit: 10**15}), open_raster(path):
        pass


def test_a_tile_of_jpeg_2000_is_held_against_the_limits(inside: Path) -> None:
    path = inside / "a.jp2"
    copy(inside / "parts" / "a.tif", path, driver="JP2OpenJPEG")
    content = bytearray(path.read_bytes())
    for at, sizes in (
        (content.find(b"\xff\x51") + 6, (60_000, 60_000)),
        (content.find(b"ihdr") + 4, (60_000,) * 2),
    ):
        struct.pack_into(">II", content, at, *sizes)
    struct.pack_into(">II", content, content.find(b"\xff\x51") + 22, 60_000, 60_000)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"one tile of JPEG 2000: 3600000000, .*raise block_bytes"):
        value(path)


def test_large_scenes_in_tiles_are_no_matter(tmp_path: Path) -> None:
    size = {"width": 200_000, "height": 200_000, "count": 1, "dtype": "uint8"}
    options = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True, "bigtiff": "yes"}
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", **size, **options):
        pass
    with open_raster(tmp_path / "a.tif") as dataset:
        assert dataset.shape == (200_000, 200_000)


def test_names_that_gdal_takes_for_something_else_are_files(
    inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inside)
    hidden = Path(f"GTIFF_DIR:1:{tmp_path}") / "secret.tif"
    tif(hidden, 9)
    assert value(hidden) == 9
    with pytest.raises(InputError, match="does not exist"):
        value(Path("vrt://parts/a.tif?bands=1"))
    with pytest.raises(InputError, match="does not exist"):
        value(Path('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>'))
    odd = tif(inside / "b.tif").rename(inside / os.fsdecode(b"\xff.tif"))
    with pytest.raises(InputError, match="not in UTF-8; rename it"):
        value(odd)


@pytest.mark.parametrize("driver", ["PNG", "JPEG", "ENVI", "HFA", "NITF", "JP2OpenJPEG"])
def test_formats_people_have_are_read_whatever_their_names(inside: Path, driver: str) -> None:
    path = inside / "image.dat"
    copy(inside / "parts" / "a.tif", path, driver=driver)
    with open_raster(path) as dataset:
        assert dataset.driver == driver
        assert abs(int(dataset.read(1).max()) - 5) <= 1
    if driver != "HFA":
        assert abs(value(virtual(inside / "a.vrt", "image.dat")) - 5) <= 1


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_is_refused_with_the_address_of_what_is_in_it(inside: Path, kind: str) -> None:
    made = Path(shutil.make_archive(str(inside / "scenes"), kind, inside / "parts"))
    with pytest.raises(
        InputError, match=rf"is an archive; name the raster in it, as {kind}://.*{kind}!FOLDER"
    ):
        value(made)
    assert value(Path(f"{kind}://{made}!a.tif")) == value(inside / "parts" / "a.tif")


def test_another_format_is_refused(inside: Path) -> None:
    copy(inside / "parts" / "a.tif", inside / "a.gif", driver="GIF")
    with pytest.raises(InputError, match="not a raster that is read; give one of GeoTIFF"):
        value(inside / "a.gif")
