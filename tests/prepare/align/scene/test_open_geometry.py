"""What files and options say of a pair's geometry, against affines and displacements worked out by hand."""

import math
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.warp import transform

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.prepare.align.scene.open_geometry import geometry_of, geometry_on
from oemsar.prepare.geometry_options import GeometryOptions

from ...ortho.scenes import CRS, EAST, NORTH, Orbit, dem, flat_scene, slant_scene
from ..pairs import write

LOOK = Look(215, 35)
PLANE, GROUND = 100.0, 140.0
SHAPE = (60, 130)
GRID = GeoBox(
    SHAPE, Affine.translation(EAST - 30, NORTH + 20) @ Affine.rotation(15) @ Affine.scale(0.5, -0.5), CRS
)
RADAR = Affine.translation(EAST - 90, NORTH + 70) @ Affine.rotation(-8) @ Affine.scale(0.8, -0.8)
X, Y = (each.ravel() for each in np.meshgrid(np.linspace(0, 129, 4), np.linspace(0, 59, 3)))


def on_radar(east: Any, north: Any) -> np.ndarray:
    """Column and row of the radar image, pixel centres at integers, of coordinates on its plane."""
    return np.stack(~RADAR @ (east, north)) - 0.5


def ground() -> np.ndarray:
    return np.stack(GRID.affine @ (X + 0.5, Y + 0.5))


def towards_radar(metres: float) -> np.ndarray:
    """The ground of the grid's pixels, so far along geodesics towards the radar."""
    lon, lat = transform(CRS, "EPSG:4326", *ground())
    azimuth, distance = np.full(X.size, LOOK.azimuth + 180), np.full(X.size, metres)
    east, north, _ = pyproj.Geod(ellps="WGS84").fwd(lon, lat, azimuth, distance)
    return np.array(transform("EPSG:4326", CRS, east, north))


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return flat_scene(tmp_path / "sar.tif", np.ones((200, 260), np.uint8), RADAR, LOOK, PLANE)


def test_two_maps_meet_by_their_affines(scene: Path) -> None:
    with ExitStack() as files:
        found = geometry_on(scene, GRID, SHAPE, GeometryOptions(), files)
        np.testing.assert_allclose(found.prior(X, Y), on_radar(*ground()), atol=1e-6)
        assert not found.through_terrain
        assert (found.look, found.heights) == (LOOK, None)
        assert found.on_plane(7.0) is found.prior


def test_the_look_that_is_given_goes_before_the_one_of_the_file(scene: Path) -> None:
    with ExitStack() as files:
        options = GeometryOptions(look_azimuth=20, incidence=50)
        assert geometry_on(scene, GRID, SHAPE, options, files).look == Look(20, 50)


def test_a_metre_appears_nearer_to_the_radar_by_the_cotangent_of_the_incidence(scene: Path) -> None:
    """The look is from north; the grid's north is turned by the meridian's convergence, below a degree."""
    with ExitStack() as files:
        found = geometry_on(scene, GRID, SHAPE, GeometryOptions(), files)
    assert found.displacement is not None
    a, b, _, d, e, _ = GRID.affine[:6]
    east, north = (np.array([[a, b], [d, e]]) @ found.displacement).tolist()
    assert math.hypot(east, north) == pytest.approx(1 / math.tan(math.radians(35)), rel=2e-3)
    towards = math.degrees(math.atan2(east, north)) % 360
    assert towards == pytest.approx(35, abs=1.0)


@pytest.mark.parametrize("plane", [None, 90.0])
def test_ground_above_the_plane_is_displaced_towards_the_radar(
    scene: Path, tmp_path: Path, plane: float | None
) -> None:
    """The sensor model of a ground range product, the plane being the file's or the one that is given."""
    terrain = dem(tmp_path / "dem.tif", GROUND)
    with ExitStack() as files:
        options = GeometryOptions(dem=terrain, projection_height=plane)
        found = geometry_on(scene, GRID, SHAPE, options, files)
        assert found.through_terrain
        assert found.heights is not None
        np.testing.assert_allclose(found.heights(X, Y), GROUND, atol=1e-3)
        above = GROUND - (PLANE if plane is None else plane)
        nearer = towards_radar(above / math.tan(math.radians(35)))
        np.testing.assert_allclose(found.prior(X, Y), on_radar(*nearer), atol=0.1)
        flat = np.stack(found.on_plane(PLANE if plane is None else plane)(X, Y))
        np.testing.assert_allclose(flat, on_radar(*ground()), atol=1e-3)


def test_the_ground_is_found_below_a_place_on_a_plane(scene: Path, tmp_path: Path) -> None:
    """What the terrain's map shows at the ground is what the plane's map shows at the place."""

    def slope(east: Any, north: Any) -> Any:
        return 120 + 0.2 * (east - EAST) - 0.1 * (north - NORTH)

    with ExitStack() as files:
        options = GeometryOptions(dem=dem(tmp_path / "dem.tif", slope))
        found = geometry_on(scene, GRID, SHAPE, options, files)
        at = found.ground(X, Y, np.full(X.shape, 125.0))
        np.testing.assert_allclose(found.prior(*at), found.on_plane(125.0)(X, Y), atol=0.05)
        assert np.abs(np.stack(at) - np.stack([X, Y])).max() > 5


