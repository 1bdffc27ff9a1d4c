"""The written dataset: layout, georeferencing, repetition, resumption, refusals."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import typer
from typer.testing import CliRunner

from oemsar.cli.simulate import simulate
from oemsar.errors import InputError
from oemsar.files import checksum, partial_path
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import World
from oemsar.simulate.release.run import simulate_world, tile_files

CONFIG = WorldConfig(regions=3, tiles=3, size=96, seed=7, scene=160, workers=1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    folder = tmp_path_factory.mktemp("world") / "new"
    return simulate_world(folder, config=CONFIG), folder


def checksums(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): checksum(path) for path in folder.rglob("*") if path.is_file()}


def test_files_are_those_of_the_published_layout(written: tuple[World, Path]) -> None:
    world, folder = written
    expected = {str(path.relative_to(folder)) for tile in world.tiles for path in tile_files(tile, folder)}
    expected |= {"world.json"} | {f"scenes/Scene_001_{kind}.tif" for kind in ("sar", "optical", "label")}
    assert set(checksums(folder)) == expected
    assert (folder / "train/labels/TrainArea_001.tif").is_file()
    assert (folder / "val/pseudo_labels/ValArea_003.tif").is_file()
    assert (folder / "test/rgb_images/TestArea_003.tif").is_file()


def test_rasters_are_8_bit_georeferenced_and_labels_have_the_eight_ids(written: tuple[World, Path]) -> None:
    world, folder = written
    for tile in world.tiles:
        for path, bands in zip(tile_files(tile, folder), (1, 3, 1, 1), strict=False):
            with rasterio.open(path) as raster:
                assert raster.dtypes == ("uint8",) * bands
                assert raster.shape == (96, 96)
                pixels = raster.read()
                if path.parent.name == "labels" and tile.split != "train":
                    assert raster.crs is None
                else:
                    assert raster.crs.to_epsg() == tile.grid.crs.epsg
                    assert raster.transform == tile.grid.affine
            if "label" in path.parent.name:
                assert set(np.unique(pixels)) <= set(range(1, 9))
            else:
                assert pixels.std() > 3


def test_true_and_pseudo_labels_differ_but_resemble(written: tuple[World, Path]) -> None:
    _, folder = written
    for path in (folder / "test/labels").iterdir():
        truth = rasterio.open(path).read(1)
        pseudo = rasterio.open(folder / "test/pseudo_labels" / path.name).read(1)
        assert 0.3 < (truth == pseudo).mean() < 0.98


def test_world_record_names_every_region_and_tile(written: tuple[World, Path]) -> None:
    world, folder = written
    record = json.loads((folder / "world.json").read_text())
    assert record["config"]["seed"] == 7
    assert {tile["name"] for tile in record["tiles"]} == {tile.name for tile in world.tiles}
    assert {"country", "epsg", "gsd", "look_azimuth", "incidence_angle", "sun_elevation", "character"} <= set(
        record["regions"][0]
    )


def test_scene_has_a_rotated_grid_zero_around_the_collect_and_an_orthophoto_over_it(
    written: tuple[World, Path],
) -> None:
    world, folder = written
    with rasterio.open(folder / "scenes/Scene_001_sar.tif") as sar:
        affine, bounds, pixels = sar.transform, sar.bounds, sar.read(1)
    with rasterio.open(folder / "scenes/Scene_001_label.tif") as label:
        assert label.transform == affine
        classes = label.read(1)
    with rasterio.open(folder / "scenes/Scene_001_optical.tif") as optical:
        assert optical.transform.b == 0
        assert optical.transform.a > world.scene_region.gsd
        assert optical.bounds.left <= bounds.left + 1
        assert optical.bounds.right >= bounds.right - 1
    assert affine.b != 0
    assert np.hypot(affine.a, affine.d) == pytest.approx(world.scene_region.gsd)
    azimuth = np.degrees(np.arctan2(affine.a, affine.d)) % 360
    assert azimuth == pytest.approx(world.scene_region.look_azimuth, abs=0.01)
    assert pixels[0].max() == 0
    assert pixels[80, 80] > 0
    assert np.array_equal(pixels == 0, classes == 0)
    assert world.scene_region.name not in {region.name for region in world.regions}


def test_files_do_not_depend_on_the_number_of_workers(written: tuple[World, Path], tmp_path: Path) -> None:
    simulate_world(tmp_path, config=CONFIG.model_copy(update={"workers": 2}))
    assert checksums(tmp_path) == checksums(written[1])


def test_a_killed_run_is_continued_to_the_same_files(written: tuple[World, Path], tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(written[1], folder)
    (folder / "train/labels/TrainArea_001.tif").unlink()
    lost = folder / "test/sar_images/TestArea_002.tif"
    lost.unlink()
    partial_path(lost).write_bytes(b"half")
    (folder / "scenes/Scene_001_label.tif").unlink()
    kept = folder / "val/sar_images/ValArea_001.tif"
    before = kept.stat().st_mtime_ns
    simulate_world(folder, config=CONFIG)
    assert checksums(folder) == checksums(written[1])
    assert kept.stat().st_mtime_ns == before


def test_another_world_is_refused_unless_overwritten(written: tuple[World, Path], tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(written[1], folder)
    (folder / "notes.txt").write_text("mine")
    smaller = WorldConfig(regions=1, tiles=1, size=64)
    with pytest.raises(InputError, match="overwrite"):
        simulate_world(folder, config=smaller)
    simulate_world(folder, config=smaller.model_copy(update={"overwrite": True}))
    names = {Path(name).name for name in checksums(folder)}
    assert names == {"world.json", "TrainArea_001.tif", "notes.txt"}


def test_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        simulate_world(tmp_path / "file", config=WorldConfig(regions=1, tiles=1, size=64))
    with pytest.raises(InputError, match="holds files"):
        simulate_world(tmp_path, config=WorldConfig(regions=1, tiles=1, size=64))


def test_command_writes_and_says_what(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(simulate)
    arguments = [str(tmp_path / "w"), "--regions", "2", "--tiles", "1", "--size", "64", "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "2 tiles of 2 regions" in result.output
    assert len(list((tmp_path / "w/train/sar_images").iterdir())) == 2
