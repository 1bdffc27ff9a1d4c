"""How far probabilities can be believed: calibration error, Brier score, risk and coverage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from oemsar.config_file import Value
from oemsar.legend import NAMES, NUM_CLASSES

Counts = NDArray[np.float64]

BINS = 15
"""Bins of equal width of the calibration error, as Guo et al. 2017 (arXiv 1706.04599) have them."""
_FINE = 200
"""Parts of each bin in which confidences are counted for the curve of risk and coverage."""


@dataclass(frozen=True, eq=False)
class ReliabilityCounts:
    """Sums over labelled pixels, which add up over tiles.

    Attributes:
        top: Of the most probable class, by confidence in 3000 bins: pixels, sum of the confidence, pixels
            where it is right; shape (3, 3000).
        classes: Of each class, by its probability in 15 bins: pixels, sum of the probability, pixels of that
            class; shape (3, 8, 15).
        squares: Sum of the squared distance of the probabilities from the truth, shape ().
        covered: Pixels of each true class whose set holds it, and all pixels of the class; shape (2, 8).
        set_sizes: Sum of the sizes of the sets, shape ().
    """

    top: Counts
    classes: Counts
    squares: Counts
    covered: Counts
    set_sizes: Counts

    @classmethod
    def of(
        cls,
        probabilities: NDArray[np.float32],
        truth: NDArray[np.uint8],
        thresholds: NDArray[np.float32] | None = None,
    ) -> "ReliabilityCounts":
        """Count pixels.

        Args:
            probabilities: Shape (pixels, 8), summing to 1.
            truth: Index of the true class, 0..7, shape (pixels,).
            thresholds: Least probability at which a class belongs to the set of a pixel, shape (8,); None
                counts no sets.
        """
        right = probabilities.argmax(1) == truth
        true = truth[:, None] == np.arange(NUM_CLASSES)
        classes = [_histogram(probabilities[:, k], true[:, k], BINS) for k in range(NUM_CLASSES)]
        of_class = np.bincount(truth, minlength=NUM_CLASSES).astype(np.float64)
        hits, sizes = np.zeros(NUM_CLASSES, np.int64), 0.0
        if thresholds is not None:
            best = probabilities.max(1, keepdims=True, initial=0)
            sets = (probabilities >= thresholds) | (probabilities == best)
            hits = np.bincount(truth[(sets & true).any(1)], minlength=NUM_CLASSES)
            sizes = float(sets.sum())
        return cls(
            top=_histogram(probabilities.max(1, initial=0), right, BINS * _FINE),
            classes=np.stack(classes, 1),
            squares=np.array(np.square(probabilities - true, dtype=np.float64).sum()),
            covered=np.stack([hits.astype(np.float64), of_class]),
            set_sizes=np.array(sizes),
        )

    def __add__(self, other: "ReliabilityCounts") -> "ReliabilityCounts":
        """Add the counts of other pixels."""
        return ReliabilityCounts(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        )


def _histogram(values: NDArray[np.float32], hits: NDArray[np.bool_], bins: int) -> Counts:
    """Count values 0..1 in bins of equal width: number, sum, and number of hits; shape (3, bins)."""
    index = np.clip((values * np.float32(bins)).astype(np.int64), 0, bins - 1)
    return np.stack([np.bincount(index, weights, bins) for weights in (None, values, hits)])


class Reliability(Value):
    """Scores of the probabilities of labelled pixels; None where there is no pixel to score."""

    pixels: int
    """Number of pixels that were scored."""
    accuracy: float | None
    """Share of the pixels whose most probable class is right, 0..1."""
    confidence: float | None
    """Mean probability of the most probable class, 0..1."""
    calibration_error: float | None
    """Expected calibration error of the most probable class over 15 bins of equal width, 0..1."""
    class_calibration_error: dict[str, float | None]
    """Expected calibration error of the probability of each class, by name."""
    brier: float | None
    """Brier score: mean squared distance of the probabilities from the truth, 0..2."""
    risk_coverage_area: float | None
    """Area below the curve of the error of the most confident pixels over their share, 0..1."""
    set_coverage: float | None = None
    """Share of the pixels whose prediction set holds the true class; None without sets."""
    class_set_coverage: dict[str, float | None] | None = None
    """Share of the pixels of each class whose prediction set holds it, by name; None without sets."""
    set_size: float | None = None
    """Mean number of classes in a prediction set; None without sets."""


def reliability(counts: ReliabilityCounts, *, sets: bool = False) -> Reliability:
    """Score counts; `sets` tells whether prediction sets were counted."""
    pixels = float(counts.covered[1].sum())
    bins = binned(counts)
    coverage, risk = risk_coverage(counts)
    hits, of_class = counts.covered
    return Reliability(
        pixels=int(pixels),
        accuracy=_share(counts.top[2].sum(), pixels),
        confidence=_share(counts.top[1].sum(), pixels),
        calibration_error=_share(np.abs(bins[1] - bins[2]).sum(), pixels),
        class_calibration_error={
            name: _share(np.abs(counts.classes[1, k] - counts.classes[2, k]).sum(), pixels)
            if of_class[k]
            else None
            for k, name in enumerate(NAMES)
        },
        brier=_share(float(counts.squares), pixels),
        risk_coverage_area=_area(coverage, risk) if pixels else None,
        set_coverage=_share(hits.sum(), pixels) if sets else None,
        class_set_coverage={
            name: _share(*pair) for name, pair in zip(NAMES, zip(hits, of_class, strict=True), strict=True)
        }
        if sets
        else None,
        set_size=_share(float(counts.set_sizes), pixels) if sets else None,
    )


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _area(x: Counts, y: Counts) -> float:
    """Integrate a polyline by the trapezoidal rule."""
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum())


def binned(counts: ReliabilityCounts) -> Counts:
    """Sum the counts of the most probable class up in the bins of the calibration error, shape (3, 15)."""
    summed: Counts = counts.top.reshape(3, BINS, _FINE).sum(2)
    return summed


def risk_coverage(counts: ReliabilityCounts) -> tuple[Counts, Counts]:
    """Compute the error of the most confident pixels over their share of all (El-Yaniv and Wiener 2010).

    Returns:
        Shares of the pixels, rising from 0 to 1, and share of the wrong ones among them; both empty where
        there is no pixel.
    """
    pixels, _, hits = counts.top[:, ::-1].cumsum(1)
    _, first = np.unique(pixels, return_index=True)
    kept = first[pixels[first] > 0]
    if not kept.size:
        return np.zeros(0), np.zeros(0)
    risk = 1 - hits[kept] / pixels[kept]
    return np.r_[0, pixels[kept] / pixels[-1]], np.r_[risk[0], risk]


def total(counts: Iterable[ReliabilityCounts]) -> ReliabilityCounts:
    """Add counts up; without any, those of no pixel."""
    nothing = ReliabilityCounts.of(np.zeros((0, NUM_CLASSES), np.float32), np.zeros(0, np.uint8))
    return sum(counts, nothing)


def reliability_rows(regions: Mapping[str, Reliability]) -> list[tuple[object, ...]]:
    """Make the rows of a table, headings first: one for each key, such as `all` and the regions."""
    headings = (
        "region",
        "pixels",
        "accuracy",
        "confidence",
        "calibration_error",
        "brier",
        "risk_coverage_area",
    )
    by_class = tuple(f"calibration_error_{name}" for name in NAMES)
    rows: list[tuple[object, ...]] = [(*headings, *by_class, "set_coverage", "set_size")]
    for name, scores in regions.items():
        values = (getattr(scores, heading) for heading in headings[1:])
        rows.append(
            (name, *values, *scores.class_calibration_error.values(), scores.set_coverage, scores.set_size)
        )
    return rows
