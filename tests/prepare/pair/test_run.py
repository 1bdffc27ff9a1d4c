import json
import os
import shutil
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio import Affine

from oemsar.errors import Failure, InputError
from oemsar.files import checksum
from oemsar.prepare.pair.region_file import read_region
from oemsar.prepare.pair.results import Pair
from oemsar.prepare.pair.run import make_pair
from oemsar.sources import allow_sources

from ...conftest import FileServer
from ...forking import forking
from .conftest import Built, Scene, Write

IMAGES = ("town_sar.tif", "town_optical.tif", "town_masks.tif")
ALL = ["align", "grid", "radar", "optical", "masks", "record"]


def done(pair: Pair) -> set[str]:
    return {name for name, state in pair.stages.items() if state == "done"}


def test_both_images_and_the_masks_lie_on_one_grid(built: Built) -> None:
    with (
        rasterio.open(built.out / IMAGES[0]) as sar,
        rasterio.open(built.out / IMAGES[1]) as optical,
        rasterio.open(built.out / IMAGES[2]) as masks,
    ):
        assert sar.shape == optical.shape == masks.shape
        assert sar.transform == optical.transform == masks.transform
        assert sar.crs == optical.crs == masks.crs
        assert f"EPSG:{sar.crs.to_epsg()}" == built.pair.grid.crs
        assert [sar.transform.a, sar.transform.e] == [0.5, -0.5]
        assert sar.transform.c % 0.5 == sar.transform.f % 0.5 == 0
        assert (sar.count, sar.dtypes[0], sar.nodata) == (1, "uint8", 0)
        assert (optical.count, optical.dtypes[0], optical.nodata) == (3, "uint8", 0)
        assert masks.descriptions == ("sar_valid", "optical_valid", "layover", "shadow")
        assert sar.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        np.testing.assert_array_equal(masks.read(1) == 1, sar.read(1) > 0)
        np.testing.assert_array_equal(masks.read(2) == 1, (optical.read() > 0).all(0))
        assert "NAIP" in optical.tags()["OEMSAR_ATTRIBUTION"]
        assert "2021" in optical.tags()["OEMSAR_ATTRIBUTION"]
        assert "OEMSAR_LICENCE" in optical.tags()
        assert "NAIP" in masks.tags()["OEMSAR_ATTRIBUTION"]
        assert "OEMSAR_PROJECTION_HEIGHT" not in sar.tags()
        assert float(sar.tags()["OEMSAR_INCIDENCE"]) == pytest.approx(40, abs=0.1)


def errors(scene: Scene, out: Path) -> NDArray[np.float64]:
    """Pixels of a pair between bright dots of its radar image and the ground that they mark.

    The truth is that of displacement.tif, by which the dots were put into the product.
    """
    found = []
    with rasterio.open(out / IMAGES[0]) as dataset, rasterio.open(scene.folder / "optical.tif") as photo:
        pixels = dataset.read(1).astype(float)
        for x, y in scene.dots:
            column, row = ~dataset.transform @ (photo.transform @ (x + 0.5, y + 0.5))
            column, row = column - 0.5, row - 0.5
            top, left = round(row) - 6, round(column) - 6
            part = pixels[top : top + 13, left : left + 13]
            part = np.where(part > 0.5 * part.max(), part, 0)
            rows, columns = np.mgrid[top : top + 13, left : left + 13]
            centre = (columns * part).sum() / part.sum(), (rows * part).sum() / part.sum()
            found.append(np.hypot(centre[0] - column, centre[1] - row))
    return np.array(found)


def test_what_is_bright_on_the_ground_lies_where_the_orthophoto_has_that_ground(
    scene: Scene, built: Built
) -> None:
    assert built.pair.alignment.verdict == "accepted"
    assert np.median(errors(scene, built.out)) < 1.5
    assert np.max(errors(scene, built.out)) < 3


@pytest.mark.slow
def test_it_lies_there_without_tie_points_too(scene: Scene, region: Write, tmp_path: Path) -> None:
    """Matched from 12 m away; a scene this small has too few windows to be accepted without a person."""
    pair = make_pair(region(tie_points=None, search=30, accept=True), tmp_path / "out")
    assert pair.alignment.verdict in ("accepted", "needs_person")
    assert np.median(errors(scene, tmp_path / "out")) < 1.5


