import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from oemsar.config_file import read_json
from oemsar.errors import InputError
from oemsar.geometry.datum import Datum
from oemsar.geometry.look import Look, look_from_angles, read_look, read_projection_height
from oemsar.prepare.ortho.config import OrthoConfig
from oemsar.prepare.ortho.rasters import MASKS
from oemsar.prepare.ortho.run import orthorectify
from oemsar.prepare.ortho.summary import OrthoResult

from ...conftest import FileServer
from .scenes import CRS, EAST, NORTH, Orbit, dem, flat_scene, slant_scene

SIZE, SPACING = 400, 0.5
LOOK = Look(100, 40)


def ortho(scene: Path, dem: Path, out: Path, dsm: Path | None = None) -> OrthoResult:
    return orthorectify(scene, out, config=OrthoConfig(dem=dem, dsm=dsm, crs=CRS, gsd=0.5))


def orbit(look: Look = LOOK) -> Orbit:
    return Orbit(look, SIZE, SPACING, 100.0)


def grass() -> Any:
    return np.random.default_rng(0).rayleigh(40, (SIZE, SIZE)).clip(1, 255).astype(np.uint8)


def with_target(column: int, row: int) -> Any:
    pixels = np.full((SIZE, SIZE), 5, np.uint8)
    pixels[row - 1 : row + 2, column - 1 : column + 2] = 250
    return pixels


def target_on_map(path: Path) -> tuple[float, float]:
    """Easting and northing of the centroid of what is bright."""
    with rasterio.open(path) as dataset:
        rows, columns = np.nonzero(dataset.read(1) > 125)
        return dataset.transform @ (columns.mean() + 0.5, rows.mean() + 0.5)


def test_a_scene_at_sea_is_orthorectified_over_voids(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(), grass())
    shore = dem(tmp_path / "dem.tif", lambda east, _: np.where(east < EAST, -9999, 100), nodata=-9999)
    geoid = tmp_path / "geoid.tif"
    profile = {"driver": "GTiff", "height": 9, "width": 9, "count": 1, "dtype": "float32"}
    affine = Affine(0.5, 0, 137.5, 0, -0.5, 37.5)
    with rasterio.open(geoid, "w", crs="EPSG:4326", transform=affine, **profile) as dataset:
        dataset.write(np.full((1, 9, 9), 100, np.float32))
    config = OrthoConfig(dem=shore, crs=CRS, gsd=0.5)
    found = orthorectify(scene, tmp_path / "void.tif", config=config)
    assert found.pixels_without_height > 0.3 * SIZE**2
    at_sea = config.model_copy(update={"dem_void": "sea", "geoid": geoid})
    result = orthorectify(scene, tmp_path / "sea.tif", config=at_sea)
    assert result.pixels_without_height == 0
    flat = orthorectify(
        scene, tmp_path / "flat.tif", config=config.model_copy(update={"dem": dem(tmp_path / "100.tif", 100)})
    )
    assert flat.shape == result.shape
    with rasterio.open(tmp_path / "sea.tif") as sea, rasterio.open(tmp_path / "flat.tif") as even:
        np.testing.assert_allclose(sea.read().astype(int), even.read(), atol=1)


@pytest.mark.parametrize(("incidence", "tolerance"), [(45.0, 0.5), (30.0, 0.5), (55.0, 0.5)])
def test_a_dem_30_m_too_high_moves_a_target_by_30_m_over_the_tangent_of_the_incidence(
    tmp_path: Path, incidence: float, tolerance: float
) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(Look(100, incidence)), with_target(180, 210))
    places = []
    for height in (100.0, 130.0):
        terrain = dem(tmp_path / f"{height}.tif", height)
        ortho(scene, terrain, tmp_path / f"ortho{height}.tif")
        places.append(target_on_map(tmp_path / f"ortho{height}.tif"))
    moved = math.hypot(places[1][0] - places[0][0], places[1][1] - places[0][1])
    assert moved == pytest.approx(30 / math.tan(math.radians(incidence)), abs=tolerance)
    if incidence == 45:
        assert moved == pytest.approx(30 / math.tan(math.radians(90 - incidence)), abs=tolerance)


