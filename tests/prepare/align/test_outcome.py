"""A person's tie points give the correction, the offset and the errors that arithmetic gives."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry.look import Look, look_tags
from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.output.tie_points import TiePoints, read_tie_points, write_geojson
from oemsar.prepare.align.run import align_images
from oemsar.prepare.align.summary import AlignReport

from .pairs import write

SHAPE = (80, 200)
CRS = "EPSG:32631"
OPTICAL = Affine.translation(4e5, 5e6) @ Affine.rotation(30) @ Affine.scale(0.5, -0.5)
RADAR = OPTICAL @ Affine.rotation(-50) @ Affine.scale(0.25) @ Affine.translation(-300, -200)
"""The radar image is four times as fine, and turned."""
TO_RADAR = ~RADAR @ OPTICAL
ERRORS = np.array([[0.8, 0.0], [-0.8, 0.4], [0.0, -1.2], [0.4, 0.4], [-0.4, 0.4], [0.0, 0.0]])
"""Columns and rows of the orthophoto, of mean zero."""
PLACES = np.array([[10.0, 5.0], [190.0, 8.0], [100.0, 40.0], [15.0, 70.0], [180.0, 75.0], [70.0, 33.0]])
OFFSET = np.array([7.0, -3.0])


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.prepare.align.run.draw_pictures", lambda *_: [])


def linear(vectors: np.ndarray) -> np.ndarray:
    """Vectors of the orthophoto in pixels of the radar image."""
    return vectors @ np.array([[TO_RADAR.a, TO_RADAR.b], [TO_RADAR.d, TO_RADAR.e]]).T


def pair(folder: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    sar = write(folder / "sar.tif", rng.integers(1, 99, (700, 800), np.uint8), crs=CRS, transform=RADAR)
    optical = rng.integers(1, 99, (3, *SHAPE), np.uint8)
    return sar, write(folder / "optical.tif", optical, crs=CRS, transform=OPTICAL)


def report(folder: Path, **options: float) -> AlignReport:
    """The report of an alignment by hand, whose points say that the radar image shows `OFFSET` too far."""
    sar, optical = pair(folder)
    shown = np.stack(TO_RADAR @ (PLACES.T + 0.5), 1) - 0.5 + linear(OFFSET + ERRORS)
    used = np.array([True] * 6)
    points = TiePoints(*shown.T, *PLACES.T, used, np.full(6, np.nan))
    write_geojson(folder / "mine.geojson", points, GeoBox(SHAPE, OPTICAL, CRS))
    config = AlignConfig(tie_points=folder / "mine.geojson", **options)
    return align_images(sar, optical, folder / "out", config=config)


def test_the_offset_is_what_brings_the_radar_image_back(tmp_path: Path) -> None:
    """Moved by the offset, in pixels of the orthophoto, what the radar shows lies where it belongs."""
    found = report(tmp_path)
    assert found.model == "shift"
    assert found.n_tie_points == 6
    assert found.offset_px == pytest.approx(-OFFSET, abs=1e-3)
    assert found.gsd_m == pytest.approx(0.5)
    assert found.stages == []
    assert found.figures["agreeing_share"] is None
    assert found.figures["held_out_median_px"] is None


def test_errors_are_those_without_the_point_itself(tmp_path: Path) -> None:
    """Without it, the mean of the other five lies a fifth of its error on the other side."""
    left_out = np.hypot(*ERRORS.T) * 6 / 5
    found = report(tmp_path)
    assert found.residual_px.median == pytest.approx(np.median(left_out), rel=1e-3)
    assert found.residual_px.p95 == pytest.approx(np.quantile(left_out, 0.95), rel=1e-3)
    assert found.figures["residual_median_px"] == pytest.approx(np.median(left_out), rel=1e-3)
    written = read_tie_points(tmp_path / "out" / "tie_points.geojson", None)
    np.testing.assert_allclose(written.optical_x, PLACES[:, 0], atol=1e-3)
    assert found.residual_px.along_look is None


def test_errors_along_and_across_an_oblique_look(tmp_path: Path) -> None:
    """The look is along neither axis of the grid, nor of the map."""
    found = report(tmp_path, look_azimuth=100.0, incidence=40.0)
    assert found.residual_px.along_look is not None
    assert found.residual_px.across_look is not None
    along, across = found.residual_px.along_look, found.residual_px.across_look
    direction = direction_of(found.look)
    expected = ERRORS @ direction, ERRORS @ np.array([-direction[1], direction[0]])
    assert along == pytest.approx(np.median(np.abs(expected[0])) * 6 / 5, abs=0.02)
    assert across == pytest.approx(np.median(np.abs(expected[1])) * 6 / 5, abs=0.02)
    assert along != pytest.approx(across, abs=0.1)


def direction_of(look: Look | None) -> np.ndarray:
    """Columns and rows of the orthophoto along a look; north of the grid is taken for true north."""
    assert look is not None
    azimuth = np.radians(look.azimuth)
    column, row = ~OPTICAL @ (4e5 + np.sin(azimuth), 5e6 + np.cos(azimuth))
    return np.array([column, row]) / np.hypot(column, row)


def test_the_cells_that_points_cover_are_counted_over_the_orthophoto(tmp_path: Path) -> None:
    """Six points in five of three times three cells: rows of 27 pixels, columns of 67."""
    cells = {(int(y // (80 / 3)), int(x // (200 / 3))) for x, y in PLACES}
    assert report(tmp_path).figures["coverage"] == pytest.approx(len(cells) / 9)


def test_the_spread_of_the_field_is_that_of_a_mean_of_cells(tmp_path: Path) -> None:
    """Each point is a cell of its own; the mean of six drawn from six has this standard deviation."""
    deviation = float(np.sqrt((ERRORS**2).sum(1).mean() / 6))
    assert report(tmp_path).figures["precision_px"] == pytest.approx(deviation, rel=0.3)


def test_a_point_outside_what_is_known_is_refused(tmp_path: Path) -> None:
    sar, optical = pair(tmp_path)
    terrain = write(
        tmp_path / "dem.tif",
        np.full((30, 30), 5, np.float32),
        crs=CRS,
        transform=OPTICAL @ Affine.scale(8),
    )
    with rasterio.open(sar, "r+") as dataset:
        dataset.update_tags(**look_tags(Look(110, 40), 5.0))
    with rasterio.open(terrain, "r+") as dataset:
        dataset.update_tags(OEMSAR_VERTICAL_DATUM="ellipsoid")
    points = TiePoints(
        np.array([1.0, 2.0]),
        np.array([1.0, 2.0]),
        np.array([5.0, -900.0]),
        np.array([5.0, 5.0]),
        np.array([True, True]),
        np.full(2, np.nan),
    )
    write_geojson(tmp_path / "mine.geojson", points, None)
    config = AlignConfig(tie_points=tmp_path / "mine.geojson", dem=terrain)
    with pytest.raises(InputError, match=r"mine\.geojson has a tie point where"):
        align_images(sar, optical, tmp_path / "out", config=config)
