"""Make torchvision importable beside a PyTorch build whose device its compiled operators do not match.

torchvision registers Python code for its compiled operators `nms` and `qnms` when it is imported. Where its
extension cannot be loaded (its CUDA build beside a CPU build of PyTorch), those operators are unknown and
the import ends with "operator torchvision::nms does not exist", and with it the import of every package that
imports torchvision: timm, segmentation-models-pytorch, torchmetrics, Lightning. Declaring the two schemas,
without an implementation, is enough for all that this project uses. The compiled operators stay missing.
"""

import importlib
import sys
from functools import cache

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[torch.library.Library] = []
"""Libraries that hold the declarations, which end with their library object."""


@cache
def declare() -> None:
    """Import torchvision, declaring its operators first where its own extension does not.

    Call it before the first import of a package that imports torchvision. Where torchvision imports by
    itself nothing is declared.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for schema in _SCHEMAS:
            library.define(schema)  # type: ignore[no-untyped-call]
        _libraries.append(library)
        importlib.import_module("torchvision")
