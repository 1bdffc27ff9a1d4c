"""A scene as windows: channels in the order of the network, where all images carry data, in eight bits."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.inputs import SAR, SAR_OPTICAL, Inputs
from oemsar.predict.measured import Treatment
from oemsar.predict.scene import open_scene
from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.image import Statement
from oemsar.raster.read import Extent

GRID = GeoBox((40, 60), Affine(0.5, 0, 4e5, 0, -0.5, 5e6), "EPSG:32631")


def _noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(len(shape)).integers(1, 256, shape, np.uint8)


def test_radar_comes_first_and_both_must_carry_data(tmp_path: Path) -> None:
    """Two columns of pixels lie off the orthophoto; the window reaches over the lower edge."""
    radar, ortho = _noise(40, 60), _noise(3, 40, 60)
    write_cog(tmp_path / "sar.tif", radar, GRID)
    write_cog(tmp_path / "ortho.tif", ortho, GRID.translate_pix(2, 0))
    with open_scene(tmp_path / "sar.tif", tmp_path / "ortho.tif", SAR_OPTICAL) as scene:
        assert (scene.shape, scene.grid, scene.modalities) == ((40, 60), GRID, SAR_OPTICAL)
        pixels, valid = scene.read(Extent(30, 0, 20, 9))
    assert (pixels.shape, pixels.dtype) == ((4, 20, 9), np.uint8)
    expected = np.zeros((20, 9), bool)
    expected[:10, 2:] = True
    np.testing.assert_array_equal(valid, expected)
    np.testing.assert_array_equal(pixels[0, :10], radar[30:, :9])
    np.testing.assert_array_equal(pixels[1:, :10, 2:], ortho[:, 30:, :7])


@pytest.mark.parametrize("value_range", [(10.0, 30.0), None])
def test_values_are_stretched_to_eight_bits(tmp_path: Path, value_range: tuple[float, float] | None) -> None:
    amplitude = np.linspace(1, 41, 40 * 60, dtype=np.float32).reshape(40, 60)
    amplitude[3, 5] = np.nan
    amplitude[7, 9] = -1
    write_cog(tmp_path / "a.tif", amplitude, GRID, Layer(nodata=-1))
    treatments = Treatment(value_range=value_range), Treatment()
    with open_scene(tmp_path / "a.tif", None, SAR, treatments) as scene:
        (pixels,), valid = scene.read(Extent(0, 0, 40, 60))
    carries = np.isfinite(amplitude) & (amplitude != -1)
    np.testing.assert_array_equal(valid, carries)
    low, high = value_range or np.percentile(amplitude[carries], (1, 99))
    expected = np.clip(np.rint((amplitude - low) / (high - low) * 255), 0, 255)[carries]
    assert np.abs(pixels[carries] - expected).max() <= (0 if value_range else 1)
    assert (pixels[~carries] == 0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_bright_nodata_is_zero_to_the_network(tmp_path: Path, dtype: type) -> None:
    """Values above all others that the tag of the file says are none."""
    values = np.tile(np.arange(60), (40, 1)).astype(dtype)
    carries = np.ones((40, 60), bool)
    carries[5:9, 11:30] = False
    values[~carries] = 200
    write_cog(tmp_path / "a.tif", values, GRID, Layer(nodata=200))
    with open_scene(tmp_path / "a.tif", None, SAR) as scene:
        (pixels,), valid = scene.read(Extent(3, 10, 30, 50))
    np.testing.assert_array_equal(valid, carries[3:33, 10:])
    assert (pixels[~valid] == 0).all()
    assert (pixels[valid] > 0).all()


@pytest.mark.parametrize(("nodata", "mapped"), [("auto", False), ("none", True)])
def test_zeros_around_a_collect_carry_no_data_unless_all_pixels_are_mapped(
    tmp_path: Path, nodata: str, mapped: bool
) -> None:
    radar = np.full((256, 320), 50, np.uint8)
    radar[:, :128] = 0
    radar[100, 200] = 0  # a dark pixel inside the collect
    write_cog(tmp_path / "a.tif", radar, None)
    treatments = Treatment(Statement(nodata=nodata)), Treatment()
    with open_scene(tmp_path / "a.tif", None, SAR, treatments) as scene:
        _, valid = scene.read(Extent(0, 0, 256, 320))
    assert valid[100, 200]
    assert valid[:, :128].all() == mapped
    assert valid[:, :128].any() == mapped


@pytest.mark.parametrize(
    ("modalities", "pixels", "optical", "sentence"),
    [
        ("optical", (3, 40, 60), True, "optical: the model sees optical only; give the orthophoto as the"),
        ("optical", (40, 60), False, r"has 1 band\(s\); the model needs 3 for optical imagery"),
        ("sar", (3, 40, 60), False, r"has 3 band\(s\); the model needs 1 for radar imagery"),
    ],
)
def test_images_that_do_not_fit_the_model_are_refused(
    tmp_path: Path, modalities: str, pixels: tuple[int, ...], optical: bool, sentence: str
) -> None:
    write_cog(tmp_path / "a.tif", _noise(*pixels), GRID)
    ortho = tmp_path / "a.tif" if optical else None
    with (
        pytest.raises(InputError, match=sentence),
        open_scene(tmp_path / "a.tif", ortho, Inputs.parse(modalities)),
    ):
        pass
