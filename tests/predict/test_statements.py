"""Bands, nodata and ranges that a person states for each image, as a network sees the scene."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.inputs import SAR, SAR_OPTICAL
from oemsar.predict.config import PredictConfig
from oemsar.predict.measured import Treatment
from oemsar.predict.scene import open_scene
from oemsar.raster.image import Statement
from oemsar.raster.read import Extent

from ..raster.images import NORTH_UP, PADDED, SHAPE, colours, decibels, padded, speckle, write

WHOLE = Extent(0, 0, *SHAPE)
Read = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def _treatment(value_range: tuple[float, float] | None = None, **statement: Any) -> Treatment:
    return Treatment(Statement(**statement), value_range)


def _read(
    path: Path,
    optical: Path | None = None,
    scene: Treatment = _treatment(),
    ortho: Treatment = _treatment(prefix="optical_"),
    extent: Extent = WHOLE,
) -> Read:
    modalities = SAR if optical is None else SAR_OPTICAL
    with open_scene(path, optical, modalities, (scene, ortho)) as opened:
        return opened.read(extent)


def _stretched(values: NDArray[Any], low: float, high: float) -> NDArray[np.float64]:
    return np.clip((values - low) / (high - low) * 255, 0, 255)


def test_each_image_is_stretched_by_its_own_range(tmp_path: Path) -> None:
    """Radar in dB, orthophoto of 16 bits."""
    radar = write(tmp_path / "sar.tif", decibels().astype(np.float32))
    ortho = write(tmp_path / "ortho.tif", colours().astype(np.uint16) * 40)
    pixels, valid = _read(
        radar, ortho, _treatment((-20.0, 5.0)), _treatment((0.0, 10200.0), prefix="optical_")
    )
    assert valid.all()
    assert np.abs(pixels[0] - _stretched(decibels(), -20, 5)).max() <= 0.51
    np.testing.assert_array_equal(pixels[1:], colours())


def test_a_range_for_bytes_is_refused_by_the_name_of_its_option(tmp_path: Path) -> None:
    radar = write(tmp_path / "sar.tif", speckle())
    ortho = write(tmp_path / "ortho.tif", colours())
    with pytest.raises(InputError, match=r"^range: .*sar.tif has 8-bit pixels"):
        _read(radar, None, _treatment((0.0, 90.0)))
    with pytest.raises(InputError, match=r"^optical_range: .*ortho.tif has 8-bit pixels"):
        _read(radar, ortho, ortho=_treatment((0.0, 90.0), prefix="optical_"))


@pytest.mark.parametrize(
    "options", [{"optical_range": (0, 1)}, {"optical_bands": "1,2,3"}, {"optical_nodata": "none"}]
)
def test_statements_about_an_orthophoto_need_one(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="is about an orthophoto beside the scene, and none is given"):
        PredictConfig(**options)
    assert PredictConfig(optical=Path("a.tif"), **options).optical is not None


def test_a_stated_value_stays_out_of_the_stretch(tmp_path: Path) -> None:
    """-32768 outside as stored, in hundredths of dB; percentiles are those of the values with data."""
    stored = np.where(padded(), -32768, np.round(decibels() * 100)).astype(np.int16)
    untagged = write(tmp_path / "a.tif", stored, scale=0.01)
    tagged = write(tmp_path / "b.tif", stored, scale=0.01, nodata=-32768)
    found = [_read(untagged, None, _treatment(nodata="-32768")), _read(tagged)]
    values = stored[~padded()] * 0.01
    expected = _stretched(values, *np.percentile(values, (1, 99)))
    for pixels, valid in found:
        np.testing.assert_array_equal(valid, ~padded())
        assert np.abs(pixels[0][valid] - expected).max() <= 1
        assert not pixels[0][~valid].any()


def test_fractions_of_one_become_bytes_by_their_range(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", (speckle() / 255).astype(np.float32))
    np.testing.assert_array_equal(_read(path, None, _treatment((0.0, 1.0)))[0][0], speckle())


def test_an_orthophoto_on_another_grid_keeps_its_collar_out_of_its_colours(tmp_path: Path) -> None:
    """The radar image lies a third of a pixel beside it: at the collar colours are those of the ground."""
    shifted = NORTH_UP["transform"] @ Affine.translation(40.3, 20.0)
    radar = write(tmp_path / "sar.tif", speckle()[:150, :180], transform=shifted)
    ortho = write(tmp_path / "ortho.tif", colours() * ~padded())
    pixels, valid = _read(radar, ortho, extent=Extent(0, 0, 150, 180))
    first = PADDED - 40
    np.testing.assert_array_equal(valid, np.broadcast_to(np.arange(180) >= first, valid.shape))
    ground = colours()[:, 20:170].astype(float)
    here, beside = ground[:, :, PADDED:220], ground[:, :, PADDED + 1 : 221]
    np.testing.assert_allclose(pixels[1:, :, first:], here * 0.7 + beside * 0.3, atol=0.51)


def test_infrared_marked_alpha_takes_no_water_from_the_map(tmp_path: Path) -> None:
    infrared = 255 - colours()[:1]
    infrared[:, 140:] = 0
    shifted = NORTH_UP["transform"] @ Affine.translation(40.3, 20.0)
    radar = write(tmp_path / "sar.tif", speckle()[:150, :180], transform=shifted)
    ortho = write(
        tmp_path / "ortho.tif", np.concatenate([colours(), infrared]), photometric="RGB", alpha="YES"
    )
    plain = write(tmp_path / "plain.tif", colours())
    extent = Extent(0, 0, 150, 180)
    found, expected = _read(radar, ortho, extent=extent), _read(radar, plain, extent=extent)
    assert found[1].all()
    np.testing.assert_allclose(found[0].astype(int), expected[0].astype(int), atol=1)


def test_a_nodata_value_of_the_orthophoto_is_stated_for_it_alone(tmp_path: Path) -> None:
    bands = colours()
    bands[:, 60:90, 30:50] = 7
    radar = write(tmp_path / "sar.tif", np.full(SHAPE, 7, np.uint8) + speckle() % 2)
    ortho = write(tmp_path / "ortho.tif", bands)
    _, valid = _read(radar, ortho, ortho=_treatment(nodata="7", prefix="optical_"))
    np.testing.assert_array_equal(valid, (bands != 7).any(0))
