"""Equivariance of alignment: pairs of images moved by known motions, by every engine and two outside tools.

    python benchmarks/align_motions.py FOLDER --pairs 169 261 129 216 [--draws 20] [--engines NAME ...]

FOLDER holds `sar/NAME.png` and `optical/NAME.png` on one grid, whose true displacement need not be known. A
radar image is aligned as it is, then turned by up to 1 degree about its middle and shifted by up to 25 pixels
along each axis, resampled once with a cubic spline. The transform found for the moved image ought to be that
of the unmoved one after the inverse motion; the error of a draw is the largest difference of the two at the
four corners, in pixels. Every engine gets the same draws.

`phase-correlation` is scikit-image's, which finds a shift and no turn. `arosics` is AROSICS' local
co-registration, an affine fitted to the tie points it trusts. Neither says whether to believe it, so their
draws count as accepted unless they raise. Both are optional; a missing one is said. AROSICS wants GDAL's own
Python package, so it has an environment of its own, in which this script needs nothing of oemsar.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning
from scipy import ndimage

Matrix = npt.NDArray[np.float64]
"""3 x 3, from pixels of the radar image to those of the optical one, centres at integers."""
Image = npt.NDArray[np.uint8]

SHIFT_PIXELS = 25.0
TURN_DEGREES = 1.0
GSD = 10.0
"""Metres to a pixel that AROSICS is told; the images carry no georeference."""


@dataclass(frozen=True)
class Answer:
    """What an engine says of one pair; where it declines, `matrix` is None and `model` may tell why."""

    verdict: str
    model: str
    matrix: Matrix | None


Aligner = Callable[[Image, Image, Path], Answer]


def main() -> None:
    """Print one row of a Markdown table per engine and pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", nargs="+", required=True)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--engines", nargs="+", choices=ALIGNERS, default=list(ALIGNERS))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    print("| engine | pair | unmoved | median px | p95 px | at most 1 px | verdicts, model | s each |")
    print("| --- | --- | --- | ---: | ---: | ---: | --- | ---: |", flush=True)
    for engine in arguments.engines:
        for pair in arguments.pairs:
            sar, optical = (_read(arguments.folder / kind / f"{pair}.png") for kind in ("sar", "optical"))
            _measure(engine, pair, sar, optical, arguments.draws)


