"""Configuration of an evaluation."""

from pydantic import Field

from oemsar.dataset.tile import Split
from oemsar.inference.config import InferenceConfig
from oemsar.models.calibration_kind import CalibrationKind


class EvaluateConfig(InferenceConfig):
    """Options of the scores of a model on a split."""

    split: Split = "val"
    """Split to score."""
    tiles_in_figure: int = Field(4, ge=1, le=100)
    """Tiles drawn in the figure, evenly spaced over the split."""
    sets: float | None = Field(None, ge=0.5, le=0.999)
    """Coverage that prediction sets promise, such as 0.9: scores the sets of a calibrated model."""


class CalibrateConfig(InferenceConfig):
    """Options of the calibration of a model."""

    split: Split = "val"
    """Split whose labels the calibration is fitted on; no score on it is fair afterwards."""
    kind: CalibrationKind = "temperature"
    """One temperature for all classes, which keeps the map, or a scale and shift for each class (vector)."""
