"""The kinds of calibration that a user may choose from."""

from typing import Literal

CalibrationKind = Literal["temperature", "vector"]
"""One temperature for all classes, which keeps the map, or a scale and a shift for each class."""