def test_the_right_dem_puts_a_target_where_it_is(tmp_path: Path) -> None:
    def hill(east: Any, north: Any) -> Any:
        return 100 + 30 * np.exp(-((east - EAST - 20) ** 2 + (north - NORTH) ** 2) / 80**2)

    place = EAST + 12.0, NORTH - 9.0
    line, sample = orbit().on_map(*place, hill(*place))
    scene = slant_scene(tmp_path / "sar.tif", orbit(), with_target(round(float(sample)), round(float(line))))
    ortho(scene, dem(tmp_path / "dem.tif", hill, step=2.0), tmp_path / "ortho.tif")
    assert math.dist(target_on_map(tmp_path / "ortho.tif"), place) < 0.6


def test_the_look_is_written_with_the_result_and_the_plane_is_not(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(), grass())
    terrain = dem(tmp_path / "dem.tif", 100.0)
    summary = ortho(scene, terrain, tmp_path / "ortho.tif")
    with rasterio.open(tmp_path / "ortho.tif") as dataset:
        look = read_look(dataset)
        assert look is not None
        assert (look.azimuth, look.incidence) == pytest.approx((100, 40), abs=0.05)
        assert float(dataset.tags()["OEMSAR_GRAZING"]) == pytest.approx(90 - look.incidence)
        assert read_projection_height(dataset) is None
        assert dataset.nodata == 0
        assert dataset.crs.to_epsg() == 32654
        assert dataset.transform.c % 0.5 == 0
        assert (dataset.read(1) > 0).mean() == pytest.approx(summary.valid_share)
    assert (
        json.loads((tmp_path / "ortho.json").read_text())["record"]["config"]["inputs"][0]["file"]
        == "sar.tif"
    )


def test_the_whole_scene_arrives_with_its_power(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(), grass())
    ortho(scene, dem(tmp_path / "dem.tif", 100.0), tmp_path / "ortho.tif")
    with rasterio.open(tmp_path / "ortho.tif") as dataset:
        pixels = dataset.read(1).astype(float)
    area = SIZE * SPACING * SIZE * SPACING / math.sin(math.radians(40))
    assert (pixels > 0).sum() * 0.25 == pytest.approx(area, rel=0.01)
    power = (pixels[pixels > 0] ** 2).mean()
    assert power == pytest.approx((grass().astype(float) ** 2).mean(), rel=0.02)


def test_masks_lie_beside_the_result_on_its_grid(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(), grass())

    def tower(east: Any, north: Any) -> Any:
        return 100 + 20 * ((np.abs(east - EAST) < 10) & (np.abs(north - NORTH) < 10))

    ground = dem(tmp_path / "dem.tif", 100.0)
    surface = dem(tmp_path / "dsm.tif", tower, half=200, step=0.5)
    summary = ortho(scene, ground, tmp_path / "ortho.tif", surface)
    with rasterio.open(tmp_path / "ortho.tif") as image, rasterio.open(tmp_path / "ortho_masks.tif") as masks:
        assert masks.descriptions == MASKS
        assert masks.shape == image.shape
        assert masks.transform == image.transform
        layover, shadow, valid = masks.read()
        np.testing.assert_array_equal(valid, image.read(1) > 0)
        assert read_look(masks) == read_look(image)
        row, column = image.index(EAST, NORTH)
    # away from the radar is east by south; half the tower and 20 m tan 40 of shadow, 20 m / tan 40 of layover
    shade, falls = 20 * math.tan(math.radians(40)), 20 / math.tan(math.radians(40))
    assert shadow[row, column + 22 : column + 18 + round(shade / 0.5)].all()
    assert layover[row, column - round(falls / 0.5) - 16 : column - 22].all()
    assert not layover[row, : column - round(falls / 0.5) - 26].any()
    assert 0 < summary.shadow_share < 0.03
    assert 0 < summary.layover_share < 0.06
    ortho(scene, ground, tmp_path / "ortho.tif")
    assert not (tmp_path / "ortho_masks.tif").exists()


