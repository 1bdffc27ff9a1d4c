"""The number format a device computes in."""

import torch


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Choose the reduced precision to run a network in on a device; None for full float32.

    bfloat16 where the device multiplies it in hardware: every CUDA device since compute capability 8.0,
    and processors with AVX-512 BF16 or AMX. A processor without them emulates it several times slower
    than float32.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16
    if device.type == "cpu" and _cpu_multiplies_bfloat16():
        return torch.bfloat16
    return None


def _cpu_multiplies_bfloat16() -> bool:
    # from PyTorch 2.11; before it no processor is known to
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
