"""Saved models that come with oemsar."""

from pathlib import Path

from oemsar.models.named import PackagedModel

STARTER = PackagedModel(
    about="land cover from radar, optical imagery or both; trained on simulated worlds alone",
    licence="Apache-2.0",
    folder=Path(__file__).with_name("starter"),
)
"""Small network to begin with."""
