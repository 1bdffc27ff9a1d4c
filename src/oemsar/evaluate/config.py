"""Configuration of an evaluation."""

from pydantic import Field

from oemsar.dataset.tile import Split
from oemsar.inference.config import InferenceConfig


class EvaluateConfig(InferenceConfig):
    """Options of the scores of a model on a split."""

    split: Split = "val"
    """Split to score."""
    tiles_in_figure: int = Field(4, ge=1, le=100)
    """Tiles drawn in the figure, evenly spaced over the split."""
