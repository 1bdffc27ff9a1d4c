"""A product becomes amplitude on the same pixels, and stays where it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.rpc import RPC

from oemsar.prepare.pair.amplitude import write_amplitude
from oemsar.products.registry import find_product

WriteScene = Callable[..., Path]
SHAPE = (530, 1040)
"""More than one block, and blocks that are cut, along each side."""


def _amplitude(scene: Path, product: str | None = None, band: int | None = None) -> np.ndarray:
    out = scene.with_name("amplitude.tif")
    told: list[tuple[int, int]] = []
    write_amplitude(find_product(scene, product, band), out, lambda *step: told.append(step))
    assert told[-1] == (4, 4)
    with rasterio.open(out) as dataset, rasterio.open(scene) as source:
        assert (dataset.count, dataset.dtypes) == (1, ("float32",))
        assert (dataset.transform, dataset.crs) == (source.transform, source.crs)
        return dataset.read(1)


def test_amplitude_is_the_modulus_of_complex_pixels(write_scene: WriteScene) -> None:
    rng = np.random.default_rng(0)
    pixels = (rng.normal(size=SHAPE) + 1j * rng.normal(size=SHAPE)).astype(np.complex64)
    pixels[:40] = 0
    np.testing.assert_allclose(_amplitude(write_scene("a.tif", pixels)), np.abs(pixels), rtol=1e-6)


@pytest.mark.parametrize(("product", "power"), [("power", 10.0), ("db", 20.0)])
def test_amplitude_is_the_root_of_power_and_of_decibels(
    write_scene: WriteScene, product: str, power: float
) -> None:
    """Pixels without data, by the file's nodata value, become NaN."""
    amplitude = np.random.default_rng(0).uniform(0.1, 5, SHAPE)
    values = (amplitude**2 if product == "power" else power * np.log10(amplitude)).astype(np.float32)
    values[7, 900:] = -9999
    found = _amplitude(write_scene("a.tif", values, nodata=-9999), product)
    assert np.isnan(found[7, 900:]).all()
    found[7, 900:] = amplitude[7, 900:]
    np.testing.assert_allclose(found, amplitude, rtol=1e-5)


def test_decibels_that_count_as_data_are_no_zeros_around_the_collect(write_scene: WriteScene) -> None:
    """A block of -9999 that no tag explains is told and counts as data; as amplitude it is next to 0."""
    values = np.random.default_rng(0).uniform(-25, 5, SHAPE).astype(np.float32)
    values[:, :80] = -9999
    values[:90, 1000:] = 0
    found = _amplitude(write_scene("a.tif", values), "db")
    assert (found[:, :80] > 0).all()
    assert found[:, :80].max() < 1e-30
    assert np.isnan(found[:90, 1000:]).all()
    np.testing.assert_allclose(found[90:, 80:], 10 ** (values[90:, 80:] / 20), rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["iw-vv.rtc.tiff", "S1A_IW_20180128T161201_DVP_RTC30_G_sduned_FD6A_VH.tif", "Gamma0_HH.tif"]
)
def test_amplitude_of_sentinel_1_is_what_the_name_of_the_file_tells(
    write_scene: WriteScene, name: str
) -> None:
    amplitude = np.random.default_rng(0).uniform(0.1, 0.9, SHAPE)
    values = 20 * np.log10(amplitude) if "_sd" in name else amplitude**2
    found = _amplitude(write_scene(name, values.astype(np.float32)))
    np.testing.assert_allclose(found, amplitude, rtol=1e-5)


def test_the_chosen_band_is_written(write_scene: WriteScene) -> None:
    bands = np.random.default_rng(0).uniform(1, 2, (2, *SHAPE)).astype(np.float32)
    np.testing.assert_array_equal(_amplitude(write_scene("a.tif", bands), "amplitude", 2), bands[1])


def test_a_sensor_model_stays(write_scene: WriteScene) -> None:
    names = ("line_den_coeff", "line_num_coeff", "samp_den_coeff", "samp_num_coeff")
    numbers = ("height", "lat", "line", "long", "samp")
    rpcs = RPC(
        **{name: [1.0, *[0.25] * 19] for name in names},
        **{f"{n}_off": 2.0 for n in numbers},
        **{f"{n}_scale": 3.0 for n in numbers},
    )
    scene = write_scene("a.tif", np.ones(SHAPE, np.complex64), rpcs=rpcs)
    _amplitude(scene)
    with rasterio.open(scene.with_name("amplitude.tif")) as dataset:
        assert dataset.rpcs.line_num_coeff == [1.0, *[0.25] * 19]
