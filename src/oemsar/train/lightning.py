"""Lightning, made importable where torchvision's compiled operators do not load."""

from oemsar.models.torchvision_ops import declare

declare()  # Lightning imports torchvision

from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer  # noqa: E402
from lightning.pytorch.utilities import rank_zero_only  # noqa: E402
from lightning.pytorch.utilities.exceptions import SIGTERMException  # noqa: E402

__all__ = [
    "Callback",
    "LightningDataModule",
    "LightningModule",
    "SIGTERMException",
    "Trainer",
    "rank_zero_only",
]
