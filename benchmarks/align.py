"""Time and peak memory of `oemsar prepare align` on a large pair against a smaller one.

    python benchmarks/align.py [--sides 5000 10000] [--repeats 3]

An invented place of fields and roads, repeated over the scene, seen by a radar that errs by 10 m on a turned
grid of its own and by a camera. Each run is a process of its own; the peak is its resident set size as the
system reports it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.windows import Window
from scipy.spatial import cKDTree

PLACE = 2500
"""Side in pixels of the place that is repeated; far beyond any displacement."""
STRIP = 500
GSD = 0.5
OFFSET = 20
"""Pixels by which the radar's georeferencing errs."""


def write_pair(folder: Path, side: int) -> tuple[Path, Path]:
    """Write a radar image and an orthophoto of `side` x `side` pixels on one grid."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:PLACE, :PLACE]
    places = np.stack([rows.ravel(), columns.ravel()], 1).astype(np.float32)
    distance, field = map(np.asarray, cKDTree(rng.uniform(0, PLACE, (1500, 2))).query(places, 2))
    fields = np.where(distance[:, 1] - distance[:, 0] < 6, 0, field[:, 0] + 1).reshape(PLACE, PLACE)
    grey, amplitude = rng.uniform(40, 200, 1501), rng.uniform(20, 110, 1501)
    grey[0], amplitude[0] = 210, 8
    affine = Affine.translation(4e5, 5e6) @ Affine.rotation(-12) @ Affine.scale(GSD, -GSD)
    paths = folder / f"sar{side}.tif", folder / f"optical{side}.tif"
    for path, values, bands in zip(paths, (amplitude, grey), (1, 3), strict=True):
        radar = bands == 1
        place = affine @ Affine.translation(OFFSET, 0) if radar else affine
        profile = {"driver": "GTiff", "width": side, "height": side, "count": bands, "dtype": "uint8"}
        options = {"crs": "EPSG:32631", "transform": place, "tiled": True, "compress": "deflate"}
        with rasterio.open(path, "w", **profile, **options) as dataset:
            for row in range(0, side, STRIP):
                height = min(STRIP, side - row)
                part = fields[np.arange(row, row + height) % PLACE][:, np.arange(side) % PLACE]
                pixels = values[part]
                pixels = (
                    pixels * np.sqrt(rng.gamma(2, 0.5, part.shape))
                    if radar
                    else pixels + rng.normal(0, 5, part.shape)
                )
                window = Window(0, row, side, height)
                dataset.write(
                    np.repeat(np.clip(pixels, 1, 255).astype(np.uint8)[None], bands, 0), window=window
                )
    return paths


def measure(sar: Path, optical: Path, out: Path) -> tuple[float, float]:
    """Seconds and peak resident memory in MiB of one run; ends where the result is wrong."""
    command = [sys.executable, "-c", "from oemsar.cli.app import main; main()", "-q", "prepare", "align"]
    begin = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(sar), str(optical), "--out", str(out)], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    report = json.loads((out / "report.json").read_text())
    found = float(np.hypot(*report["offset_px"]))
    if report["verdict"] != "accepted" or abs(found - OFFSET) > 1:
        raise SystemExit(f"{report['verdict']}, offset {found:.2f} px of {OFFSET}: {report['reasons']}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs=2, default=(5000, 10000))
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = {side: write_pair(folder, side) for side in arguments.sides}
        runs: dict[int, list[tuple[float, float]]] = {side: [] for side in arguments.sides}
        for _ in range(arguments.repeats):
            for side, pair in pairs.items():
                runs[side].append(measure(*pair, folder / "out"))
    medians = {side: [statistics.median(column) for column in zip(*runs[side], strict=True)] for side in runs}
    for side, (seconds, memory) in medians.items():
        print(f"{side:>6} px   {seconds:7.1f} s   {memory:6.0f} MiB")
    small, large = (medians[side] for side in arguments.sides)
    print(f"time {large[0] / small[0]:.2f}, memory {large[1] / small[1]:.2f} times that of the smaller")


if __name__ == "__main__":
    main()
