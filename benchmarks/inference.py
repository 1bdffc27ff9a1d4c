"""A network on a 1024 px radar tile with four flips: the engines against the plain float32 call.

    python benchmarks/inference.py [--model unet] [--encoder efficientnet-b4] [--repeats 5] [--size 1024]

Both average the class probabilities over the four mirror images of one tile. The plain side is what a
script does: the network as built, in float32, one mirror image after the other.
"""

import argparse
import time

import numpy as np
import torch
from numpy.typing import NDArray

from oemsar.inference.engine import Engine
from oemsar.inference.options import EngineKind
from oemsar.inference.select import open_engine
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.models.variants import choose_encoder
from timing import medians

KINDS: tuple[EngineKind, ...] = ("torch", "openvino")
MIRRORS: tuple[list[int], ...] = ([], [3], [2], [2, 3])


def random_network(model: str, encoder: str) -> LandCoverNetwork:
    """Build a network for radar, with random weights."""
    torch.manual_seed(0)
    spec = ModelSpec(architecture=model, encoder=encoder, modalities="sar", mean=(50.0,), std=(40.0,))
    return build(spec).eval()


def plain(network: LandCoverNetwork, tile: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean probabilities of the four mirror images, as a script computes them."""
    image = torch.from_numpy(tile)[None]
    with torch.no_grad():
        views = [network(image.flip(axes)).softmax(1).flip(axes) for axes in MIRRORS]
        mean: NDArray[np.float32] = torch.stack(views).mean(0)[0].numpy()
    return mean


def with_engine(engine: Engine, tile: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean probabilities of the four mirror images, from the engine."""
    return next(engine.stream([tile]))


def main() -> None:
    """Print seconds until an engine is ready and a tile, the ratio, and the share of equal classes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="unet")
    parser.add_argument("--encoder")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--size", type=int, default=1024)
    arguments = parser.parse_args()
    speckle = np.random.default_rng(0).gamma(1.5, 30, (1, arguments.size, arguments.size))
    tile = np.clip(speckle, 0, 255).astype(np.uint8)
    encoder = choose_encoder(arguments.model, arguments.encoder)
    slow, fast = random_network(arguments.model, encoder), random_network(arguments.model, encoder)
    reference = plain(slow, tile).argmax(0)
    engines = {}
    for kind in KINDS:
        begin = time.perf_counter()
        engines[kind] = open_engine(fast, kind=kind, flips=True)
        ready = time.perf_counter() - begin
        same = (with_engine(engines[kind], tile).argmax(0) == reference).mean()
        print(f"{kind}: {engines[kind].name}; ready in {ready:.1f} s; same class on {same:.3%} of pixels")
    sides = {"plain": lambda: plain(slow, tile)} | {
        kind: lambda engine=engine: with_engine(engine, tile) for kind, engine in engines.items()
    }
    seconds = medians(sides, arguments.repeats)
    for name, value in seconds.items():
        print(f"{name:<10}{value:7.2f} s a tile   {seconds['plain'] / value:5.2f} x plain")


if __name__ == "__main__":
    main()
