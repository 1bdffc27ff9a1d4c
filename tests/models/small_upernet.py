"""UPerNet and Swin Transformers V2 of timm, made small under the names of the published ones."""

from typing import Any

import pytest
from torch import nn

from oemsar.models import upernet
from oemsar.models.torchvision_ops import declare

declare()
from timm.models import _registry  # noqa: E402 (imports torchvision)
from timm.models.swin_transformer_v2 import _create_swin_transformer_v2  # noqa: E402

SWIN, WIDER = "swinv2_tiny_window8_256", "swinv2_tiny_window16_256"
_WINDOWS = {SWIN: 8, WIDER: 16}


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make UPerNet narrow and timm's Swin Transformers V2 of the size tiny small, for one test."""
    monkeypatch.setattr(upernet, "CHANNELS", 16)
    monkeypatch.setattr(upernet, "AUXILIARY_CHANNELS", 16)
    for name, window in _WINDOWS.items():
        monkeypatch.setitem(_registry._model_entrypoints, name, _small(name, window))


def _small(name: str, window: int) -> Any:
    sizes = {"window_size": window, "embed_dim": 16, "depths": (1, 2, 2, 1), "num_heads": (1, 2, 4, 8)}

    def build(pretrained: bool = False, **options: Any) -> nn.Module:
        network: nn.Module = _create_swin_transformer_v2(name, pretrained, **sizes, **options)
        return network

    return build
