"""Peak memory of `oemsar predict` on a large scene against a small one.

    python benchmarks/predict_memory.py [--sides 4096 16384] [--repeats 5]

Each run is a process of its own; the peak is its resident set size as the system reports it. A small encoder
keeps the network's own memory, the same in both, from hiding what grows.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from scenes import write_speckle


def peak_megabytes(model: Path, scene: Path, out: Path) -> float:
    """Peak resident memory of one run of the command, in MiB."""
    command = [sys.executable, "-c", "from oemsar.cli.app import main; main()", "-q"]
    process = subprocess.Popen([*command, "predict", str(model), str(scene), "--out", str(out)], stdout=-3)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"predict ended with exit code {process.returncode}")
    return usage.ru_maxrss / 1024


def main() -> None:
    """Print the median peaks and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs=2, default=(4096, 16384))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--encoder", default="tu-mobilenetv3_small_050")
    arguments = parser.parse_args()
    spec = ModelSpec(
        architecture="unet", encoder=arguments.encoder, modalities="sar", mean=(50.0,), std=(40.0,)
    )
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        saved.save_model(build(spec), folder / "model", {})
        for side in arguments.sides:
            write_speckle(folder / f"{side}.tif", side)
        peaks: dict[int, list[float]] = {side: [] for side in arguments.sides}
        for _ in range(arguments.repeats):
            for side in arguments.sides:
                out = folder / f"map{side}.tif"
                peaks[side].append(peak_megabytes(folder / "model", folder / f"{side}.tif", out))
    small, large = (statistics.median(peaks[side]) for side in arguments.sides)
    print(f"peak {small:.0f} MiB at {arguments.sides[0]} px, {large:.0f} MiB at {arguments.sides[1]} px")
    print(f"ratio {large / small:.3f}")


if __name__ == "__main__":
    main()