def test_a_ground_range_product_is_set_right_by_its_look(tmp_path: Path) -> None:
    affine = Affine(0.5, 0, EAST - 100, 0, -0.5, NORTH + 100)
    place, height, plane = (EAST + 10.25, NORTH - 20.25), 130.0, 100.0
    towards, along = LOOK.towards_sensor(), (height - plane) / math.tan(math.radians(40))
    seen = ~affine @ (place[0] + towards[0] * along, place[1] + towards[1] * along)
    pixels = with_target(int(seen[0]), int(seen[1]))
    scene = flat_scene(tmp_path / "gec.tif", pixels, affine, LOOK, plane)
    ortho(scene, dem(tmp_path / "dem.tif", height), tmp_path / "ortho.tif")
    assert math.dist(target_on_map(tmp_path / "ortho.tif"), place) < 1.2  # half a pixel and the convergence
    with rasterio.open(tmp_path / "ortho.tif") as dataset:
        assert read_look(dataset) == LOOK
        assert read_projection_height(dataset) is None  # it lies on the terrain now


def test_the_padding_of_a_scene_and_holes_of_the_dem_carry_no_data(tmp_path: Path) -> None:
    pixels = grass()
    pixels[:128] = 0
    scene = slant_scene(tmp_path / "sar.tif", orbit(), pixels)

    def holed(east: Any, north: Any) -> Any:
        return np.where(np.hypot(east - EAST, north - NORTH + 40) < 12, -9999, 100)

    terrain = dem(tmp_path / "dem.tif", holed, step=2.0, nodata=-9999)
    summary = ortho(scene, terrain, tmp_path / "ortho.tif")
    assert summary.pixels_without_height * 0.25 == pytest.approx(math.pi * 12**2, rel=0.15)
    with rasterio.open(tmp_path / "ortho.tif") as dataset:
        row, column = dataset.index(EAST, NORTH - 40)
        assert dataset.read(1)[row, column] == 0
        valid = (dataset.read(1) > 0).sum() * 0.25
    area = (SIZE - 128) * SPACING * SIZE * SPACING / math.sin(math.radians(40))
    assert valid == pytest.approx(area - math.pi * 12**2, rel=0.01)


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(), grass())
    left = tmp_path / ".ortho.tif.partial"
    left.mkdir()
    (left / "band0.raw").write_bytes(b"half")
    ortho(scene, dem(tmp_path / "dem.tif", 100.0), tmp_path / "ortho.tif")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dem.tif",
        "ortho.json",
        "ortho.tif",
        "sar.tif",
    ]


def test_wrong_input_is_told_in_a_sentence(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(), grass())
    flat, out = dem(tmp_path / "dem.tif", 100.0), tmp_path / "ortho.tif"

    def refused(
        match: str, scene: Path = scene, terrain: Path = flat, dsm: Path | None = None, **changes: Any
    ) -> None:
        options = {"dem": terrain, "dsm": dsm, "crs": CRS, "gsd": 0.5, **changes}
        with pytest.raises(InputError, match=match) as caught:
            orthorectify(scene, out, config=OrthoConfig(**options))
        assert "\n" not in str(caught.value)
        assert not out.exists()
        assert not list(tmp_path.glob(".*partial*"))

    refused("does not cover the scene", terrain=dem(tmp_path / "small.tif", 100.0, half=60))
    elsewhere = dem(
        tmp_path / "elsewhere.tif", lambda east, north: np.full(east.shape, -9999.0), nodata=-9999
    )
    refused("no height anywhere", dsm=elsewhere)
    complex_scene = slant_scene(tmp_path / "slc.tif", orbit(), np.ones((SIZE, SIZE), np.complex64))
    refused("oemsar prepare radiometry", scene=complex_scene)
    empty = slant_scene(tmp_path / "empty.tif", orbit(), np.zeros((SIZE, SIZE), np.uint8))
    refused("holds no data", scene=empty)
    refused("not a map in metres", crs="EPSG:4326")
    refused("is no CRS", crs="EPSG:99999999")
    refused("gsd: 0.01", gsd=0.01)
    refused("gsd: -1", gsd=-1.0)
    refused("not orthometric", dem_datum=Datum.ORTHOMETRIC)
    affine = Affine(0.5, 0, EAST, 0, -0.5, NORTH)
    refused("look_azimuth", scene=flat_scene(tmp_path / "gec.tif", grass(), affine, None, None))
    with pytest.raises(InputError, match=r"\.tif"):
        ortho(scene, flat, tmp_path / "ortho.png")
    with pytest.raises(InputError, match="belong together"):
        look_from_angles(10.0, None)