def test_on_the_grid_of_the_orthophoto_its_pixels_come_through_unchanged(
    scene: Scene, region: Write, tmp_path: Path
) -> None:
    with rasterio.open(scene.folder / "optical.tif") as dataset:
        colours, bounds, shape = dataset.read(), dataset.bounds, dataset.shape
    moved = tmp_path / "optical.tif"
    shutil.copy(scene.folder / "optical.tif", moved)
    left, top = np.floor(bounds.left), np.ceil(bounds.top)
    with rasterio.open(moved, "r+") as dataset:
        dataset.transform = Affine(0.5, 0, left, 0, -0.5, top)
    extent = [left, top - 0.5 * shape[0], left + 0.5 * shape[1], top]
    make_pair(region(optical=str(moved), extent=[float(value) for value in extent]), tmp_path / "out")
    with rasterio.open(tmp_path / "out" / IMAGES[1]) as dataset:
        np.testing.assert_array_equal(dataset.read(), np.maximum(colours, 1))


def test_the_record_tells_what_the_pair_is_made_of(scene: Scene, built: Built) -> None:
    record = built.record()
    inputs = {each["key"]: each for each in record["inputs"]}
    assert set(inputs) == {"sar", "optical", "dem", "dsm", "tie_points"}
    for key, name in (("sar", "sar.tif"), ("dem", "dem.tif"), ("tie_points", "ties.geojson")):
        assert inputs[key]["sha256"] == checksum(scene.folder / name)
    for key, name in zip(("sar", "optical", "masks"), IMAGES, strict=True):
        assert record["files"][key] == {"file": name, "sha256": checksum(built.out / name)}
    assert record["alignment"]["verdict"] == "accepted"
    assert record["alignment"]["residual_px"]["median"] < 1
    assert "NAIP" in record["terms"]["optical"]["attribution"]
    assert record["record"]["versions"]["oemsar"]
    assert set(record["stages"]) == {"align", "grid", "radar", "optical", "masks"}
    assert record["masks"]["relief_from"] == "dsm.tif"
    assert record["region"]["sar"]["path"] == "sar.tif"


def test_layover_and_shadow_agree_with_the_truth_of_the_scene(scene: Scene, built: Built) -> None:
    with rasterio.open(scene.folder / "masks.tif") as dataset:
        truth, place = dataset.read(), dataset.transform
    with rasterio.open(built.out / IMAGES[2]) as dataset:
        masks, grid = dataset.read(), dataset.transform
    rows, columns = np.mgrid[20 : masks.shape[1] - 20 : 3, 20 : masks.shape[2] - 20 : 3]
    x, y = ~place @ (grid @ (columns + 0.5, rows + 0.5))
    for band, known in ((2, truth[0]), (3, truth[1])):
        there = known[np.floor(y).astype(int), np.floor(x).astype(int)]
        assert (masks[band][rows, columns] == there).mean() > 0.9


def test_a_second_run_makes_nothing_again(built: Built, region: Write, tmp_path: Path) -> None:
    out = built.again(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert make_pair(region(), out).stages == dict.fromkeys(ALL, "skipped")
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


def test_another_remap_makes_only_the_radar_image_again(built: Built, region: Write, tmp_path: Path) -> None:
    out = built.again(tmp_path)
    assert done(make_pair(region(remap="density"), out)) == {"radar", "record"}
    assert checksum(out / IMAGES[0]) != checksum(built.out / IMAGES[0])
    assert done(make_pair(region(), out)) == {"radar", "record"}
    assert checksum(out / IMAGES[0]) == checksum(built.out / IMAGES[0])


def test_another_year_makes_only_the_optical_image_again(
    scene: Scene, built: Built, region: Write, tmp_path: Path
) -> None:
    optical = {"path": str(scene.folder / "optical.tif"), "profile": "naip", "year": 2019}
    assert done(make_pair(region(optical=optical), built.again(tmp_path))) == {"optical", "masks", "record"}


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({"gsd": 0.75}, {"grid", "radar", "optical", "masks", "record"}),
        ({"crs": "EPSG:3035"}, {"grid", "radar", "optical", "masks", "record"}),
        ({"name": "village"}, {"radar", "optical", "masks", "record"}),
        ({"remap": {"name": "percentile", "percentiles": [2, 99]}}, {"radar", "record"}),
        ({"dsm": None}, {"align", "masks", "record"}),
        ({"accept": True}, {"record"}),
    ],
)
def test_a_changed_key_makes_the_stages_that_stand_on_it_again(
    built: Built, region: Write, tmp_path: Path, changes: dict[str, Any], stages: set[str]
) -> None:
    out = built.again(tmp_path)
    assert done(make_pair(region(**changes), out)) == stages
    assert not done(make_pair(region(**changes), out))


