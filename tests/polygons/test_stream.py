"""Polygons cover the ground once, keep its areas, and do not depend on how the map is read."""

import numpy as np
import pytest
import rasterio.features
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine
from scipy import ndimage

from oemsar.geometry.ground import PixelAreas, pixel_areas
from oemsar.polygons import stream
from oemsar.polygons.stream import Outlining, Patches, patches


class Rows:
    """Array that is read by rows."""

    def __init__(self, values: NDArray[np.uint8]) -> None:
        self.values = values
        self.shape = values.shape

    def read_rows(self, row: int, height: int) -> NDArray[np.uint8]:
        return self.values[row : row + height]


def city(shape: tuple[int, int], smooth: float, seed: int = 2) -> NDArray[np.uint8]:
    """Map of eight classes with blobs, and no data in two places."""
    draw = np.random.default_rng(seed)
    fields = [ndimage.gaussian_filter(draw.standard_normal(shape), smooth) for _ in range(8)]
    values = (np.argmax(fields, axis=0) + 1).astype(np.uint8)
    values[: shape[0] // 8, : shape[1] // 3] = 0
    values[shape[0] // 2 : shape[0] // 2 + 20, 60:90] = 0
    return values


def covers_once(polygons: NDArray[np.object_]) -> bool:
    """Whether polygons are a valid coverage; before Shapely 2.1 whether their areas add up."""
    if hasattr(shapely, "coverage_is_valid"):
        return bool(shapely.coverage_is_valid(polygons))
    return bool(np.isclose(shapely.area(polygons).sum(), shapely.union_all(polygons).area, rtol=1e-9))


def made(
    values: NDArray[np.uint8],
    tolerance: float = 1.0,
    *,
    confidence: NDArray[np.uint8] | None = None,
    ground: PixelAreas | None = None,
    sheet: int | None = None,
) -> Patches:
    """All patches of a map."""
    percent = None if confidence is None else Rows(confidence)
    found = [each for _, each in patches(Rows(values), percent, ground, Outlining(tolerance, sheet))]
    return Patches(*(np.concatenate(field) for field in zip(*found, strict=True)))


@pytest.fixture
def low_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_LEAST_ROWS", 8)
    monkeypatch.setattr(stream, "_PIXELS", 1)


@pytest.mark.usefixtures("low_strips")
@pytest.mark.parametrize("noise", [True, False])
def test_unsimplified_polygons_are_the_patches_of_the_raster(noise: bool) -> None:
    values = city((83, 120), 2)
    if noise:
        values = np.random.default_rng(0).integers(0, 4, (43, 61)).astype(np.uint8)
    found = made(values, 0)
    shapes = rasterio.features.shapes(values, mask=values > 0, connectivity=4)
    expected = [(shapely.geometry.shape(shape), int(value)) for shape, value in shapes]
    assert found.polygons.size == len(expected)
    by_centre = {tuple(np.round([*p.representative_point().coords[0]], 6)): (p, v) for p, v in expected}
    assert len(by_centre) == len(expected)
    assert covers_once(found.polygons)
    assert shapely.is_valid(found.polygons).all()
    tree = shapely.STRtree(found.polygons)
    for polygon, value in expected:
        (match,) = tree.query(polygon.representative_point(), predicate="within")
        assert found.classes[match] == value
        assert found.polygons[match].equals(polygon)
    assert (shapely.area(found.polygons) == found.pixels).all()


@pytest.mark.parametrize(("tolerance", "smooth"), [(0.75, 1.5), (1.0, 1.5), (1.0, 4), (3.0, 4)])
@pytest.mark.usefixtures("low_strips")
def test_simplified_polygons_cover_the_ground_once(tolerance: float, smooth: float) -> None:
    values = city((150, 211), smooth)
    found = made(values, tolerance)
    assert covers_once(found.polygons)
    assert shapely.is_valid(found.polygons).all()
    together = shapely.union_all(found.polygons)
    assert together.area == pytest.approx(np.count_nonzero(values), rel=2e-3)
    assert shapely.area(found.polygons).sum() == pytest.approx(together.area, rel=1e-9)
    assert shapely.get_num_coordinates(found.polygons).sum() < np.count_nonzero(values)


def test_areas_of_classes_stay_and_points_go() -> None:
    values = city((600, 711), 5)
    exact, found = made(values, 0), made(values, 1.0)
    for identifier in range(1, 9):
        pixels = np.count_nonzero(values == identifier)
        of_class = found.classes == identifier
        assert shapely.area(exact.polygons[exact.classes == identifier]).sum() == pixels
        assert shapely.area(found.polygons[of_class]).sum() == pytest.approx(pixels, rel=3e-4)
    off = np.abs(shapely.area(found.polygons) - found.pixels)
    assert (off <= np.maximum(2.0, 0.01 * found.pixels)).all()
    points = shapely.get_num_coordinates(found.polygons).sum()
    assert points < 0.55 * shapely.get_num_coordinates(exact.polygons).sum()


def test_single_pixels_keep_their_areas() -> None:
    values = np.full((40, 60), 1, np.uint8)
    values[5:35:3, 4:56:5] = 6
    values[10:20, 20:40] = np.random.default_rng(0).integers(2, 5, (10, 20))
    found = made(values)
    assert shapely.area(found.polygons) == pytest.approx(found.pixels, rel=0.15)
    for identifier in (2, 3, 4, 6):
        own = found.classes == identifier
        assert shapely.area(found.polygons[own]).sum() == pytest.approx(found.pixels[own].sum(), rel=0.02)


def test_straight_walls_stay_as_they_are() -> None:
    values = np.full((60, 90), 2, np.uint8)
    values[10:30, 20:47] = 8
    values[40:44, 5:80] = 4
    found = made(values)
    assert shapely.normalize(found.polygons[found.classes == 8][0]) == shapely.normalize(
        shapely.box(20, 10, 47, 30)
    )
    assert (shapely.area(found.polygons) == found.pixels).all()


@pytest.mark.parametrize("tolerance", [0, 1.0])
def test_patches_that_touch_at_a_corner_are_valid(tolerance: float) -> None:
    values = np.full((12, 14), 1, np.uint8)
    values[3:6, 3:6] = values[6:9, 6:9] = 2  # meet at a corner: two polygons, and a hole that touches itself
    values[4, 4] = values[5, 5] = 3
    found = made(values, tolerance)
    assert sorted(found.classes.tolist()) == [1, 2, 2, 3, 3]
    assert shapely.is_valid(found.polygons).all()
    assert covers_once(found.polygons)


def test_polygons_are_whole_across_strips_and_cut_at_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    values = city((150, 211), 4)
    whole = made(values)
    monkeypatch.setattr(stream, "_LEAST_ROWS", 8)
    monkeypatch.setattr(stream, "_PIXELS", 1)
    strips = made(values)
    assert sorted(strips.pixels.tolist()) == sorted(whole.pixels.tolist())
    cut = made(values, sheet=64)
    assert cut.polygons.size > whole.polygons.size
    assert covers_once(cut.polygons)
    left, top, right, bottom = shapely.bounds(cut.polygons).T
    assert ((right - left).max(), (bottom - top).max()) <= (64, 64)
    assert np.bincount(cut.classes, cut.pixels).tolist() == np.bincount(whole.classes, whole.pixels).tolist()


@pytest.mark.usefixtures("low_strips")
def test_confidence_is_that_of_the_pixels_that_have_one() -> None:
    values = city((70, 95), 4)
    confidence = np.random.default_rng(1).integers(12, 101, values.shape).astype(np.uint8)
    confidence[20:25] = 0
    found = made(values, confidence=confidence)
    labels = np.zeros(values.shape, int)
    for identifier in range(1, 9):
        own, _ = ndimage.label(values == identifier)
        labels += np.where(own > 0, own + labels.max(), 0)
    expected = []
    for label in range(1, labels.max() + 1):
        percent = confidence[(labels == label) & (confidence > 0)].astype(float)
        if (labels == label).any():
            expected.append((percent.mean() if percent.size else -1, percent.min() if percent.size else 0))
    mean = np.where(np.isnan(found.confidence), -1, found.confidence)
    assert sorted(zip(mean.round(9), found.lowest, strict=True)) == sorted(
        (round(one, 9), other) for one, other in expected
    )


def test_areas_are_those_of_the_ground_where_the_polygon_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Degrees at 60 north: a row of pixels shrinks northwards."""
    monkeypatch.setattr(stream, "_LEAST_ROWS", 8)
    monkeypatch.setattr(stream, "_PIXELS", 1)
    grid = GeoBox((90, 120), Affine(1e-2, 0, 10, 0, -1e-2, 60), "EPSG:4326")
    values = np.full((90, 120), 2, np.uint8)
    values[:30] = 5
    values[40:60, 30:70] = 8
    found = made(values, ground=pixel_areas(grid))
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    for polygon, area in zip(found.polygons, found.area, strict=True):
        fine = shapely.segmentize(polygon, 1)
        ground = shapely.transform(
            fine, lambda p: np.column_stack([10 + p[:, 0] * 1e-2, 60 - p[:, 1] * 1e-2])
        )
        assert area == pytest.approx(abs(geod.geometry_area_perimeter(ground)[0]), rel=1e-4)


def test_a_map_without_data_has_no_polygon() -> None:
    assert made(np.zeros((20, 30), np.uint8)).polygons.size == 0
