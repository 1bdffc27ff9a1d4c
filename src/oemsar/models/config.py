"""The configuration of an import."""

from typing import Literal

from oemsar.config_file import Config

ChannelOrder = Literal["radar-first", "optical-first"]


class ImportConfig(Config):
    """Options of the import of a checkpoint."""

    channels: ChannelOrder = "radar-first"
    """Order in which a U-Net of four channels stacks its input."""
    encoder: str = ""
    """Encoder of timm that the checkpoint holds; by default known by the tensors or by the name of the
    file."""
