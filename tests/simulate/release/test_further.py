"""Heights and near infrared of a world: exact, beside files that stay as they were, added at any time."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.dataset.index import find_tiles
from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.legend import CLASSES
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import World
from oemsar.simulate.release.run import simulate_world, tile_files
from oemsar.simulate.release.scene import FURTHER_FILES
from oemsar.simulate.release.tile import map_with_margin
from oemsar.simulate.scene.config import SceneConfig

SMALL = {"regions": 2, "tiles": 3, "size": 96, "seed": 4, "scene": 150, "workers": 1}
IDS = {entry.name: entry.id for entry in CLASSES}


def checksums(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): checksum(path) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path, dict[str, str]]:
    """A world with both, what it was before they were added."""
    folder = tmp_path_factory.mktemp("world") / "new"
    simulate_world(folder, config=WorldConfig(**SMALL))
    before = checksums(folder)
    return simulate_world(folder, config=WorldConfig(**SMALL, inputs="height+nir")), folder, before


def test_they_are_added_and_no_other_byte_changes(written: tuple[World, Path, dict[str, str]]) -> None:
    world, folder, before = written
    after = checksums(folder)
    assert {name: after[name] for name in before} == before
    further = ("height", "nir")
    paths = [path for tile in world.tiles for path in tile_files(tile, folder, further)[-2:]]
    added = {str(path.relative_to(folder)) for path in paths}
    assert after.keys() - before.keys() == added | {f"scenes/{name}" for name in FURTHER_FILES.values()}
    tiles = find_tiles(folder)
    assert all(list(tile.further) == ["height", "nir"] for tile in tiles)


def test_heights_are_those_of_the_world(written: tuple[World, Path, dict[str, str]]) -> None:
    world, folder, _ = written
    highest = []
    for tile in world.tiles[:4]:
        land_cover, core = map_with_margin(world.regions[tile.region], 96, world.tile_stream(tile))
        with rasterio.open(folder / tile.split / "height_images" / f"{tile.name}.tif") as file:
            assert (file.dtypes, file.crs.to_epsg()) == (("float32",), tile.grid.crs.epsg)
            assert file.transform == tile.grid.affine
            np.testing.assert_array_equal(file.read(1), land_cover.height[core])
        highest.append(land_cover.height[core].max())
    assert max(highest) > 5


def test_infrared_tells_trees_and_water(written: tuple[World, Path, dict[str, str]]) -> None:
    world, folder, _ = written
    indices: dict[str, list[float]] = {name: [] for name in IDS}
    for tile in world.tiles:
        if tile.split == "train":
            continue
        label, near, colours = (
            rasterio.open(folder / tile.split / kind / f"{tile.name}.tif").read().astype(float)
            for kind in ("labels", "nir_images", "rgb_images")
        )
        index = ((near - colours[:1]) / (near + colours[:1] + 1))[0]
        for name, number in IDS.items():
            if (label[0] == number).sum() > 50:
                indices[name].append(float(np.median(index[label[0] == number])))
    assert min(indices["Tree"]) > 0.2
    assert max(indices["Road"]) < min(indices["Tree"])
    assert all(value < 0.25 for value in indices["Building"])


def test_those_of_the_scene_lie_on_its_orthophoto(written: tuple[World, Path, dict[str, str]]) -> None:
    _, folder, _ = written
    with rasterio.open(folder / "scenes" / "Scene_001_optical.tif") as optical:
        expected = optical.shape, optical.transform
    for name, dtype in (("height", "float32"), ("nir", "uint8")):
        with rasterio.open(folder / "scenes" / FURTHER_FILES[name]) as file:
            assert ((file.shape, file.transform), file.dtypes) == (expected, (dtype,))
            assert file.read(1).std() > 0.5


def test_another_world_replaces_them(tmp_path: Path) -> None:
    small = {"regions": 1, "tiles": 1, "size": 64, "workers": 1}
    simulate_world(tmp_path / "w", config=WorldConfig(**small, inputs="height"))
    assert len(list((tmp_path / "w").rglob("height_images/*.tif"))) == 1
    simulate_world(tmp_path / "w", config=WorldConfig(**small, seed=5, overwrite=True))
    assert not list((tmp_path / "w").rglob("height_images/*.tif"))


@pytest.mark.parametrize("config", [WorldConfig, SceneConfig])
def test_other_inputs_are_refused(config: type[WorldConfig | SceneConfig]) -> None:
    with pytest.raises(InputError, match="inputs: sar is not simulated beside the images; choose from"):
        config(inputs="sar+height")
    with pytest.raises(InputError, match="inputs: hight is not known, did you mean height"):
        config(inputs="hight")