def test_another_extent_makes_the_grid_again(built: Built, region: Write, tmp_path: Path) -> None:
    affine = built.pair.grid.affine
    extent = [affine[2] + 50, affine[5] - 130, affine[2] + 150, affine[5] - 60]
    pair = make_pair(region(extent=extent), built.again(tmp_path))
    assert done(pair) == {"grid", "radar", "optical", "masks", "record"}
    assert pair.grid.shape == (140, 200)
    assert (pair.grid.affine[2], pair.grid.affine[5]) == (extent[0], extent[3])


def test_another_licence_of_the_radar_image_is_written_into_image_and_masks(
    scene: Scene, built: Built, region: Write, tmp_path: Path
) -> None:
    out = built.again(tmp_path)
    sar = {"path": str(scene.folder / "sar.tif"), "licence": "CC0", "attribution": "Someone"}
    assert done(make_pair(region(sar=sar), out)) == {"radar", "masks", "record"}
    with rasterio.open(out / IMAGES[0]) as image, rasterio.open(out / IMAGES[2]) as masks:
        assert image.tags()["OEMSAR_LICENCE"] == "CC0"
        assert masks.tags()["OEMSAR_ATTRIBUTION"].startswith("Someone | ")


def test_another_elevation_model_aligns_again(
    scene: Scene, built: Built, region: Write, tmp_path: Path
) -> None:
    dem = tmp_path / "dem.tif"
    shutil.copy(scene.folder / "dem.tif", dem)
    with rasterio.open(dem, "r+") as dataset:
        dataset.write(dataset.read() + 3)
    out = built.again(tmp_path)
    states = make_pair(region(dem=str(dem)), out).stages
    assert states["align"] == states["radar"] == "done"
    assert states["optical"] == "skipped"


def test_a_copy_of_an_input_elsewhere_changes_nothing(
    scene: Scene, built: Built, region: Write, tmp_path: Path
) -> None:
    shutil.copy(scene.folder / "sar.tif", tmp_path / "sar.tif")
    assert not done(make_pair(region(sar="sar.tif"), built.again(tmp_path)))


