"""Tiles cut from pairs: pixels a second of processor time, and memory as the pairs grow.

A pair is a grid with a radar image of speckle, a smooth orthophoto with noise, and masks, as Cloud Optimized
GeoTIFFs like those of `oemsar prepare pair`. A pixel is one of the grid: 1 byte of radar, 3 of the orthophoto
and 4 of masks. Tiles are written with DEFLATE, level 4. Beside the verb stands the bare loop: the same
windows read and written with rasterio, without rules, tags, locks and table.

Run with `OMP_NUM_THREADS=1 python benchmarks/tiles.py [SIDE]`; the default is 4096 pixels a side.
"""

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.windows import Window

from oemsar import TilesConfig, cut_tiles
from oemsar.files import write_json
from oemsar.prepare.pair.masks import MASKS
from oemsar.prepare.pair.results import PairGrid, PairRecord
from oemsar.raster.cog import Layer, write_cog
from oemsar.record import origin, run_record

SIZE = 1024


def images(side: int) -> dict[str, NDArray[np.uint8]]:
    """Make the three images of a pair."""
    rng = np.random.default_rng(0)
    speckle = np.sqrt(rng.gamma(2.0, 600.0, (1, side, side)).astype(np.float32))
    slow = rng.integers(40, 200, (3, side // 32, side // 32)).repeat(32, 1).repeat(32, 2)
    optical = slow + rng.normal(0, 4, (3, side, side)).astype(np.float32)
    masks = np.zeros((4, side, side), np.uint8)
    masks[:2] = 1
    masks[2, ::64, : side // 2] = 1
    return {
        "sar": speckle.clip(1, 255).astype(np.uint8),
        "optical": optical.clip(1, 255).astype(np.uint8),
        "masks": masks,
    }


def write_pair(folder: Path, side: int) -> Path:
    """Write a pair with the record that `oemsar prepare pair` leaves."""
    grid = GeoBox((side, side), Affine(0.5, 0, 448_000, 0, -0.5, 5_411_000), "EPSG:32631")
    files = {}
    for key, pixels in images(side).items():
        files[key] = folder / f"town_{key}.tif"
        bands = MASKS if key == "masks" else ()
        write_cog(files[key], pixels, grid, Layer(nodata=255 if key == "masks" else 0, bands=bands))
    write_json(folder / "town.json", record(grid, files).model_dump(mode="json"))
    return folder


def record(grid: GeoBox, files: dict[str, Path]) -> PairRecord:
    """Describe the pair with facts that nothing here depends on."""
    terms = {"attribution": "a", "licence": "b"}
    image = {"source": "s", "sha256": None, "interpolation": "", "validity_sha256": "", "valid_share": 1}
    statistics = dict.fromkeys(("minimum", "maximum", "mean", "p1", "p50", "p99", "relative_error"), 1.0)
    residual = {"median": 0.5, "p95": 1.0, "along_look": None, "across_look": None}
    shares = ("sar_valid_share", "optical_valid_share", "both_valid_share", "layover_share", "shadow_share")
    alignment = dict.fromkeys(("offset_px", "gsd_m", "edited_tie_points", "transform_sha256"), None)
    return PairRecord.model_validate(
        {
            "name": "town",
            "files": {key: origin(path) for key, path in files.items()},
            "grid": {**PairGrid.from_geobox(grid).model_dump(), "gsd": 0.5},
            "alignment": {
                **alignment,
                **{"verdict": "accepted", "reasons": [], "warnings": [], "model": "shift", "n_tie_points": 3},
                **{"residual_px": residual, "tie_points_sha256": {}, "accepted_anyway": False},
            },
            "sar": {
                **image,
                **terms,
                **{"remap": "density", "parameters": {}, "product": "plain", "band": 1, "quantity": ""},
                **{"statistics": statistics, "polarisation": None, "time": None, "look": None},
                "through_terrain": True,
            },
            "optical": {**image, **terms, "quantity": "display", "stretch": {}},
            "masks": {**dict.fromkeys(shares, 0.5), "relief_from": None, "relief_kind": None},
            "terms": {"sar": terms, "optical": terms},
            "inputs": [],
            "region": {},
            "stages": {},
            "record": run_record({}),
        }
    )


def bare(pair: Path, out: Path, side: int) -> None:
    """Read and write the same windows with rasterio alone."""
    out.mkdir()
    options = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate", "zlevel": 4}
    for key in ("sar", "optical", "masks"):
        with rasterio.open(pair / f"town_{key}.tif") as source:
            for row, column in np.ndindex(side // SIZE, side // SIZE):
                pixels = source.read(window=Window(column * SIZE, row * SIZE, SIZE, SIZE))
                profile = {"driver": "GTiff", "dtype": "uint8", "count": len(pixels), **options}
                path = out / f"{key}_{row}_{column}.tif"
                with rasterio.open(path, "w", height=SIZE, width=SIZE, **profile) as target:
                    target.write(pixels)


def cut(pair: Path, out: Path) -> tuple[float, float]:
    """Cut the tiles of a pair; give the seconds of processor time, and the most memory in MiB."""
    (out.parent / f"{out.name}-first").mkdir()
    cut_tiles(
        pair, out.parent / f"{out.name}-first" / "out", config=TilesConfig(size=SIZE)
    )  # loads what it needs
    begin = time.process_time()
    cut_tiles(pair, out, config=TilesConfig(size=SIZE))
    return time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the rates and the most memory; each pair is made, and cut, in a process of its own."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 4096
    spawn = get_context("spawn")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for each in (side // 2, side):
            pair = folder / str(each)
            pair.mkdir()
            with ProcessPoolExecutor(1, spawn) as worker:
                worker.submit(write_pair, pair, each).result()
            with ProcessPoolExecutor(1, spawn) as worker:
                seconds, peak = worker.submit(cut, pair, folder / f"out{each}").result()
            begin = time.process_time()
            bare(pair, folder / f"bare{each}", each)
            alone = time.process_time() - begin
            print(
                f"{each} x {each}: {each * each / seconds / 1e6:.1f} Mpx/s of processor time, "
                f"{seconds / alone:.2f} times the bare loop, {peak:.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
