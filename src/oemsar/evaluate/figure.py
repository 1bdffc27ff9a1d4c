"""The figure of an evaluation: images, truth, prediction and errors of some tiles beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from oemsar import legend
from oemsar.figures import colour_classes, draw_panels, save_figure, stretch

_CORRECT = (0xD9, 0xD9, 0xD9)
_WRONG = (0xE6, 0x00, 0x26)


@dataclass(frozen=True)
class Comparison:
    """One row of the figure.

    Attributes:
        name: Name of the tile.
        optical: Orthophoto, uint8, shape (3, height, width), or None.
        sar: Radar image, uint8, shape (1, height, width), or None.
        truth: Class ids 0..8, uint8, shape (height, width).
        prediction: Class ids 1..8, uint8, shape (height, width).
    """

    name: str
    optical: NDArray[np.uint8] | None
    sar: NDArray[np.uint8] | None
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def write_figure(comparisons: Sequence[Comparison], path: Path) -> None:
    """Write `draw_comparisons` to `path` as PNG, whole or not at all."""
    save_figure(draw_comparisons(comparisons), path)


def draw_comparisons(comparisons: Sequence[Comparison]) -> Figure:
    """Draw one row a tile: optical, SAR, truth, prediction, errors; the legend below.

    The column of a modality that no tile has is left out. SAR is stretched for display.

    Args:
        comparisons: Tiles to draw, at least one.

    Returns:
        A figure on an Agg canvas, free of pyplot's global state.
    """
    rows = {comparison.name: _panels(comparison) for comparison in comparisons}
    return draw_panels(rows, {"Correct": _CORRECT, "Wrong": _WRONG})


def colour_errors(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour a prediction by whether it is right.

    Args:
        truth: Class ids 0..8, shape (height, width).
        prediction: Class ids, of the same shape.

    Returns:
        Light grey where right, red where wrong, black where the truth is unknown: uint8, shape
        (height, width, 3).
    """
    colours = np.array([legend.UNKNOWN.colour, _CORRECT, _WRONG], dtype=np.uint8)
    known = truth != legend.UNKNOWN.id
    errors: NDArray[np.uint8] = colours[known * (1 + (truth != prediction))]
    return errors


def _panels(comparison: Comparison) -> dict[str, NDArray[np.uint8] | None]:
    """Make the panels of one row by title: colours (height, width, 3), grey (height, width), or None."""
    return {
        "Optical": None if comparison.optical is None else comparison.optical.transpose(1, 2, 0),
        "SAR": None if comparison.sar is None else stretch(comparison.sar[0]),
        "Truth": colour_classes(comparison.truth),
        "Prediction": colour_classes(comparison.prediction),
        "Errors": colour_errors(comparison.truth, comparison.prediction),
    }