@pytest.mark.parametrize("out", ["dem.tif", "scene.tif"])
def test_no_output_replaces_an_input(tmp_path: Path, out: str) -> None:
    scene = slant_scene(tmp_path / "scene.tif", orbit(), grass())
    flat = dem(tmp_path / "dem.tif", 100.0)
    before = (tmp_path / out).read_bytes()
    with pytest.raises(InputError, match="would replace the input"):
        ortho(scene, flat, tmp_path / out)
    assert (tmp_path / out).read_bytes() == before


def test_masks_do_not_replace_the_surface_model(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "scene.tif", orbit(), grass())
    surface = dem(tmp_path / "ortho_masks.tif", 100.0)
    with pytest.raises(InputError, match="would replace the input"):
        ortho(scene, dem(tmp_path / "dem.tif", 100.0), tmp_path / "ortho.tif", surface)
    assert surface.exists()


def test_a_summary_of_another_origin_is_not_replaced(tmp_path: Path) -> None:
    scene, flat = slant_scene(tmp_path / "sar.tif", orbit(), grass()), dem(tmp_path / "dem.tif", 100.0)
    notes = tmp_path / "ortho.json"
    notes.write_text('{"mine": 1}')
    with pytest.raises(InputError, match=r"ortho\.json is there and is not the summary of an orthorectified"):
        ortho(scene, flat, tmp_path / "ortho.tif")
    assert notes.read_text() == '{"mine": 1}'
    assert not (tmp_path / "ortho.tif").exists()
    notes.unlink()
    for _ in range(2):
        ortho(scene, flat, tmp_path / "ortho.tif")


def test_the_summary_is_read_back(tmp_path: Path) -> None:
    scene = slant_scene(tmp_path / "sar.tif", orbit(), grass())
    result = ortho(scene, dem(tmp_path / "dem.tif", 100.0), tmp_path / "ortho.tif")
    assert read_json(tmp_path / "ortho.json", OrthoResult, "summary of an orthorectification") == result
    assert "layover_share" not in json.loads((tmp_path / "ortho.json").read_text())


def test_scene_and_heights_at_addresses_give_the_same_image(tmp_path: Path, file_server: FileServer) -> None:
    slant_scene(tmp_path / "scene.tif", orbit(), grass())
    dem(tmp_path / "dem.tif", 100.0)
    ortho(tmp_path / "scene.tif", tmp_path / "dem.tif", tmp_path / "local.tif")
    web = file_server.address
    result = ortho(Path(f"{web}/scene.tif"), Path(f"{web}/dem.tif?key=1"), tmp_path / "remote.tif")
    with rasterio.open(tmp_path / "local.tif") as local, rasterio.open(tmp_path / "remote.tif") as remote:
        np.testing.assert_array_equal(remote.read(), local.read())
    inputs = result.record.config["inputs"]
    assert inputs == [
        {"file": f"{web}/scene.tif", "sha256": None},
        {"file": f"{web}/dem.tif", "sha256": None},
    ]
