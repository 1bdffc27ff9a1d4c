"""Configuration of the demonstration."""

from pydantic import Field

from oemsar.config_file import MOST_STEPS, Config, Seed


class DemoConfig(Config):
    """Size of the simulated world and of the fine-tuning on it."""

    regions: int = Field(6, ge=1, le=10_000)
    """Number of simulated regions."""
    tiles: int = Field(20, ge=1, le=100_000)
    """Number of tiles in each region."""
    size: int = Field(256, ge=64, le=8192)
    """Side of a tile in pixels."""
    scene: int = Field(1200, ge=64, le=20_000)
    """Side of the simulated scene in pixels."""
    steps: int = Field(60, ge=1, le=MOST_STEPS)
    """Steps of the fine-tuning."""
    crop: int = Field(192, ge=1, le=16_384)
    """Side of a training crop in pixels."""
    batch: int = Field(4, ge=1, le=100_000)
    """Crops in a training step."""
    seed: Seed = 0
    """Seed of every random draw."""
