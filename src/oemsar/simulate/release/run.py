"""A simulated world on disk, in the layout of the published release."""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from pathlib import Path

from pydantic import Field, JsonValue

from oemsar.config_file import Foreign, read_document
from oemsar.dataset.tile import Split
from oemsar.errors import InputError
from oemsar.files import require_writable, write_json
from oemsar.folders import strangers
from oemsar.locks import holds_output
from oemsar.processes import process_pool
from oemsar.progress import Report, silent
from oemsar.raster.geotiff import write_raster
from oemsar.simulate.further import FURTHER
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import PlannedTile, World, plan_world
from oemsar.simulate.release.scene import FURTHER_FILES, SCENE_FILES, write_scene
from oemsar.simulate.release.tile import render_tile

logger = logging.getLogger(__name__)

WORLD_FILE = "world.json"


class _EarlierTile(Foreign):
    """Name and split of a tile of an earlier world."""

    name: str = Field(pattern=r"^\w+$")
    split: Split


class _EarlierWorld(Foreign):
    """Tiles of an earlier world, by any version of the simulator."""

    tiles: tuple[_EarlierTile, ...] = ()


@holds_output()
def simulate_world(out: Path, *, config: WorldConfig = WorldConfig(), report: Report = silent) -> World:
    """Write a simulated world in the layout of the published release.

    A run that was killed is continued by the same call; files do not depend on the number of workers.

    Args:
        out: Folder to write to; created where it is missing.
        config: Size, division and seed of the world.
        report: Called after each tile.

    Returns:
        Plan of the world: its regions and tiles.

    Raises:
        InputError: The folder holds files of another origin or cannot be written to.
    """
    folder = out
    world = plan_world(config)
    require_writable(folder)
    _claim(world, folder, overwrite=config.overwrite)
    further = [name for name in FURTHER if config.writes(name)]
    missing = [tile for tile in world.tiles if not all(map(Path.is_file, tile_files(tile, folder, further)))]
    total = len(world.tiles) + (config.scene is not None)
    done = len(world.tiles) - len(missing)
    if done:
        logger.info("%d of %d tiles are there already", done, len(world.tiles))
    report(done, total)
    for tile in _rendered(world, missing, folder, config.workers or os.cpu_count() or 1):
        logger.debug("wrote %s", tile.name)
        done += 1
        report(done, total)
    if config.scene is not None:
        write_scene(world, folder / "scenes")
        report(total, total)
    return world


def tile_files(tile: PlannedTile, folder: Path, further: Sequence[str] = ()) -> list[Path]:
    """List the files of a tile: radar, optical, label, outside `train` pseudo label, and further inputs."""
    return _files(tile.split, tile.name, folder, further)


def _files(split: Split, name: str, folder: Path, further: Sequence[str]) -> list[Path]:
    kinds = ["sar_images", "rgb_images", "labels"]
    if split != "train":
        kinds.append("pseudo_labels")
    kinds += [f"{each}_images" for each in further]
    return [folder / split / kind / f"{name}.tif" for kind in kinds]


def write_tile(world: World, tile: PlannedTile, folder: Path) -> PlannedTile:
    """Render one tile and write its files.

    As published, labels of `train` are pseudo labels; labels of `val` and `test` are the true ones and carry
    no georeferencing.
    """
    rendered = render_tile(
        world.regions[tile.region], world.config.size, world.tile_stream(tile), world.infrared_stream(tile)
    )
    sar, optical, label, *pseudo = tile_files(tile, folder)
    write_raster(sar, rendered.sar[None], tile.grid)
    write_raster(optical, rendered.optical, tile.grid)
    if tile.split == "train":
        write_raster(label, rendered.pseudo_label[None], tile.grid)
    else:
        write_raster(label, rendered.real_label[None], None)
        write_raster(pseudo[0], rendered.pseudo_label[None], tile.grid)
    if world.config.writes("height"):
        path = folder / tile.split / "height_images" / f"{tile.name}.tif"
        write_raster(path, rendered.height[None], tile.grid)
    if rendered.nir is not None:
        write_raster(folder / tile.split / "nir_images" / f"{tile.name}.tif", rendered.nir[None], tile.grid)
    return tile


def _claim(world: World, folder: Path, *, overwrite: bool) -> None:
    """Write the `world.json` of a world into a folder and remove the tiles of another one."""
    plan = json.loads(json.dumps(world.describe()))
    record = folder / WORLD_FILE
    earlier = _read_plan(record)
    if earlier == plan and not overwrite:
        return
    stranger = next(strangers(folder), None)
    if earlier is None and stranger is not None:
        raise InputError(
            f"{folder} holds files of another origin, such as {stranger.name}; choose an empty folder"
        )
    if earlier is not None and not overwrite:
        raise InputError(
            f"{folder} holds another world; choose an empty folder or let it be replaced", option="overwrite"
        )
    if earlier is not None:
        _remove_tiles(earlier, folder)
    write_json(record, plan)


def _read_plan(record: Path) -> dict[str, JsonValue] | None:
    """Read the earlier world of a folder, by any version of the simulator; None where there is none."""
    try:
        plan = read_document(record, "plan of a world")
    except InputError:
        return None
    return plan if isinstance(plan, dict) and "simulator" in plan else None


def _remove_tiles(plan: dict[str, JsonValue], folder: Path) -> None:
    """Remove the files of an earlier world."""
    tiles = _EarlierWorld.model_validate(plan).tiles
    files = [file for tile in tiles for file in _files(tile.split, tile.name, folder, FURTHER)]
    for path in [*files, *(folder / "scenes" / name for name in (*SCENE_FILES, *FURTHER_FILES.values()))]:
        path.unlink(missing_ok=True)


def _rendered(world: World, tiles: list[PlannedTile], folder: Path, workers: int) -> Iterator[PlannedTile]:
    """Write tiles in any order and yield each when it is done."""
    if workers == 1 or len(tiles) < 2:
        for tile in tiles:
            yield write_tile(world, tile, folder)
        return
    with process_pool(workers) as pool:
        pending = [pool.submit(write_tile, world, tile, folder) for tile in tiles]
        for future in as_completed(pending):
            yield future.result()
