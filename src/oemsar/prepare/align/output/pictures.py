"""Pictures of an alignment for a person: checkerboard, magenta and green, and the tie points."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from oemsar.arrays import Floats
from oemsar.files import atomic_write
from oemsar.prepare.align.output.tie_points import TiePoints
from oemsar.raster.read import open_raster

_LONGEST_SIDE = 1400
_SQUARES = 10
_DPI = 110


def draw_pictures(optical: Path, aligned: Path, points: TiePoints, folder: Path) -> list[str]:
    """Draw an aligned pair, reduced.

    Args:
        optical: the orthophoto.
        aligned: the radar image on its grid.
        points: tie points with residuals.
        folder: where `checkerboard.png`, `magenta_green.png` and `tie_points.png` go.

    Returns:
        Their names.
    """
    photo, scale = _grey(optical)
    radar, _ = _grey(aligned)
    rows, columns = np.indices(photo.shape)
    side = max(8, max(photo.shape) // _SQUARES)
    board = (rows // side + columns // side) % 2 == 0
    names = []
    for name, image in (
        ("checkerboard.png", np.where(board, photo, radar)),
        ("magenta_green.png", np.stack([photo, radar, photo], 2)),
    ):
        with atomic_write(folder / name) as partial:
            Image.fromarray(image).convert("RGB").save(partial, format="png")
        names.append(name)
    with atomic_write(folder / "tie_points.png") as partial:
        _tie_points(photo, scale, points).savefig(partial, format="png", dpi=_DPI)
    return [*names, "tie_points.png"]


def _grey(path: Path) -> tuple[NDArray[np.uint8], float]:
    """Read a reduced image between its 1st and 99th percentile, and pixels of the file to one of it."""
    with open_raster(path) as dataset:
        scale = max(1.0, max(dataset.shape) / _LONGEST_SIDE)
        shape = tuple(max(1, round(size / scale)) for size in dataset.shape)
        bands = min(dataset.count, 3)
        pixels = dataset.read(list(range(1, bands + 1)), out_shape=(bands, *shape)).astype(np.float32).mean(0)
    return _stretched(pixels), scale


def _stretched(pixels: Floats) -> NDArray[np.uint8]:
    shown = pixels[np.isfinite(pixels) & (pixels != 0)]
    if not shown.size:
        return np.zeros(pixels.shape, np.uint8)
    low, high = (float(each) for each in np.percentile(shown, (1, 99)))
    grey = np.clip((np.nan_to_num(pixels) - low) / max(high - low, 1e-6), 0, 1) * 255
    return np.asarray(grey, np.uint8)


def _tie_points(photo: NDArray[np.uint8], scale: float, points: TiePoints) -> Figure:
    height, width = photo.shape
    # a hundredth of a pixel more, since older releases of Matplotlib cut off what is short of a whole pixel
    figure = Figure(figsize=((width + 0.01) / _DPI, (height + 0.01) / _DPI), dpi=_DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(photo, cmap="gray", vmin=0, vmax=400)
    axes.set_axis_off()
    used = points.used
    residual = np.nan_to_num(points.residual, nan=0.0)
    axes.scatter(
        points.optical_x[~used] / scale,
        points.optical_y[~used] / scale,
        s=14,
        c="#808080",
        marker="x",
        linewidths=1,
    )
    dots = axes.scatter(
        points.optical_x[used] / scale,
        points.optical_y[used] / scale,
        s=26,
        c=residual[used],
        cmap="viridis_r",
        vmin=0,
        vmax=max(3.0, float(np.percentile(residual[used], 95)) if used.any() else 3.0),
        edgecolors="white",
        linewidths=0.4,
    )
    bar = figure.colorbar(dots, cax=figure.add_axes((0.03, 0.04, 0.3, 0.02)), orientation="horizontal")
    bar.set_label("leave-one-out error (px); crosses are left out", color="white", fontsize=9)
    bar.ax.tick_params(colors="white", labelsize=8)
    return figure
