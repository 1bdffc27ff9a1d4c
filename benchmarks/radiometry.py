"""Speed and memory of `oemsar prepare radiometry`.

    python benchmarks/radiometry.py [--sides 5000 20000 ...] [--repeats 3] [--kinds uint8 uint16 complex64]
                                    [--remap pedf] [--packing]

The scenes are speckle in a square whose corners are cut off, zeros there, as geocoded products have; tiled
GeoTIFF, uncompressed, written by strips. Each run is a process of its own, so that its peak memory is its
own; the time is that of the Python call behind the command, without the start of Python (about 1 s). All
pixels of the scene count for the rate, padding included. `--packing` measures what packs the output: the
same bytes copied to a COG with each compression, overviews made beforehand and by GDAL.
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio import Affine
from rasterio.windows import Window

STRIP = 512
CALL = """
import sys, time
from pathlib import Path
from oemsar.prepare.radiometry.config import RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
begin = time.perf_counter()
apply_radiometry(Path(sys.argv[1]), Path(sys.argv[2]), config=RadiometryConfig(remap=sys.argv[3]))
print(time.perf_counter() - begin)
"""
PACKINGS = ({"COMPRESS": "ZSTD", "LEVEL": "1"}, {"COMPRESS": "DEFLATE", "LEVEL": "6"}, {"COMPRESS": "LZW"})


def write_scene(path: Path, side: int, dtype: str) -> None:
    """Speckle of brightness that changes slowly; zeros in the corners, 8 % of the pixels."""
    rng = np.random.default_rng(side)
    profile = {
        "driver": "GTiff",
        "width": side,
        "height": side,
        "count": 1,
        "dtype": dtype,
        "crs": "EPSG:32631",
        "transform": Affine(0.3, 0.3, 4e5, 0.3, -0.3, 5e6),
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "BIGTIFF": "IF_SAFER",
    }
    speckle = rng.rayleigh(1, (STRIP, side)).astype(np.float32)
    wave = (40 + 30 * np.sin(np.arange(side) / 300)).astype(np.float32)
    with rasterio.open(path, "w", **profile) as dataset:
        for row in range(0, side, STRIP):
            height = min(STRIP, side - row)
            strip = np.roll(speckle, int(rng.integers(side)), axis=1)[:height] * wave
            rows = np.arange(row, row + height)[:, None]
            outside = np.abs(rows - side / 2) + np.abs(np.arange(side) - side / 2) > 0.8 * side
            if dtype == "complex64":
                pixels = (strip * np.complex64(0.6 + 0.8j)).astype(dtype)
            else:
                pixels = np.clip(strip * (1 if dtype == "uint8" else 50), 1, np.iinfo(dtype).max).astype(
                    dtype
                )
            pixels[outside] = 0
            dataset.write(pixels, 1, window=Window(0, row, side, height))


def run(scene: Path, out: Path, remap: str) -> tuple[float, float]:
    """Seconds of one call in a new process, its start not counted, and peak resident memory in MiB."""
    command = [sys.executable, "-c", CALL, str(scene), str(out), remap]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"radiometry ended with exit code {process.returncode}")
    return float(printed), usage.ru_maxrss / 1024


def measure_packing(image: Path, side: int) -> None:
    """Print the rate at which the bytes of `image`, a COG, are copied to a COG with each compression."""
    for packing in PACKINGS:
        for overviews in ("AUTO", "IGNORE_EXISTING"):
            options = {"BLOCKSIZE": "512", "NUM_THREADS": "ALL_CPUS", "OVERVIEWS": overviews, **packing}
            target = image.with_name("packed.tif")
            begin = time.perf_counter()
            rasterio.shutil.copy(image, target, driver="COG", **options)
            seconds = time.perf_counter() - begin
            size = target.stat().st_size / 1e6
            made = "kept" if overviews == "AUTO" else "made by GDAL"
            rate = side**2 / seconds / 1e6
            print(f"{packing['COMPRESS']:<8} overviews {made:<13}{rate:7.1f} Mpx/s {size:7.0f} MB")
            target.unlink()


def main() -> None:
    """Print rate and memory of each kind of scene at both sizes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides", type=int, nargs="+", default=(5000, 20000))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", default=["uint8", "uint16", "complex64"])
    parser.add_argument("--remap", default="pedf")
    parser.add_argument("--packing", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in arguments.kinds:
            peaks = []
            for side in arguments.sides:
                scene, out = folder / f"{kind}_{side}.tif", folder / "out.tif"
                # a process begins with the peak of the one that started it: this one must stay small
                writer = multiprocessing.Process(target=write_scene, args=(scene, side, kind))
                writer.start()
                writer.join()
                runs = [run(scene, out, arguments.remap) for _ in range(arguments.repeats)]
                seconds = statistics.median(second for second, _ in runs)
                peaks.append(statistics.median(peak for _, peak in runs))
                print(
                    f"{kind:<10}{side:6} px {seconds:7.2f} s {side**2 / seconds / 1e6:7.1f} Mpx/s "
                    f"{peaks[-1]:6.0f} MiB",
                    flush=True,
                )
                scene.unlink()
            print(f"{kind:<10}memory ratio {peaks[-1] / peaks[0]:.3f}", flush=True)
        if arguments.packing:
            measure_packing(out, arguments.sides[-1])


if __name__ == "__main__":
    main()