def _measure(engine: str, pair: str, sar: Image, optical: Image, draws: int) -> None:
    begin = time.perf_counter()
    aligner = ALIGNERS[engine]
    rng = np.random.default_rng(int(pair) if pair.isdigit() else 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            still = aligner(sar, optical, folder)
        except ImportError as error:
            print(f"| {engine} | {pair} | not installed: {error} |", flush=True)
            return
        errors, answers = [], Counter[str]()
        for _ in range(draws):
            turn, shift = (
                rng.uniform(-TURN_DEGREES, TURN_DEGREES),
                rng.uniform(-SHIFT_PIXELS, SHIFT_PIXELS, 2),
            )
            image, motion = moved(sar, turn, (float(shift[0]), float(shift[1])))
            answer = aligner(image, optical, folder)
            answers[f"{answer.verdict}, {answer.model}"] += 1
            errors.append(corner_error(answer.matrix, still.matrix, motion, sar.shape))
    median, high = np.median(errors), np.quantile(errors, 0.95, method="higher")
    within = np.mean(np.array(errors) <= 1)
    counts = "; ".join(f"{answer} {count}" for answer, count in answers.most_common())
    print(
        f"| {engine} | {pair} | {still.verdict}, {still.model} | {median:.2f} | {high:.2f} | {within:.0%} "
        f"| {counts} | {(time.perf_counter() - begin) / (draws + 1):.1f} |",
        flush=True,
    )


def moved(image: Image, turn: float, shift: tuple[float, float]) -> tuple[Image, Matrix]:
    """Move an image, 0 where it shows nothing; also give the motion from old pixels to new."""
    height, width = image.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    motion = np.eye(3)
    motion[:2, :2] = [[cosine, -sine], [sine, cosine]]
    motion[:2, 2] = middle + shift - motion[:2, :2] @ middle
    rows, columns = np.mgrid[:height, :width].astype(float)
    x, y, _ = np.tensordot(np.linalg.inv(motion), np.stack([columns, rows, np.ones_like(rows)]), 1)
    values = ndimage.map_coordinates(image.astype(float), [y, x], order=3, mode="nearest")
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return np.where(inside, np.clip(np.rint(values), 1, 255), 0).astype(np.uint8), motion


def corner_error(found: Matrix | None, still: Matrix | None, motion: Matrix, shape: tuple[int, ...]) -> float:
    """Largest distance in pixels at the corners between two ways to the optical image; inf without one."""
    if found is None or still is None:
        return float("inf")
    right, bottom = shape[1] - 1, shape[0] - 1
    corners = np.array([[0, 0, 1], [right, 0, 1], [0, bottom, 1], [right, bottom, 1]], float).T
    difference = (found @ motion - still) @ corners
    return float(np.hypot(*difference[:2]).max())


def _own(engine: str) -> Aligner:
    def aligner(sar: Image, optical: Image, folder: Path) -> Answer:
        from oemsar.prepare.align.config import AlignConfig
        from oemsar.prepare.align.run import align_images

        paths = folder / "sar.tif", folder / "optical.tif"
        for path, image in zip(paths, (sar, optical), strict=True):
            _write(path, image, Affine.identity())
        report = align_images(*paths, folder / "out", config=AlignConfig(engine=engine))
        if report.verdict == "failed":
            return Answer("failed", "none", None)
        numbers = json.loads((folder / "out/transform.json").read_text())["affine"]
        return Answer(report.verdict, report.model or "none", np.array([*numbers, 0, 0, 1]).reshape(3, 3))

    return aligner


def _phase_correlation(sar: Image, optical: Image, folder: Path) -> Answer:
    from skimage.registration import phase_cross_correlation

    shift, _, _ = phase_cross_correlation(optical, sar, upsample_factor=20)
    matrix = np.eye(3)
    matrix[:2, 2] = shift[::-1]
    return Answer("accepted", "shift", matrix)


def _arosics(sar: Image, optical: Image, folder: Path) -> Answer:
    from arosics import COREG_LOCAL

    place = Affine(GSD, 0, 4e5, 0, -GSD, 5e6)
    paths = folder / "arosics_sar.tif", folder / "arosics_optical.tif"
    for path, image in zip(paths, (sar, optical), strict=True):
        _write(path, image, place, crs="EPSG:32631")
    try:
        run = COREG_LOCAL(
            str(paths[1]),
            str(paths[0]),
            grid_res=50,
            window_size=(256, 256),
            max_shift=60,
            nodata=(None, 0),
            CPUs=1,
            progress=False,
            q=True,
        )
        points = run.CoRegPoints_table
        points = points[(points.ABS_SHIFT != -9999) & ~points.OUTLIER.astype(bool)]
    except (RuntimeError, ValueError, AssertionError) as error:
        return Answer("failed", type(error).__name__, None)
    if len(points) < 3:
        return Answer("failed", f"{len(points)} tie points", None)
    x, y = points.X_IM.to_numpy(float), points.Y_IM.to_numpy(float)
    there = np.stack([x + points.X_SHIFT_PX, y + points.Y_SHIFT_PX], 1)
    rows, *_ = np.linalg.lstsq(np.stack([x, y, np.ones_like(x)], 1), there, rcond=None)
    return Answer("accepted", "affine", np.vstack([rows.T, [0, 0, 1]]))


ALIGNERS: dict[str, Aligner] = {
    "orientation": _own("orientation"),
    "mutual-information": _own("mutual-information"),
    "phase-correlation": _phase_correlation,
    "arosics": _arosics,
}


def _read(path: Path) -> Image:
    """Read an image as one band of grey, no pixel of it 0, which means no data."""
    with rasterio.open(path) as dataset:
        grey = np.rint(dataset.read().mean(0))
    known: Image = np.maximum(grey, 1).astype(np.uint8)
    return known


def _write(path: Path, image: Image, place: Affine, crs: str | None = None) -> None:
    height, width = image.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "uint8", "nodata": 0}
    with rasterio.open(path, "w", **profile, crs=crs, transform=place) as dataset:
        dataset.write(image, 1)


if __name__ == "__main__":
    main()
