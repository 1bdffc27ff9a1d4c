"""Figures of tiles: panels beside each other with the legend of the classes below."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine, LayoutEngine
from matplotlib.patches import Patch
from numpy.typing import NDArray
from PIL import Image

from oemsar import legend
from oemsar.arrays import Stretch
from oemsar.files import atomic_write

Colour = tuple[int, int, int]

_PANEL_INCHES = 2.4
_LEGEND_INCHES = 0.7
_PAD_INCHES = 0.06
_DPI = 150
_EDGE = "#808080"


def agg_figure(width: float, height: float, layout: LayoutEngine | None = None) -> Figure:
    """Make an empty figure on an Agg canvas, free of pyplot's global state.

    Args:
        width: Width in inches.
        height: Height in inches.
        layout: Layout of the axes; constrained with matplotlib's padding by default.
    """
    figure = Figure(figsize=(width, height), layout=layout or "constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_panels(
    rows: Mapping[str, Mapping[str, NDArray[np.uint8] | None]],
    also: Mapping[str, Colour] | None = None,
    heading: str | None = None,
) -> Figure:
    """Draw one row a tile and one column a panel; the legend of the classes below.

    Args:
        rows: Panels of each tile by the tile's name; those of a tile by title, the same titles in each
            row: colours (height, width, 3), grey (height, width), or None. A column that is None in all
            rows is left out.
        also: Further colours for the legend, by name.
        heading: Heading above all panels.

    Returns:
        A figure on an Agg canvas, free of pyplot's global state.
    """
    first = next(iter(rows.values()))
    titles = [title for title in first if any(row[title] is not None for row in rows.values())]
    width, height = len(titles) * _PANEL_INCHES, len(rows) * _PANEL_INCHES + _LEGEND_INCHES
    figure = agg_figure(width, height, ConstrainedLayoutEngine(h_pad=_PAD_INCHES, w_pad=_PAD_INCHES))
    axes = figure.subplots(len(rows), len(titles), squeeze=False)
    for row, (name, panels) in enumerate(rows.items()):
        for column, title in enumerate(titles):
            _show(axes[row, column], panels[title])
        axes[row, 0].set_ylabel(name, parse_math=False)
    for column, title in enumerate(titles):
        axes[0, column].set_title(title, parse_math=False)
    if heading:
        figure.suptitle(heading, parse_math=False)
    entries = _legend(also or {})
    figure.legend(
        handles=entries, loc="outside lower center", ncols=len(titles) + 1, fontsize="small", frameon=False
    )
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure to `path` as PNG, whole or not at all."""
    with atomic_write(path) as partial:
        figure.savefig(partial, format="png", dpi=_DPI)


def is_figure(path: Path) -> bool:
    """Tell whether a file is a PNG that matplotlib drew."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return "matplotlib" in str(image.info.get("Software", "")).lower()
    except (OSError, ValueError, SyntaxError):
        return False


def stretch(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Spread the 2nd to 98th percentile of the pixels above 0 (nodata) over 0..255, for display only."""
    valid = image[image > 0]
    low, high = np.percentile(valid, (2, 98)) if valid.size else (0, 255)
    return Stretch(float(low), float(max(high, low + 1))).apply(image)


def colour_classes(ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paint class ids 0..8 in the colours of the legend, uint8, shape (..., 3)."""
    return np.array(list(legend.palette().values()), dtype=np.uint8)[ids]


def _show(axes: Axes, panel: NDArray[np.uint8] | None) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    if panel is None:
        axes.set_frame_on(False)
    else:
        axes.imshow(panel, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _legend(also: Mapping[str, Colour]) -> list[Patch]:
    classes = {entry.name: entry.colour for entry in (*legend.CLASSES, legend.UNKNOWN)}
    return [
        Patch(facecolor=(red / 255, green / 255, blue / 255), edgecolor=_EDGE, label=name)
        for name, (red, green, blue) in {**classes, **also}.items()
    ]
