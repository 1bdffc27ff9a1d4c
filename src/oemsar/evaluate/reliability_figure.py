"""The figure of the probabilities of an evaluation: reliability diagram, and risk over coverage."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oemsar.evaluate.reliability import BINS, ReliabilityCounts, binned, reliability, risk_coverage
from oemsar.figures import agg_figure, save_figure

_SIDE = 4.0
_COLOUR, _GREY = "#3366AA", "#888888"


def write_reliability_figure(counts: ReliabilityCounts, path: Path) -> None:
    """Write `draw_reliability` to `path` as PNG, whole or not at all."""
    save_figure(draw_reliability(counts), path)


def draw_reliability(counts: ReliabilityCounts) -> Figure:
    """Draw accuracy over confidence with the share of pixels in each bin, and risk over coverage.

    Returns:
        A figure on an Agg canvas, free of pyplot's global state.
    """
    figure = agg_figure(2 * _SIDE + 0.4, _SIDE)
    left, right = figure.subplots(1, 2)
    _draw_diagram(left, counts)
    _draw_risk(right, counts)
    return figure


def _draw_diagram(axes: Axes, counts: ReliabilityCounts) -> None:
    pixels, confidences, hits = binned(counts)
    filled = pixels > 0
    edges = np.arange(BINS) / BINS
    axes.bar(
        edges, pixels / max(pixels.sum(), 1), 1 / BINS, align="edge", color="#DDDDDD", label="share of pixels"
    )
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1, label="as confident as right")
    axes.plot(
        confidences[filled] / pixels[filled],
        hits[filled] / pixels[filled],
        "o-",
        color=_COLOUR,
        label="accuracy",
    )
    scores = reliability(counts)
    error = "absent" if scores.calibration_error is None else f"{100 * scores.calibration_error:.2f} %"
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", title=f"calibration error {error}"
    )
    axes.legend(loc="upper left", frameon=False, fontsize="small")


def _draw_risk(axes: Axes, counts: ReliabilityCounts) -> None:
    coverage, risk = risk_coverage(counts)
    axes.plot(coverage, risk, color=_COLOUR)
    axes.set(
        xlim=(0, 1),
        ylim=(0, None),
        xlabel="coverage: share of the most confident pixels",
        ylabel="risk: share of them that is wrong",
        title="risk and coverage",
    )
