"""The engines and devices that a user may choose from."""

from typing import Literal

EngineKind = Literal["auto", "torch", "openvino"]
"""Library that runs a network; `auto` is the faster one on the device."""

DeviceKind = Literal["auto", "cpu", "cuda", "mps"]
"""Device that a network runs on; `auto` is CUDA, then MPS, then the CPU."""
