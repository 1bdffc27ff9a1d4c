"""Real products: Umbra, Capella, Sentinel-1."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.prepare.radiometry.config import REMAPS, RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
from oemsar.products.capella_metadata import local_axes, read_metadata
from oemsar.products.product import Encoding, sigma_nought_gain
from oemsar.products.registry import find_product


@pytest.mark.parametrize("name", list(REMAPS))
def test_umbra_is_remapped_on_its_rotated_grid(real_data: Path, tmp_path: Path, name: str) -> None:
    scene = real_data / "umbra" / "umbra_mount_yasur.tiff"
    summary = apply_radiometry(scene, tmp_path / "o.tif", config=RadiometryConfig(remap=name))
    assert (summary.product, summary.quantity) == ("umbra-gec", "amplitude tuned for display")
    with rasterio.open(tmp_path / "o.tif") as dataset, rasterio.open(scene) as source:
        assert (dataset.transform, dataset.crs) == (source.transform, source.crs)
        expected = REMAPS.find(name).grey(source.read(1).astype(float), summary.parameters)
        np.testing.assert_array_equal(dataset.read(1), expected)


@pytest.mark.parametrize("polarisation", ["hh", "hv", "vh", "vv"])
def test_capella_slc_becomes_amplitude_by_its_scale_factor(
    real_data: Path, tmp_path: Path, polarisation: str
) -> None:
    scene = real_data / "capella" / f"sar_{polarisation}.tif"
    summary = apply_radiometry(scene, tmp_path / "o.tif", config=RadiometryConfig(remap="pedf"))
    with rasterio.open(scene) as source:
        scale = json.loads(source.tags()["TIFFTAG_IMAGEDESCRIPTION"])["collect"]["image"]["scale_factor"]
        amplitude = scale * np.abs(source.read(1).astype(np.complex128))
    statistics = summary.statistics
    expected = [amplitude.min(), amplitude.max(), amplitude.mean(), np.median(amplitude)]
    found = [getattr(statistics, key) for key in ("minimum", "maximum", "mean", "p50")]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    with rasterio.open(tmp_path / "o.tif") as dataset:
        grey = REMAPS.find("pedf").grey(amplitude, {"mean": amplitude.mean()}).astype(int)
        assert np.abs(dataset.read(1) - grey).max() <= 1


def test_a_capella_chip_without_radiometry_gives_no_sigma_nought(real_data: Path, tmp_path: Path) -> None:
    config = RadiometryConfig(remap="db-clip", sigma0=True)
    with pytest.raises(InputError, match="carries no calibration"):
        apply_radiometry(real_data / "capella" / "sar_hh.tif", tmp_path / "o.tif", config=config)


def test_the_masked_capella_product_is_decibels_with_nan(real_data: Path, tmp_path: Path) -> None:
    scene = real_data / "capella" / "sar_masked.tif"
    config = RadiometryConfig(remap="db-clip", band=2, db=(-25, 5))
    summary = apply_radiometry(scene, tmp_path / "o.tif", config=config)
    assert summary.product == "db"
    with rasterio.open(tmp_path / "o.tif") as dataset, rasterio.open(scene) as source:
        values = source.read(2)
        np.testing.assert_array_equal(dataset.read(1) == 0, np.isnan(values))
        expected = np.clip(255 * (values + 25) / 30, 1, 255)
        assert np.nanmax(np.abs(np.where(np.isnan(values), np.nan, dataset.read(1)) - expected)) <= 1.1


def test_an_optical_image_is_not_taken_for_radar(real_data: Path) -> None:
    with pytest.raises(InputError, match="an optical image where radar is expected"):
        find_product(real_data / "capella" / "rgb_unmasked.tif")


def test_all_capella_metadata_parse_and_agree_with_themselves(real_data: Path) -> None:
    """The incidence angle told is the one between the line of sight and the vertical of the ellipsoid."""
    paths = sorted((real_data / "capella_metadata").glob("*.json"))
    assert len(paths) == 7
    for path in paths:
        metadata = read_metadata(path)
        document = json.loads(path.read_text())
        assert metadata.product_type == path.name.split("_")[3]
        assert metadata.polarisation == path.name.split("_")[4]
        assert metadata.calibration is not None
        expected = "beta0" if metadata.product_type == "SLC" else "sigma0"
        assert metadata.calibration.quantity == expected
        assert metadata.look is not None
        assert metadata.time is not None
        assert metadata.time.strftime("%Y%m%d") == path.name.split("_")[5][:8]
        assert (metadata.projection_height is None) == (metadata.product_type != "GEC")
        collect = document["collect"]
        target = np.array(collect["image"]["center_pixel"]["target_position"])
        moment = np.datetime64(collect["image"]["center_pixel"]["center_time"].rstrip("Z"))
        states = collect["state"]["state_vectors"]
        nearest = min(states, key=lambda state: abs(np.datetime64(state["time"].rstrip("Z")) - moment))
        ray = np.array(nearest["position"]) - target
        east, north, up = local_axes(target)
        assert np.degrees(np.arccos(ray @ up / np.linalg.norm(ray))) == pytest.approx(
            metadata.look.incidence, abs=0.2
        )
        # the sensor lies on the side the antenna does not point to
        velocity = np.array(nearest["velocity"])
        heading = np.degrees(np.arctan2(velocity @ east, velocity @ north))
        right = (metadata.look.azimuth - heading) % 360 < 180
        assert right == (collect["radar"]["pointing"] == "right")


def test_sentinel_1_is_gamma_nought_in_decibels(real_data: Path, tmp_path: Path) -> None:
    for scene in sorted((real_data / "s1_s2_lulc" / "S1RTC").glob("*.tif")):
        product = find_product(scene, "sentinel1-rtc").product
        assert (product.kind, product.encoding) == ("sentinel1-rtc", Encoding.DECIBEL)
        assert product.time is not None
        assert product.attribution == f"Contains modified Copernicus Sentinel data {product.time.year}"
        with pytest.raises(InputError, match="gamma nought"):
            sigma_nought_gain(product, scene.name)
        for band, polarisation in ((1, "VV"), (2, "VH")):
            config = RadiometryConfig(remap="db-clip", band=band, product="sentinel1-rtc", db=(-30, 0))
            summary = apply_radiometry(scene, tmp_path / "o.tif", config=config)
            assert summary.polarisation == polarisation
            with rasterio.open(tmp_path / "o.tif") as dataset, rasterio.open(scene) as source:
                expected = np.clip(255 * (source.read(band) + 30) / 30, 1, 255)
                assert np.abs(dataset.read(1) - expected).max() <= 1.1
