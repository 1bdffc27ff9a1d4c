"""Tables II and III of the whole release, 5033 tiles of 1024 x 1024 pixels, extrapolated from 200.

Eight tiles are simulated and their labels written 25 times over, each to a file of its own. Table II counts
the pseudo label of every tile; Table III compares the two labels of those that have both, 700 in the release.
The time of starting the processes, once, is in the measurement and extrapolated with it.

    python benchmarks/dataset_statistics.py [WORKERS]
"""

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from oemsar.dataset.statistics import count_labels
from oemsar.dataset.tile import Tile
from oemsar.evaluate.agreement import compare, pairs_of_tiles
from oemsar.raster.geotiff import write_raster
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import plan_world
from oemsar.simulate.release.pseudo_label import simulate_pseudo_label
from oemsar.simulate.release.tile import map_with_margin

SIZE, SIMULATED, TILES = 1024, 8, 200
RELEASE, HAND_LABELLED = 5033, 700


def make(folder: Path) -> list[Tile]:
    """Make the tiles, each with files of its own."""
    world = plan_world(WorldConfig(regions=4, tiles=SIMULATED // 4, size=SIZE, seed=0, val=0, test=0))
    tiles = []
    for planned in world.tiles:
        region, random = world.regions[planned.region], world.tile_stream(planned)
        land_cover, core = map_with_margin(region, SIZE, random)
        real = land_cover.classes[core].copy()
        pseudo = simulate_pseudo_label(real, land_cover.surface[core], region.gsd, random)
        for copy in range(TILES // SIMULATED):
            name = f"{planned.name}_{copy}"
            paths = folder / f"{name}_pseudo.tif", folder / f"{name}_real.tif"
            for path, label in zip(paths, (pseudo, real), strict=True):
                write_raster(path, label[None], None)
            tiles.append(Tile(name, "val", (SIZE, SIZE), pseudo_label=paths[0], real_label=paths[1]))
    return tiles


def main() -> None:
    """Print the time of both tables for 200 tiles and for the release."""
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder:
        tiles = make(Path(folder))
        counted = [Tile(tile.name, "train", tile.shape, pseudo_label=tile.pseudo_label) for tile in tiles]
        begin = perf_counter()
        segments = count_labels(counted, workers=workers).labels["pseudo"].overall.segments
        middle = perf_counter()
        compare(pairs_of_tiles(tiles, Path(folder)), workers=workers)
        end = perf_counter()
    for table, seconds, whole in (
        ("Table II", middle - begin, RELEASE),
        ("Table III", end - middle, HAND_LABELLED),
        ("Table III", end - middle, RELEASE),
    ):
        print(f"{table}: {seconds:.1f} s for {TILES} tiles, {seconds * whole / TILES:.0f} s for {whole}")
    print(f"{segments / TILES:.0f} segments a tile")


if __name__ == "__main__":
    main()
