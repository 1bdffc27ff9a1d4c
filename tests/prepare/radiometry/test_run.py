"""A scene becomes 8 bits with one remap for all of it, and keeps everything that was known about it."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.rpc import RPC

from oemsar.errors import InputError
from oemsar.prepare.radiometry.config import REMAPS, RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
from oemsar.prepare.radiometry.summary import RemappedScene
from oemsar.raster.collect import find_padding, within_collect
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, open_raster

from ...conftest import FileServer


def _remap(scene: Path, name: str, **config: Any) -> tuple[Path, RemappedScene]:
    out = scene.with_name("out.tif")
    return out, apply_radiometry(scene, out, config=RadiometryConfig(remap=name, **config))


def _read(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        pixels: NDArray[np.uint8] = dataset.read(1)
    return pixels


def _inside(dataset: DatasetReader, shape: tuple[int, int]) -> NDArray[np.bool_]:
    pixels = RasterPixels.first(dataset)
    return read_window(within_collect(pixels, find_padding(pixels)), Extent(0, 0, *shape))[1]


@pytest.mark.parametrize("name", list(REMAPS))
def test_bytes_are_remapped_exactly_as_the_formula_says(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8], name: str
) -> None:
    scene = write_scene("scene.tif", collect)
    out, result = _remap(scene, name)
    with open_raster(scene) as dataset:
        valid = _inside(dataset, collect.shape)
    expected = REMAPS.find(name).grey(collect.astype(float), result.parameters)
    differs = _read(out) != np.where(valid, expected, 0)
    assert differs.sum() <= 3  # zeros that hang together with the padding through a neighbouring block
    assert result.valid_share == pytest.approx(valid.mean(), abs=1e-5)


@pytest.mark.parametrize("name", [name for name in REMAPS if name != "identity"])
def test_floats_are_remapped_to_within_one_grey_value(write_scene: Callable[..., Path], name: str) -> None:
    pixels = np.random.default_rng(3).rayleigh(0.2, (600, 700)).astype(np.float32)
    pixels[5, 7] = np.nan
    out, result = _remap(write_scene("scene.tif", pixels), name)
    expected = REMAPS.find(name).grey(pixels.astype(float), result.parameters).astype(int)
    difference = np.abs(_read(out).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.02
    assert _read(out)[5, 7] == 0


def test_parameters_belong_to_the_scene_and_not_to_its_tiles(write_scene: Callable[..., Path]) -> None:
    """Two scenes that share a half remap it differently; one scene remaps equal values equally everywhere."""
    pixels = np.random.default_rng(0).rayleigh(30, (1500, 1100)).clip(1, 200).astype(np.uint8)
    pixels[1100:] //= 4
    out, _ = _remap(write_scene("scene.tif", pixels), "percentile")
    grey = _read(out)
    for value in (5, 20, 50):
        assert len(np.unique(grey[pixels == value])) == 1


def test_the_output_says_what_it_is_and_where_it_lies(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8]
) -> None:
    coefficients = [1.0, *[0.0] * 19]
    names = ("line_den_coeff", "line_num_coeff", "samp_den_coeff", "samp_num_coeff")
    numbers = ("height", "lat", "line", "long", "samp")
    rpcs = RPC(
        **dict.fromkeys(names, coefficients),
        **{f"{n}_off": 2.0 for n in numbers},
        **{f"{n}_scale": 3.0 for n in numbers},
    )
    tags = {"OEMSAR_LOOK_AZIMUTH": "75.5", "OEMSAR_INCIDENCE": "41", "OEMSAR_PROJECTION_HEIGHT": "12.5"}
    scene = write_scene("scene.tif", collect, rpcs=rpcs, tags=tags)
    out, result = _remap(scene, "pedf")
    with rasterio.open(out) as dataset, rasterio.open(scene) as source:
        found = dataset.tags()
        assert (dataset.transform, dataset.crs, dataset.dtypes) == (source.transform, source.crs, ("uint8",))
        assert dataset.rpcs.line_num_coeff == coefficients
        assert dataset.nodata == 0
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert json.loads(found["OEMSAR_REMAP_PARAMETERS"]) == result.parameters
    assert found["OEMSAR_SOURCE_SHA256"] == hashlib.sha256(scene.read_bytes()).hexdigest()
    assert {key: found[key] for key in tags} == {key: repr(float(value)) for key, value in tags.items()}
    assert (found["OEMSAR_REMAP"], found["OEMSAR_PRODUCT"]) == ("pedf", "amplitude")


def test_control_points_are_kept(write_scene: Callable[..., Path]) -> None:
    corners = [(0, 0), (0, 80), (60, 0), (60, 80)]
    gcps = [rasterio.control.GroundControlPoint(r, c, 2 + c / 1e3, 48 - r / 1e3, 9.0) for r, c in corners]
    scene = write_scene("scene.tif", np.arange(60 * 80, dtype=np.uint16).reshape(60, 80), gcps=gcps)
    with rasterio.open(_remap(scene, "linear")[0]) as dataset:
        points, crs = dataset.gcps
    assert [(p.row, p.col, p.x, p.y, p.z) for p in points] == [(p.row, p.col, p.x, p.y, p.z) for p in gcps]
    assert crs.to_epsg() == 4326


def test_sigma_nought_in_decibels_is_absolute(write_scene: Callable[..., Path]) -> None:
    """A GEC pixel of 100 with scale factor 0.01 has sigma nought 0 dB; of 10, -20 dB."""
    pixels = np.full((40, 50), 100, np.uint16)
    pixels[:20] = 10
    image = {"scale_factor": 0.01, "radiometry": "sigma_nought", "calibration": "full"}
    tags = {"TIFFTAG_IMAGEDESCRIPTION": json.dumps({"product_type": "GEC", "collect": {"image": image}})}
    scene = write_scene("scene.tif", pixels, tags=tags)
    out, result = _remap(scene, "db-clip", sigma0=True, db=(-40, 11))
    np.testing.assert_array_equal(np.unique(_read(out)), [100, 200])
    assert result.quantity == "root of sigma nought"
    with rasterio.open(out) as dataset:
        assert dataset.tags()["OEMSAR_CALIBRATION"] == "sigma0 full"


@pytest.mark.parametrize(
    ("pixels", "config", "message"),
    [
        (np.full((40, 50), 7, np.uint16), {}, "holds one value only"),
        (np.zeros((40, 50), np.uint8), {}, "holds no data"),
        (np.full((40, 50), np.nan, np.float32), {}, "holds no data"),
        (np.full((40, 50), np.nan + 0j, np.complex64), {}, "holds no data"),
        (np.ones((3, 40, 50), np.uint8), {}, "an optical image where radar is expected"),
        (np.ones((40, 50), np.uint16), {"sigma0": True}, "sigma0: .* carries no calibration; use amplitude"),
        (np.ones((40, 50), np.uint16), {"nodata": "black"}, "nodata: black is not known"),
        (np.ones((40, 50), np.uint16), {"look_azimuth": 3.0}, "look_azimuth, incidence: .* give both angles"),
    ],
)
def test_scenes_that_cannot_be_remapped_leave_nothing_behind(
    write_scene: Callable[..., Path], pixels: NDArray[Any], config: dict[str, Any], message: str
) -> None:
    scene = write_scene("scene.tif", pixels)
    with pytest.raises(InputError, match=message):
        _remap(scene, "linear", **config)
    assert [file.name for file in scene.parent.iterdir()] == ["scene.tif"]


def test_identity_is_for_bytes_and_an_unknown_remap_is_refused(write_scene: Callable[..., Path]) -> None:
    scene = write_scene("scene.tif", np.arange(2000, dtype=np.uint16).reshape(40, 50))
    with pytest.raises(InputError, match="has uint16 pixels, and identity keeps bytes"):
        _remap(scene, "identity")
    with pytest.raises(InputError, match="remap clahe is not known; choose one of identity, linear"):
        _remap(scene, "clahe")
    with pytest.raises(InputError, match="would replace the input"):
        apply_radiometry(scene, scene, config=RadiometryConfig(remap="linear"))


def test_a_truncated_scene_is_refused_and_the_old_output_stays(write_scene: Callable[..., Path]) -> None:
    scene = write_scene("scene.tif", np.random.default_rng(0).integers(1, 9, (900, 900), np.uint16))
    out, _ = _remap(scene, "linear")
    before = out.read_bytes()
    scene.write_bytes(scene.read_bytes()[:-200_000])
    with pytest.raises(InputError, match="truncated or damaged"):
        _remap(scene, "linear")
    assert out.read_bytes() == before


def test_progress_is_told_to_the_end(write_scene: Callable[..., Path], collect: NDArray[np.uint8]) -> None:
    told: list[tuple[int, int]] = []
    scene = write_scene("scene.tif", collect)
    apply_radiometry(scene, scene.with_name("o.tif"), report=lambda *step: told.append(step))
    assert told[-1] == (12, 12)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_scene_at_an_address_gives_the_same_image(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8], file_server: FileServer
) -> None:
    scene = write_scene("scene.tif", collect)
    local = apply_radiometry(scene, scene.with_name("local.tif"))
    with zipfile.ZipFile(scene.with_name("a.zip"), "w") as archive:
        archive.write(scene, "scene.tif")
    zipped = Path(f"zip://{scene.with_name('a.zip')}!scene.tif")
    for number, address in enumerate((Path(f"{file_server.address}/scene.tif?key=1"), zipped)):
        out = scene.with_name(f"{number}.tif")
        remote = apply_radiometry(address, out)
        np.testing.assert_array_equal(_read(out), _read(local.out))
        assert "key" not in remote.source
        assert (remote.sha256 is None) == (address != zipped)
        assert remote.statistics == local.statistics


def _decibels() -> NDArray[np.float64]:
    """Backscatter in dB, most of it below zero."""
    return 20 * np.log10(np.random.default_rng(0).rayleigh(0.3, (300, 420)).clip(0.01, 3))


@pytest.mark.parametrize("statement", ["-32768", "auto"])
def test_the_statistics_are_those_of_values_that_carry_data(
    write_scene: Callable[..., Path], statement: str
) -> None:
    """Hundredths of dB with a scale tag; -32768 outside, stated or told by the file."""
    values = _decibels()
    stored = np.round(values * 100).astype(np.int16)
    stored[:, :80] = -32768
    scene = write_scene("scene.tif", stored, **({"nodata": -32768} if statement == "auto" else {}))
    with rasterio.open(scene, "r+") as dataset:
        dataset.scales = (0.01,)
    _, summary = _remap(scene, "density", nodata=statement)
    amplitude = 10 ** (values[:, 80:] / 20)
    assert summary.product == "db"
    assert summary.statistics.mean == pytest.approx(amplitude.mean(), rel=2e-3)
    assert summary.valid_share == pytest.approx(340 / 420)


@pytest.mark.parametrize("nodata", [65535.0, None])
def test_a_nodata_value_that_no_pixel_has_silences_no_search_for_padding(
    write_scene: Callable[..., Path], collect: NDArray[np.uint8], nodata: float | None
) -> None:
    scene = write_scene("scene.tif", collect.astype(np.uint16) * 40, nodata=nodata)
    _, summary = _remap(scene, "linear")
    rows, columns = np.indices(collect.shape)
    inside = np.abs(rows - 650) + np.abs(columns - 550) < 500
    assert summary.valid_share == pytest.approx(inside.mean(), abs=2e-3)


def test_a_solid_block_that_looks_like_no_data_is_told(
    write_scene: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    values = np.random.default_rng(0).rayleigh(40, (300, 420)).astype(np.float32)
    values[:, :80] = -9999
    scene = write_scene("scene.tif", values)
    _remap(scene, "linear", product="amplitude")
    assert "a solid block of -9999 reaches the border and counts as data" in caplog.text
    _, summary = _remap(scene, "linear", product="amplitude", nodata="-9999")
    assert summary.valid_share == pytest.approx(340 / 420)
