"""Options of every verb that runs a network."""

from oemsar.config_file import Config
from oemsar.inference.options import DeviceKind, EngineKind


class InferenceConfig(Config):
    """Engine and device that run a network, and its test-time augmentation."""

    flips: bool = False
    """Average over four mirror images: slower, better."""
    engine: EngineKind = "auto"
    """Library that runs the network."""
    device: DeviceKind = "auto"
    """Device that runs the network."""
