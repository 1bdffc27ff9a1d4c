"""The configuration of imports and downloads of published weights."""

from typing import Literal

from oemsar.config_file import Config
from oemsar.web.config import TriesConfig

ChannelOrder = Literal["radar-first", "optical-first"]


class ImportConfig(Config):
    """Options of the import of a checkpoint."""

    channels: ChannelOrder = "radar-first"
    """Order in which a U-Net of four channels stacks its input."""
    encoder: str = ""
    """Encoder of timm that the checkpoint holds; by default known by the tensors or by the name of the
    file."""


class FetchModelConfig(TriesConfig):
    """Options of the download of published weights."""

    accept_licence: bool = False
    """Accept the terms of weights that may be used only under these, such as for research alone."""
