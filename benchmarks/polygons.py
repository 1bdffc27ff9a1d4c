"""Polygons of a simulated city: `oemsar polygons` beside `rasterio.features.shapes` and GeoPandas' dissolve.

The city is put together from pseudo labels of the simulator, tiles of 1024 x 1024 pixels, which have about as
many patches as maps of a network. The other side is the usual recipe: all shapes of the raster, dissolved by
class and exploded into patches again; it holds the map in memory and does not simplify. Both write
GeoPackage.
Seen on the way: areas of every class beside those of the raster, without simplification and with it, and
`shapely.coverage_is_valid` of all polygons.

Run with `OMP_NUM_THREADS=1 python benchmarks/polygons.py --side 8192`; 2048 takes some minutes.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio import Affine
from shapely.geometry import shape

from oemsar.polygons.config import PolygonsConfig
from oemsar.polygons.run import polygonise_map
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import plan_world
from oemsar.simulate.release.pseudo_label import simulate_pseudo_label
from oemsar.simulate.release.tile import map_with_margin

TILE = 1024
PLACE = Affine(0.3, 0, 400_000, 0, -0.3, 4_000_000)


def city(side: int) -> NDArray[np.uint8]:
    """Put a class map of `side` x `side` pixels together from simulated tiles, at most 16 different ones."""
    across = side // TILE
    different = min(16, across * across)
    world = plan_world(WorldConfig(regions=1, tiles=different, size=TILE, seed=0, val=0, test=0))
    tiles = []
    for tile in world.tiles:
        region, random = world.regions[tile.region], world.tile_stream(tile)
        land_cover, core = map_with_margin(region, TILE, random)
        truth = np.ascontiguousarray(land_cover.classes[core])
        tiles.append(simulate_pseudo_label(truth, land_cover.surface[core], region.gsd, random))
    rows = []
    for row in range(across):
        numbers = [(row * across + column) % different for column in range(across)]
        turns = (row * across // different) % 4
        rows.append(np.concatenate([np.rot90(tiles[number], turns) for number in numbers], axis=1))
    return np.concatenate(rows)


def by_dissolving(land_cover: Path, out: Path) -> int:
    """Write polygons by the usual recipe; returns their number."""
    with rasterio.open(land_cover) as dataset:
        ids = dataset.read(1)
        found = rasterio.features.shapes(ids, mask=ids > 0, connectivity=4, transform=dataset.transform)
        shapes = [(shape(polygon), int(value)) for polygon, value in found]
        frame = gpd.GeoDataFrame(
            {"class_id": [value for _, value in shapes]}, geometry=[p for p, _ in shapes], crs=dataset.crs
        )
    patches = frame.dissolve(by="class_id").explode().reset_index()
    patches.to_file(out, engine="pyogrio")
    return len(patches)


def errors(out: Path, ids: NDArray[np.uint8]) -> tuple[float, bool, int]:
    """Largest error of the area of a class, whether the polygons are a valid coverage, and their points."""
    frame = gpd.read_file(out, engine="pyogrio", layer=out.stem)
    worst = 0.0
    for number in range(1, 9):
        pixels = np.count_nonzero(ids == number)
        if pixels:
            area = frame.geometry[frame.class_id == number].area.sum() / PLACE.a**2
            worst = max(worst, abs(area / pixels - 1))
    polygons = frame.geometry.to_numpy()
    valid = bool(shapely.coverage_is_valid(polygons)) and bool(shapely.is_valid(polygons).all())
    return worst, valid, int(shapely.get_num_coordinates(polygons).sum())


def main() -> None:
    """Print seconds, rates, errors and the ratio of both sides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=2048, help="rows and columns, a multiple of 1024")
    side = parser.parse_args().side
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids = city(side)
        profile = {"driver": "GTiff", "count": 1, "height": side, "width": side, "dtype": "uint8"}
        with rasterio.open(
            folder / "map.tif",
            "w",
            **profile,
            crs="EPSG:32654",
            transform=PLACE,
            nodata=0,
            compress="DEFLATE",
        ) as dataset:
            dataset.write(ids, 1)
        seconds = {}
        for tolerance in (0.0, 1.0):
            out = folder / f"simplify{tolerance:g}.gpkg"
            begin = time.perf_counter()
            made = polygonise_map(folder / "map.tif", out, config=PolygonsConfig(simplify=tolerance))
            seconds[tolerance] = time.perf_counter() - begin
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(
                f"oemsar polygons --simplify {tolerance:g}: {made.number} polygons, {made.points} points, "
                f"{seconds[tolerance]:.1f} s, {side * side / seconds[tolerance] / 1e6:.2f} Mpx/s, "
                f"peak {peak:.2f} GB of the process so far",
                flush=True,
            )
        begin = time.perf_counter()
        number = by_dissolving(folder / "map.tif", folder / "dissolved.gpkg")
        dissolved = time.perf_counter() - begin
        print(f"shapes + dissolve: {number} polygons, {dissolved:.1f} s", flush=True)
        for tolerance, took in seconds.items():
            worst, valid, points = errors(folder / f"simplify{tolerance:g}.gpkg", ids)
            print(
                f"--simplify {tolerance:g}: {points} points, areas of classes within {worst:.4%}, "
                f"coverage valid: {valid}, ratio {dissolved / took:.1f}"
            )
        worst, valid, points = errors(folder / "dissolved.gpkg", ids)
        print(f"shapes + dissolve: {points} points, areas within {worst:.4%}, coverage valid: {valid}")


if __name__ == "__main__":
    main()
