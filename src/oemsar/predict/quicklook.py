"""The quick look of a map: the scene, the classes and the legend in one PNG."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import DatasetReader

from oemsar import legend
from oemsar.arrays import Stretch, amplitude, pick
from oemsar.files import atomic_write
from oemsar.raster.read import open_raster
from oemsar.raster.stored import palette_of
from oemsar.record import source_name

_LONGEST_SIDE = 1600
"""Pixels of the longer side of the map as drawn."""
_DPI = 150
_PANEL_INCHES = 7.0
_PANEL_WIDTH = round(_PANEL_INCHES * _DPI)
"""Pixels across a panel; an image of more would lose them as it is drawn."""
_NO_DATA = (255, 255, 255)


def write_quicklook(
    land_cover: Path, scene: Path, path: Path, bands: tuple[int, ...], shares: Mapping[str, float]
) -> None:
    """Draw the scene and its map beside each other, reduced, in rows and columns of the scene.

    Args:
        land_cover: Class map, with overviews.
        scene: Image that the map was made from.
        path: PNG to write.
        bands: Bands of the scene that were mapped, from 1: one, or red, green and blue.
        shares: Share of the mapped pixels of each class by its name, 0..1, for the legend; those of the
            picture, which is reduced, are others.
    """
    with open_raster(land_cover) as dataset:
        ids = _reduced(dataset, (1,), Resampling.nearest)[0]
        title = f"{land_cover.name}: {dataset.width} x {dataset.height} pixels"
    with open_raster(scene) as dataset:
        palette = palette_of(dataset)
        if palette is None:
            pixels = _reduced(dataset, bands, Resampling.average)
        else:
            pixels = np.moveaxis(palette[_reduced(dataset, bands, Resampling.nearest)[0], :3], -1, 0)
        image = _display(pixels, ids != legend.UNKNOWN.id)
    figure = _draw(image, ids, source_name(scene), title, shares)
    with atomic_write(path) as partial:
        figure.savefig(partial, format="png", dpi=_DPI, pil_kwargs={"compress_level": 1})


def _reduced(dataset: DatasetReader, bands: tuple[int, ...], resampling: Resampling) -> NDArray[np.generic]:
    scale = min(1.0, _LONGEST_SIDE / max(dataset.shape), _PANEL_WIDTH / dataset.width)
    shape = tuple(max(1, round(side * scale)) for side in dataset.shape)
    pixels: NDArray[np.generic] = dataset.read(
        list(bands), out_shape=(len(bands), *shape), resampling=resampling
    )
    return pixels


def _display(image: NDArray[np.generic], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Show the image in grey or colour, stretched between the 1st and 98th percentile of what was mapped."""
    values = amplitude(image)
    low, high = np.percentile(pick(values, valid), (1, 98)) if valid.any() else (0, 255)
    shown = Stretch(float(low), float(max(high, low + 1e-6))).apply(values)
    np.copyto(shown, 255, where=~valid)
    return shown[0] if len(shown) == 1 else shown.transpose(1, 2, 0)


def _draw(
    image: NDArray[np.uint8], ids: NDArray[np.generic], scene: str, title: str, shares: Mapping[str, float]
) -> Figure:
    colours = np.array([_NO_DATA, *(entry.colour for entry in legend.CLASSES)], np.uint8)
    height, width = ids.shape
    aspect = min(max(height / width, 0.25), 4.0)
    figure = Figure(figsize=(2 * _PANEL_INCHES, _PANEL_INCHES * aspect + 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _show(left, image, scene)
    _show(right, colours[ids], title)
    patches = [
        Patch(facecolor=entry.hex, edgecolor="#808080", label=f"{entry.name} {shares[entry.name]:.1%}")
        for entry in legend.CLASSES
    ]
    if not ids.all():
        patches.append(Patch(facecolor="white", edgecolor="#808080", label="No data"))
    figure.legend(handles=patches, loc="outside lower center", ncols=5, frameon=False)
    return figure


def _show(axes: Axes, panel: NDArray[np.uint8], title: str) -> None:
    axes.imshow(panel, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(title, fontsize="small", parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("white")
