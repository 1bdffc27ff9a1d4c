"""A correction as it is written to disk."""

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.prepare.align.model.correction import TERMS, Correction, Frame, Model


class StoredCorrection(Value):
    """Values of a correction, in pixels of the radar image."""

    model: Model
    """Name of the model."""
    centre: tuple[float, float]
    """Column and row of the middle of the frame."""
    span: float = Field(gt=0)
    """Half the longer side of the frame."""
    height: float
    """Mean height of the ground, metres above the ellipsoid."""
    coefficients: tuple[tuple[float, float], ...]
    """Displacement of columns and rows for each term of the polynomial."""
    knots: tuple[tuple[float, float], ...] | None
    """Scaled positions of the knots of a spline; None for other models."""
    weights: tuple[tuple[float, float], ...] | None
    """Displacement of columns and rows for each knot of a spline; None for other models."""

    @model_validator(mode="after")
    def _numbers_of_its_model(self) -> Self:
        spline = self.model == "spline"
        knots, weights = (len(rows) if rows is not None else None for rows in (self.knots, self.weights))
        if len(self.coefficients) != TERMS[self.model]:
            raise InputError(f"{self.model} has {TERMS[self.model]} terms", option="coefficients")
        if knots != weights or (knots is None) == spline:
            raise InputError("a spline, and nothing else, has a weight for each knot", option="weights")
        return self

    @classmethod
    def from_correction(cls, correction: Correction) -> Self:
        """Take the values of a correction."""
        frame, knots, weights = correction.frame, correction.knots, correction.weights
        return cls(
            model=correction.model,
            centre=frame.centre,
            span=frame.span,
            height=frame.height,
            coefficients=correction.coefficients.tolist(),
            knots=None if knots is None else knots.tolist(),
            weights=None if weights is None else weights.tolist(),
        )

    def correction(self) -> Correction:
        """Make the correction again."""
        knots, weights = (
            None if rows is None else np.array(rows, np.float64) for rows in (self.knots, self.weights)
        )
        frame = Frame(self.centre, self.span, self.height)
        return Correction(self.model, frame, np.array(self.coefficients, np.float64), knots, weights)
