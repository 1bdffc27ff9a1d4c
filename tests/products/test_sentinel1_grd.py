"""A Sentinel-1 GRD is sigma nought by its tables: the truth is known, the tables are planes."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.prepare.pair.config import PairRegion
from oemsar.prepare.pair.run import make_pair
from oemsar.prepare.radiometry.config import RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
from oemsar.products.product import Calibration, Encoding, sigma_nought_gain
from oemsar.products.registry import READERS, find_product
from oemsar.raster.read import Extent
from oemsar.testing.products import check_reader

from .conftest import SHAPE, Safe, azimuth_factor, calibration, positions, range_noise

Write = Callable[..., Safe]
LINES, PIXELS = positions()
A = calibration(LINES, PIXELS)
NOISE = range_noise(LINES, PIXELS) * azimuth_factor(LINES, PIXELS)
WHOLE = Extent(0, 0, *SHAPE)


def _numbers(seed: int, factor: float = 1.0) -> np.ndarray:
    """Digital numbers of a speckled ground of sigma nought 0.08 with noise."""
    sigma = np.random.default_rng(seed).gamma(4.4, 0.08 / 4.4, SHAPE)
    return np.sqrt(sigma * (factor * A) ** 2 + NOISE).round().astype(np.uint16)


def _sigma(numbers: np.ndarray, factor: float = 1.0) -> np.ndarray:
    return np.maximum(numbers.astype(float) ** 2 - NOISE, 0) / (factor * A) ** 2


@pytest.fixture
def safe(write_safe: Write) -> Safe:
    return write_safe({"VH": _numbers(1, 2.0), "VV": _numbers(0)})


def test_the_pixels_are_sigma_nought_without_noise(safe: Safe) -> None:
    with find_product(safe.folder).opener() as pixels:
        assert (pixels.shape, pixels.dtype, pixels.tells_nodata) == (SHAPE, np.float32, True)
        values, valid = pixels.read(WHOLE)
        part, _ = pixels.read(Extent(25, 38, 17, 30))
    np.testing.assert_allclose(values[0], _sigma(safe.numbers["VV"]), rtol=1e-5)
    assert valid is not None
    assert valid.all()
    np.testing.assert_array_equal(part[0], values[0, 25:42, 38:68])


@pytest.mark.parametrize(("band", "name", "factor"), [(None, "VV", 1.0), (1, "VV", 1.0), (2, "VH", 2.0)])
def test_the_co_polarised_image_is_the_first(safe: Safe, band: int | None, name: str, factor: float) -> None:
    found = find_product(safe.folder, band=band)
    assert (found.product.polarisation, found.path) == (name, safe.measurement(name))
    with found.opener() as pixels:
        np.testing.assert_allclose(pixels.read(WHOLE)[0][0], _sigma(safe.numbers[name], factor), rtol=1e-5)


def test_folder_manifest_and_measurement_are_one_product(safe: Safe) -> None:
    paths = (safe.folder, safe.folder / "manifest.safe", safe.measurement("VV"))
    found = [find_product(path) for path in paths]
    assert {each.path for each in found} == {safe.measurement("VV")}
    assert [each.recognised_by for each in found] == [
        *["manifest.safe in the folder"] * 2,
        "annotation of a SAFE folder",
    ]
    names = [file.name for file in found[0].metadata]
    assert [name.split("-")[0] for name in names] == ["s1a", "calibration", "noise", "manifest.safe"]


def test_the_annotation_tells_the_facts(safe: Safe) -> None:
    """Sentinel-1 looks to the right of its flight."""
    found = find_product(safe.folder)
    product = found.product
    assert (product.kind, product.encoding) == ("sentinel1-grd", Encoding.POWER)
    assert product.calibration == Calibration("sigma0", quality="thermal noise removed")
    assert product.look == Look(77.5, 38.75)
    assert product.time == datetime(2024, 5, 6, 7, 8, 9, 500000, UTC)
    assert product.attribution == "Contains modified Copernicus Sentinel data 2024"
    assert sigma_nought_gain(product, "a") == 1.0
    assert found.georeference.grid is None or found.georeference.grid.crs is None
    assert [(point.row, point.x) for point in found.georeference.gcps[-2:]] == [(60, 10), (60, 10.09)]


def test_the_geolocation_grid_stands_for_missing_control_points(write_safe: Write) -> None:
    """Lines and pixels of the grid count from the centre of the first pixel."""
    found = find_product(write_safe({"HH": _numbers(0)}, gcps=False).folder)
    last = found.georeference.gcps[-1]
    assert (last.row, last.col, last.x, last.y, last.z) == (59.5, 89.5, 10.089, 49.941, 7)


def test_zeros_carry_no_data_and_what_lies_below_the_noise_is_dark(write_safe: Write) -> None:
    numbers = _numbers(0)
    numbers[:7, 20:] = 0
    numbers[30, 40] = 1
    with find_product(write_safe({"VV": numbers}).folder).opener() as pixels:
        values, valid = pixels.read(WHOLE)
    assert valid is not None
    np.testing.assert_array_equal(valid, numbers > 0)
    assert values[0, 30, 40] == 0


@pytest.mark.parametrize(("version", "old"), [("002.84", True), ("002.91", False)])
def test_the_noisy_border_of_old_processors_carries_no_data(
    write_safe: Write, version: str, old: bool
) -> None:
    noise = range_noise(LINES, PIXELS)
    border = np.ones(SHAPE, bool)
    border[5:-3, 9:-2] = False
    faint = noise * np.random.default_rng(0).gamma(8, 0.3 / 8, SHAPE)
    power = np.where(border, faint, 0.08 * A**2 + noise)
    numbers = np.sqrt(power).round().astype(np.uint16)
    with find_product(write_safe({"VV": numbers}, version=version).folder).opener() as pixels:
        values, valid = pixels.read(Extent(2, 4, 50, 80))
    part = np.s_[2:52, 4:84]
    assert valid is not None
    np.testing.assert_array_equal(valid, ~border[part] if old else (numbers > 0)[part])
    if old:
        expected = np.maximum(numbers.astype(float) ** 2 - noise, 0) / A**2
        np.testing.assert_allclose(values[0], expected[part], rtol=1e-5)


def test_the_noise_before_version_2_50_is_scaled(write_safe: Write, caplog: pytest.LogCaptureFixture) -> None:
    """By 75088.7 for IW and the square of dn, 0.5; of other modes the scale is not known."""
    numbers = np.full(SHAPE, 60000, np.uint16)
    scaled = 75088.7 * 0.25 * range_noise(LINES, PIXELS)
    with find_product(write_safe({"VV": numbers}, version="002.43").folder).opener() as pixels:
        values = pixels.read(WHOLE)[0][0]
    np.testing.assert_allclose(values, (60000.0**2 - scaled) / A**2, rtol=1e-5)


def test_unknown_noise_of_an_old_mode_is_said(write_safe: Write, caplog: pytest.LogCaptureFixture) -> None:
    found = find_product(write_safe({"VV": _numbers(0)}, version="002.43", mode="SM").folder)
    assert "the scale of the noise of mode SM, version 2.43, is not known; it is not removed" in caplog.text
    assert found.product.calibration == Calibration("sigma0")
    with found.opener() as pixels:
        np.testing.assert_allclose(pixels.read(WHOLE)[0][0], _numbers(0).astype(float) ** 2 / A**2, rtol=1e-5)


def test_a_folder_becomes_a_radar_image_of_eight_bits(safe: Safe, tmp_path: Path) -> None:
    config = RadiometryConfig(remap="db-clip", db=(-25, 0), sigma0=True, band=2)
    summary = apply_radiometry(safe.folder, tmp_path / "out.tif", config=config)
    assert (summary.product, summary.band, summary.polarisation) == ("sentinel1-grd", 2, "VH")
    assert (summary.source, summary.quantity) == (safe.measurement("VH").name, "root of sigma nought")
    assert summary.recognised_by == "manifest.safe in the folder"
    with rasterio.open(tmp_path / "out.tif") as dataset:
        decibels = 10 * np.log10(_sigma(safe.numbers["VH"], 2.0))
        expected = np.clip(255 * (decibels + 25) / 25, 1, 255)
        assert np.abs(dataset.read(1) - expected).max() <= 1.1
        assert len(dataset.gcps[0]) == 4
        assert dataset.tags()["OEMSAR_CALIBRATION"] == "sigma0 thermal noise removed"
        assert float(dataset.tags()["OEMSAR_LOOK_AZIMUTH"]) == 77.5


def test_no_output_replaces_a_file_of_the_folder(safe: Safe) -> None:
    config = RadiometryConfig(remap="percentile")
    for path in (safe.measurement("VV"), safe.table("noise", "VV"), safe.annotation("VV")):
        before = path.read_bytes()
        with pytest.raises(InputError):
            apply_radiometry(safe.folder, path, config=config)
        assert path.read_bytes() == before


def test_a_pair_needs_more_than_control_points(safe: Safe, tmp_path: Path) -> None:
    photo = tmp_path / "photo.tif"
    options = {"width": 9, "height": 8, "count": 3, "dtype": "uint8", "crs": "EPSG:32632"}
    with rasterio.open(
        photo, "w", driver="GTiff", transform=rasterio.Affine(10, 0, 5e5, 0, -10, 5e6), **options
    ):
        pass
    region = PairRegion(name="a", sar=str(safe.folder), optical=str(photo), gsd=10)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="carries neither an RPC nor a map projection"):
        make_pair(region, tmp_path / "pair")
    assert not (tmp_path / "pair").exists()


def test_the_reader_keeps_the_contract(safe: Safe) -> None:
    for sample in (safe.folder, safe.folder / "manifest.safe", safe.measurement("VH")):
        check_reader("sentinel1-grd", sample)


def test_other_folders_and_products_are_refused(
    write_safe: Write, tmp_path: Path, write_scene: Callable[..., Path]
) -> None:
    reader = READERS.find("sentinel1-grd")
    alone = write_scene("a.tif", _numbers(0))
    for path in (alone, tmp_path):
        assert reader.recognises(path) is None
        with pytest.raises(InputError, match="is no SAFE folder"):
            reader.read(path, None)
    safe = write_safe({"VV": _numbers(0)}, type="SLC")
    with pytest.raises(InputError, match="is of a Sentinel-1 SLC, not a GRD; give a GRD"):
        find_product(safe.folder)


@pytest.mark.parametrize("band", [0, 3])
def test_a_polarisation_that_is_not_there_is_refused(safe: Safe, band: int) -> None:
    with pytest.raises(InputError, match=rf"2 polarisation\(s\) \(VV, VH\), no number {band}") as error:
        find_product(safe.folder, band=band)
    assert error.value.options == ("band",)


def test_an_image_of_another_size_than_its_annotation_is_refused(safe: Safe) -> None:
    path = safe.annotation("VV")
    path.write_text(path.read_text().replace(">90<", ">91<"))
    with pytest.raises(InputError, match=r"60 x 90 uint16 pixels, its annotation says 60 x 91; fetch"):
        find_product(safe.folder)
