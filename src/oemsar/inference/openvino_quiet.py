"""OpenVINO without the package by which it tells its maker, over the network, of imports and conversions."""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # so that its import fails

import openvino as ov  # noqa: E402

__all__ = ["ov"]
