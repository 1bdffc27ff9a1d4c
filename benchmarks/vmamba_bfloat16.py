"""VMamba trained in bfloat16 autocast at a high learning rate: whether a loss is ever not finite.

    python benchmarks/vmamba_bfloat16.py [--steps 1000] [--learning-rate 0.001] [--variant t] [--out RUN]

`oemsar train` on a small simulated world, radar and optical stacked, nothing held out, every other option at
its default. Training itself ends with an error where a loss is not finite. With `--out`, a run that was cut
off goes on.

A processor without bfloat16 multiplies such matrices some twenty times slower than float32. There, products
are formed in float32 from bfloat16 operands and rounded to bfloat16 once, which is what tensor cores and
AVX-512 BF16 do; all else of autocast is as it is. On a GPU nothing is replaced.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.nn.functional import fold, unfold
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from oemsar.dataset.index import index_tiles
from oemsar.inference.device import find_device
from oemsar.inference.precision import autocast_dtype
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import simulate_world
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model

_aten = torch.ops.aten
_PRODUCTS = {
    _aten.mm.default,
    _aten.addmm.default,
    _aten.bmm.default,
    _aten.baddbmm.default,
    _aten.convolution.default,
    _aten.convolution_backward.default,
}
_SAME_3X3 = ([1, 1], [1, 1], [1, 1], False, [0, 0], 1)
"""Stride, padding, dilation, transposed, output padding and groups of an ordinary 3 x 3 convolution."""


class WideProducts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Products of bfloat16 matrices formed in float32 and rounded once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        if func not in _PRODUCTS or not any(_is_bfloat16(argument) for argument in args):
            return func(*args, **kwargs)
        self.count += 1
        wide = [argument.float() if _is_bfloat16(argument) else argument for argument in args]
        backward = func is _aten.convolution_backward.default
        if backward and tuple(args[4:10]) == _SAME_3X3 and args[2].shape[2:] == (3, 3):
            result = _gradients_3x3(wide[0], wide[1], wide[2], args[10])
        else:
            result = func(*wide, **kwargs)
        return tree_map(lambda value: value.bfloat16() if isinstance(value, Tensor) else value, result)


def _is_bfloat16(value: object) -> bool:
    return isinstance(value, Tensor) and value.dtype == torch.bfloat16


def _gradients_3x3(
    gradient: Tensor, image: Tensor, weight: Tensor, wanted: list[bool]
) -> tuple[Tensor | None, ...]:
    """Gradients of a 3 x 3 convolution as two matrix products, quicker where images have few pixels."""
    outputs, inputs = weight.shape[:2]
    flat = gradient.contiguous().flatten(2)
    to_image = (
        fold(weight.reshape(outputs, -1).t() @ flat, image.shape[2:], 3, padding=1) if wanted[0] else None
    )
    to_weight = None
    if wanted[1]:
        columns = unfold(image.contiguous(), 3, padding=1).transpose(1, 2).reshape(-1, inputs * 9)
        to_weight = (flat.transpose(0, 1).reshape(outputs, -1) @ columns).view(weight.shape)
    return to_image, to_weight, flat.sum((0, 2)) if wanted[2] else None


def main() -> None:
    """Train and print what the losses were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--variant", default="t", choices=("t", "s", "b"))
    parser.add_argument("--crop", type=int, default=32)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    wide = WideProducts() if autocast_dtype(find_device("auto")) is None else None
    with ExitStack() as stack:
        folder = arguments.out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        table, run = folder / "tiles.parquet", folder / "run"
        if not table.exists():
            simulate_world(
                folder / "world", config=WorldConfig(regions=4, tiles=8, size=128, seed=0, val=0, test=0)
            )
            index_tiles(folder / "world", table)
        options = {
            name: getattr(arguments, name) for name in ("steps", "learning_rate", "variant", "crop", "batch")
        }
        config = TrainConfig.model_validate(
            {
                **options,
                **{"model": "vmamba", "modalities": "sar+optical", "precision": "bfloat16", "workers": 0},
                **{"validate_every": 10**6, "checkpoint_every": 100},
            }
        )
        begin = time.perf_counter()
        stack.enter_context(wide or nullcontext())
        train_model(table, run, config=config, resume=(run / "config.yaml").exists(), report=_tell(begin))
        losses = pd.read_csv(run / "metrics.csv").dropna(subset=["loss"])
    print(f"{arguments.steps} steps, {time.perf_counter() - begin:.0f} s")
    fifth = max(1, len(losses) // 5)
    first, last = losses.loss[:fifth].mean(), losses.loss[-fifth:].mean()
    print(f"mean loss of the first fifth {first:.3f}, of the last {last:.3f}")
    if wide is not None:
        print(f"{wide.count} products of bfloat16 formed in float32")


def _tell(begin: float) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        if done % 50 == 0:
            print(f"{done} of {total}, {time.perf_counter() - begin:.0f} s", flush=True)

    return report


if __name__ == "__main__":
    main()
