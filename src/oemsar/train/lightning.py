"""Lightning, made importable where torchvision's compiled operators do not load."""

from oemsar.models.torchvision_ops import declare

declare()  # Lightning imports torchvision

from lightning.fabric.plugins.environments.lightning import LightningEnvironment  # noqa: E402
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer  # noqa: E402
from lightning.pytorch.plugins.io import TorchCheckpointIO  # noqa: E402
from lightning.pytorch.utilities import rank_zero_only  # noqa: E402
from lightning.pytorch.utilities.exceptions import SIGTERMException  # noqa: E402

__all__ = [
    "Callback",
    "LightningDataModule",
    "LightningEnvironment",
    "LightningModule",
    "SIGTERMException",
    "TorchCheckpointIO",
    "Trainer",
    "rank_zero_only",
]