def test_a_look_is_worked_out_from_an_rpc(tmp_path: Path) -> None:
    orbit = Orbit(LOOK, 300, 0.5, PLANE)
    scene = slant_scene(tmp_path / "sar.tif", orbit, np.ones((300, 300), np.uint8))
    with ExitStack() as files:
        options = GeometryOptions(dem=dem(tmp_path / "dem.tif", GROUND))
        found = geometry_on(scene, GRID, SHAPE, options, files)
        line, sample = orbit.on_map(*ground(), GROUND)
        np.testing.assert_allclose(found.prior(X, Y), [sample, line], atol=0.05)
        assert found.look is not None
        assert (found.look.azimuth, found.look.incidence) == pytest.approx((215, 35), abs=0.1)
    with ExitStack() as files, pytest.raises(InputError, match="placed by its RPC only") as error:
        geometry_on(scene, GRID, SHAPE, GeometryOptions(), files)
    assert error.value.options == ("dem",)


@pytest.mark.parametrize("bare", ["radar", "orthophoto"])
def test_an_image_without_georeferencing_makes_pixels_of_both(
    scene: Path, tmp_path: Path, bare: str, caplog: pytest.LogCaptureFixture
) -> None:
    placed = {"crs": CRS, "transform": GRID.affine}
    optical = write(
        tmp_path / "optical.tif", np.ones((3, *SHAPE), np.uint8), **({} if bare != "radar" else placed)
    )
    sar = write(tmp_path / "bare.tif", np.ones((200, 260), np.uint8)) if bare == "radar" else scene
    with ExitStack() as files:
        found = geometry_of(sar, optical, GeometryOptions(), files)
    assert (found.grid, found.look, found.displacement, found.shape) == (None, None, None, SHAPE)
    np.testing.assert_array_equal(found.prior(X, Y), [X, Y])
    name = str(sar) if bare == "radar" else "the orthophoto"
    assert f"{name} has no georeferencing" in caplog.text
    with ExitStack() as files, pytest.raises(InputError, match="of no use to images without georeferencing"):
        geometry_of(sar, optical, GeometryOptions(dem=dem(tmp_path / "dem.tif", 1.0)), files)


@pytest.mark.parametrize(("pixels", "overlaps"), [(10, False), (60, True)])
def test_a_fiftieth_of_the_orthophoto_has_to_be_seen(
    scene: Path, tmp_path: Path, pixels: int, overlaps: bool
) -> None:
    """The last corner of the radar image is the first of an orthophoto of 200 x 260 pixels as large."""
    affine = RADAR @ Affine.translation(260 - pixels, 200 - pixels)
    optical = write(tmp_path / "optical.tif", np.ones((200, 260), np.uint8), crs=CRS, transform=affine)
    expected = (
        nullcontext()
        if overlaps
        else pytest.raises(
            InputError,
            match=r"do not overlap, or in less than 2 % of the orthophoto; .* cut to the radar image",
        )
    )
    with ExitStack() as files, expected:
        geometry_of(scene, optical, GeometryOptions(), files)


def test_an_elevation_model_with_a_hole_under_the_images_is_refused(scene: Path, tmp_path: Path) -> None:
    optical = write(tmp_path / "optical.tif", np.ones(SHAPE, np.uint8), crs=CRS, transform=GRID.affine)
    middle = GRID.affine @ (65, 30)

    def holed(east: Any, north: Any) -> Any:
        return np.where(np.hypot(east - middle[0], north - middle[1]) < 12, -9999, PLANE)

    options = GeometryOptions(dem=dem(tmp_path / "dem.tif", holed, step=2.0, nodata=-9999))
    with ExitStack() as files, pytest.raises(InputError, match=r"has no height for .*% of the ground"):
        geometry_of(scene, optical, options, files)


def test_look_and_plane_that_are_given_make_a_sensor_model(tmp_path: Path) -> None:
    """Of a file that states neither."""
    bare = flat_scene(tmp_path / "sar.tif", np.ones((200, 260), np.uint8), RADAR, None, None)
    terrain = dem(tmp_path / "dem.tif", GROUND)
    options = GeometryOptions(
        dem=terrain, look_azimuth=LOOK.azimuth, incidence=LOOK.incidence, projection_height=PLANE
    )
    with ExitStack() as files:
        found = geometry_on(bare, GRID, SHAPE, options, files)
        assert found.through_terrain
        nearer = towards_radar((GROUND - PLANE) / math.tan(math.radians(35)))
        np.testing.assert_allclose(found.prior(X, Y), on_radar(*nearer), atol=0.1)
