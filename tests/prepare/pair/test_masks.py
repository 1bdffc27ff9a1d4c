"""Masks say where images carry data, and where a tower throws its shadow and its layover."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.geometry.look import Look
from oemsar.prepare.pair.config import PairRegion
from oemsar.prepare.pair.masks import make_masks
from oemsar.prepare.pair.results import MaskShares, Terms

ROWS, COLUMNS = 90, 140
GRID = GeoBox((ROWS, COLUMNS), Affine(1, 0, 400_000, 0, -1, 5_000_000), "EPSG:32631")
TERMS = {
    "radar": Terms(attribution="Radar Ltd", licence="R"),
    "optical": Terms(attribution="Photo Inc", licence=""),
}
HEIGHT = 12.0
TOWER = (slice(40, 45), slice(60, 65))


def _write(path: Path, pixels: NDArray[np.generic]) -> Path:
    bands = pixels if pixels.ndim == 3 else pixels[None]
    size = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(
        path, "w", driver="GTiff", dtype=bands.dtype, crs=GRID.crs.to_wkt(), transform=GRID.affine, **size
    ) as dataset:
        dataset.write(bands)
    return path


@pytest.fixture
def images(tmp_path: Path) -> Mapping[str, Path]:
    """The radar image has no data in its upper rows, the orthophoto none in its left columns."""
    sar = np.full((ROWS, COLUMNS), 9, np.uint8)
    sar[:30] = 0
    optical = np.full((3, ROWS, COLUMNS), 9, np.uint8)
    optical[1, :, :20] = 0
    return {"sar": _write(tmp_path / "s.tif", sar), "optical": _write(tmp_path / "o.tif", optical)}


def _masks(
    images: Mapping[str, Path], look: Look | None, **models: Path
) -> tuple[NDArray[np.uint8], dict[str, str], MaskShares]:
    out = images["sar"].with_name("masks.tif")
    region = PairRegion(name="a", sar=str(images["sar"]), optical=str(images["optical"]), gsd=1, **models)
    shares = make_masks(region, images, look, GRID, out, terms=TERMS).result
    with rasterio.open(out) as dataset:
        return dataset.read(), dataset.tags(), shares


def test_validity_is_that_of_each_image_and_relief_is_unknown_without_heights(
    images: Mapping[str, Path],
) -> None:
    masks, tags, shares = _masks(images, Look(60, 40))
    np.testing.assert_array_equal(masks[0] == 1, np.indices((ROWS, COLUMNS))[0] >= 30)
    np.testing.assert_array_equal(masks[1] == 1, np.indices((ROWS, COLUMNS))[1] >= 20)
    assert (masks[2:] == 255).all()
    assert shares.sar_valid_share == pytest.approx(60 / 90)
    assert shares.optical_valid_share == pytest.approx(120 / 140)
    assert shares.both_valid_share == pytest.approx(60 / 90 * 120 / 140)
    assert (shares.layover_share, shares.shadow_share, shares.relief_from) == (None, None, None)
    assert tags["OEMSAR_ATTRIBUTION"] == "Radar Ltd | Photo Inc"
    assert tags["OEMSAR_LICENCE"] == "R"


def test_relief_is_unknown_without_a_look(images: Mapping[str, Path], tmp_path: Path) -> None:
    dem = _write(tmp_path / "dem.tif", np.zeros((ROWS, COLUMNS), np.float32))
    masks, _, shares = _masks(images, None, dem=dem)
    assert (masks[2:] == 255).all()
    assert shares.relief_kind is None


@pytest.mark.parametrize("azimuth", [25.0, 60.0, 200.0])
def test_a_tower_throws_its_shadow_away_from_the_radar_and_lies_over_towards_it(
    images: Mapping[str, Path], tmp_path: Path, azimuth: float
) -> None:
    """Shadow reaches h tan(incidence) behind the tower, layover h / tan(incidence) before it."""
    incidence = 50.0
    surface = np.zeros((ROWS, COLUMNS), np.float32)
    surface[TOWER] = HEIGHT
    dem = _write(tmp_path / "dem.tif", np.zeros((ROWS, COLUMNS), np.float32))
    dsm = _write(tmp_path / "dsm.tif", surface)
    masks, tags, shares = _masks(images, Look(azimuth, incidence), dem=dem, dsm=dsm)
    along = np.sin(np.radians(azimuth)), -np.cos(np.radians(azimuth))  # columns, rows, away from the radar

    def at(distance: float) -> tuple[int, int]:
        return round(42 + distance * along[1]), round(62 + distance * along[0])

    slope = np.tan(np.radians(incidence))
    half = 2.5
    for distance, expected in ((half + 2, 1), (HEIGHT * slope - 1, 1), (HEIGHT * slope + half + 3, 0)):
        assert masks[3][at(distance)] == expected
        assert masks[3][at(-distance)] == 0
    for distance, expected in ((half + 2, 1), (HEIGHT / slope - 1, 1), (HEIGHT / slope + half + 3, 0)):
        assert masks[2][at(-distance)] == expected
    assert (shares.relief_from, shares.relief_kind) == ("dsm.tif", "surface with roofs and crowns")
    shown = (masks[0] == 1) & (masks[1] == 1)
    assert shares.shadow_share == pytest.approx((masks[3][shown] == 1).mean())
    assert shares.layover_share == pytest.approx((masks[2][shown] == 1).mean())
    assert float(tags["OEMSAR_INCIDENCE"]) == incidence
