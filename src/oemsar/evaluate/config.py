"""Configuration of an evaluation."""

from typing import Self

from pydantic import Field, model_validator

from oemsar.dataset.tile import Split
from oemsar.errors import InputError
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
    inputs: str | None = None
    """Inputs that the model is given, joined by +, such as sar, for one of fusion any; by default all that a
    tile has."""
    each_subset: bool = False
    """Also score every subset of the inputs of a model of fusion any, as one table."""

    @model_validator(mode="after")
    def _one_choice_of_inputs(self) -> Self:
        if self.each_subset and self.inputs is not None:
            raise InputError(
                "both say which inputs the model is given; give one", option=("each_subset", "inputs")
            )
        return self


class CalibrateConfig(InferenceConfig):
    """Options of the calibration of a model."""

    split: Split = "val"
    """Split whose labels the calibration is fitted on; no score on it is fair afterwards."""
    kind: CalibrationKind = "temperature"
    """One temperature for all classes, which keeps the map, or a scale and shift for each class (vector)."""