def die_at(step: str, region: Path, out: Path) -> None:
    """Make a pair, and be killed at a step of the program."""
    module, name = step.rsplit(".", 1)
    setattr(import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
    make_pair(region, out)


def test_a_run_killed_at_any_stage_goes_on_to_the_same_bytes(
    built: Built, region: Write, tmp_path: Path
) -> None:
    out, path = tmp_path / "out", region()
    for place in (
        "oemsar.prepare.align.run.write_page",
        "oemsar.prepare.pair.radar.publish_pyramid",
        "oemsar.prepare.pair.masks.publish_cog",
        "oemsar.prepare.pair.run.write_json",
    ):
        killed = forking().Process(target=die_at, args=(place, path, out))
        killed.start()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
        assert not (out / "town.json").exists()
    assert done(make_pair(path, out)) == {"record"}
    for name in (*IMAGES, "alignment/transform.json", "alignment/tie_points.geojson"):
        assert checksum(out / name) == checksum(built.out / name)
    assert not list(out.rglob("*.partial"))


def test_an_alignment_that_needs_a_person_stops_the_run_and_takes_the_old_pair_away(
    scene: Scene, built: Built, region: Write, tmp_path: Path
) -> None:
    out = built.again(tmp_path)
    few = str(scene.folder / "few.geojson")
    with pytest.raises(Failure, match=r"needs a person .*report.html.*tie_points.geojson.*accept: true"):
        make_pair(region(tie_points=few), out)
    assert not [name for name in (*IMAGES, "town.json") if (out / name).exists()]
    assert (out / "alignment" / "report.html").exists()
    with pytest.raises(Failure, match="needs a person"):
        make_pair(region(tie_points=few), out)
    pair = make_pair(region(tie_points=few, accept=True), out)
    assert pair.stages["align"] == "skipped"
    assert pair.alignment.verdict == "needs_person"
    assert (out / "town.json").exists()


def test_tie_points_edited_in_place_are_not_lost(built: Built, region: Write, tmp_path: Path) -> None:
    out = built.again(tmp_path)
    points = out / "alignment" / "tie_points.geojson"
    points.write_text(points.read_text().replace('"used": true', '"used": false', 1))
    edited = points.read_text()
    with pytest.raises(InputError, match="was edited; copy it"):
        make_pair(region(search=20), out)
    with pytest.raises(InputError, match="copy it out of"):
        make_pair(region(tie_points=str(points)), out)
    assert points.read_text() == edited
    copy = tmp_path / "mine.geojson"
    shutil.copy(points, copy)
    points.unlink()
    assert make_pair(region(tie_points=str(copy)), out).stages["align"] == "done"


@pytest.mark.parametrize("key", ["sar", "optical", "dem", "tie_points"])
def test_a_pair_never_replaces_an_input(scene: Scene, region: Write, tmp_path: Path, key: str) -> None:
    """Inputs in the folder of the pair, under names of its results."""
    names = {
        "sar": "town_sar.tif",
        "optical": "town_masks.tif",
        "dem": "stages/amplitude.tif",
        "tie_points": "town.json",
    }
    out = tmp_path / "out"
    moved = out / names[key]
    moved.parent.mkdir(parents=True)
    source = {"sar": "sar.tif", "optical": "optical.tif", "dem": "dem.tif", "tie_points": "ties.geojson"}[key]
    shutil.copy(scene.folder / source, moved)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="choose another output path"):
        make_pair(region(**{key: str(moved)}), out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_pair_replaces_no_file_behind_a_virtual_raster(scene: Scene, region: Write, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    shutil.copy(scene.folder / "optical.tif", out / "town_optical.tif")
    rasterio.shutil.copy(out / "town_optical.tif", tmp_path / "mosaic.vrt", driver="VRT")
    with pytest.raises(InputError, match=r"town_optical\.tif .*choose another output path"):
        make_pair(region(optical=str(tmp_path / "mosaic.vrt")), out)
    assert checksum(out / "town_optical.tif") == checksum(scene.folder / "optical.tif")


def test_a_region_is_given_as_a_value_too(built: Built, region: Write, tmp_path: Path) -> None:
    """It is the same input as its file, and its errors name the key alone."""
    value = read_region(region())
    assert set(make_pair(value, built.again(tmp_path)).stages.values()) == {"skipped"}
    wrong = value.model_copy(update={"engine": "steam"})
    with pytest.raises(InputError, match=r"^engine"):
        make_pair(wrong, tmp_path / "none")


def test_tie_points_edited_in_a_pair_of_an_earlier_version_are_not_lost(
    built: Built, region: Write, tmp_path: Path
) -> None:
    """Its records have no format, and their keys are of another kind."""
    out = built.again(tmp_path)
    for path in (out / "stages").glob("*.json"):
        fields = json.loads(path.read_text())
        del fields["format"]
        path.write_text(json.dumps({**fields, "key": "earlier"}))
    points = out / "alignment" / "tie_points.geojson"
    points.write_text(points.read_text().replace('"used": true', '"used": false', 1))
    with pytest.raises(InputError, match="was edited; copy it"):
        make_pair(region(), out)


def test_a_region_names_addresses_only_where_they_are_allowed(
    scene: Scene, built: Built, region: Write, tmp_path: Path, file_server: FileServer
) -> None:
    web = file_server.address
    for name in ("sar.tif", "optical.tif"):
        (tmp_path / name).symlink_to(scene.folder / name)
    changes = {
        "sar": f"{web}/sar.tif",
        "optical": {"path": f"{web}/optical.tif?key=1", "profile": "naip", "year": 2021},
    }
    with pytest.raises(InputError, match=r"^allow_sources: .*region\.yaml: it names the address"):
        make_pair(region(**changes), tmp_path / "out")
    assert file_server.asked == []
    with allow_sources(web):
        pair = make_pair(region(**changes), tmp_path / "out")
        assert set(make_pair(region(**changes), tmp_path / "out").stages.values()) == {"skipped"}
    for key in ("sar", "optical", "masks"):
        with rasterio.open(built.pair.files[key]) as local, rasterio.open(pair.files[key]) as remote:
            np.testing.assert_array_equal(remote.read(), local.read())
    text = (tmp_path / "out" / "town.json").read_text()
    assert "key=1" not in text
    assert f"{web}/optical.tif" in text
