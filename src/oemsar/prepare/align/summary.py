"""The report of an alignment as typed values."""

from typing import Literal, TypeAlias

from oemsar.config_file import Value
from oemsar.geometry.look import Look
from oemsar.prepare.align.config import Thresholds
from oemsar.record import RunRecord

Verdict: TypeAlias = Literal["accepted", "needs_person", "failed"]


class Residuals(Value):
    """Errors of an alignment at its tie points, each left out in turn, in pixels of the orthophoto."""

    median: float | None
    """Median error."""
    p95: float | None
    """95th percentile of the error."""
    along_look: float | None
    """Median error along the look direction; None where it is not known."""
    across_look: float | None
    """Median error across the look direction; None where it is not known."""


class TrialSummary(Value):
    """Errors of a correction model at tie points that were held out, in pixels of the orthophoto."""

    model: str
    """Name of the model."""
    median_px: float | None
    """Median error; None where the model could not be fitted."""
    rms_px: float
    """Root mean square of the errors, each capped."""
    rejected: bool
    """Whether a freer model is better beyond doubt."""


class LevelSummary(Value):
    """Matches of one level of the search, from coarse to fine."""

    factor: int
    """Pixels of the orthophoto to one of the level."""
    window: int
    """Side of a window in pixels of the level."""
    windows: int
    """Number of windows that were compared."""
    matches: int
    """Number of windows that matched forward and backward."""
    agreeing: int
    """Number of matches that belong together."""
    shift_px: tuple[float, float]
    """Best displacement of the whole: columns and rows of the orthophoto."""
    prominence: float
    """Standard deviations between the best displacement of the whole and the second best."""
    model: str
    """Name of the correction model that was fitted."""


class AlignReport(Value):
    """Verdict on an alignment, and the figures it rests on: the content of `report.json`."""

    format: int = 1
    """Version of the report's layout."""
    verdict: Verdict
    """Verdict on the alignment."""
    reasons: list[str]
    """Reasons for a verdict other than `accepted`."""
    warnings: list[str]
    """Warnings about the inputs."""
    sar: str
    """Name of the radar image's file."""
    optical: str
    """Name of the orthophoto's file."""
    n_tie_points: int
    """Number of tie points that the correction rests on."""
    model: str | None
    """Name of the correction model; None where nothing was found."""
    residual_px: Residuals
    """Errors at the tie points."""
    figures: dict[str, int | float | None]
    """Figures that the thresholds apply to, by name; empty where nothing was found."""
    offset_px: tuple[float, float] | None
    """Displacement of the radar image in its middle: columns and rows of the orthophoto."""
    gsd_m: float | None
    """Ground sampling distance of the orthophoto in metres; None without georeferencing."""
    look: Look | None
    """Look of the radar; None where it is not known."""
    crown_depth: float | None
    """Depth that crowns scatter from, as a share of their height; None without a surface model."""
    trials: list[TrialSummary]
    """Correction models that were tried, from the simplest."""
    stages: list[LevelSummary]
    """Levels of the search; empty for tie points of a person."""
    thresholds: Thresholds
    """Thresholds of the verdict."""
    record: RunRecord
    """Command, configuration, versions and inputs of the run."""
