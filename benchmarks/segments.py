"""Segments of every class in labels of 1024 x 1024 pixels: `count_label` beside scipy's labelling.

scipy labels one class after the other, as a mask. Both run on one core, in turns, on labels of the
simulator: hand-made ones, and pseudo labels of thousands of segments. The published pseudo labels have 292
segments a tile (Table II). Counts are seen to be equal.

Run with `OMP_NUM_THREADS=1 python benchmarks/segments.py`; takes about a minute.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.dataset.segments import count_label
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import plan_world
from oemsar.simulate.release.pseudo_label import simulate_pseudo_label
from oemsar.simulate.release.tile import map_with_margin
from timing import medians

SIZE, REGIONS, REPEATS = 1024, 4, 5
CORNERS = np.ones((3, 3), np.uint8)


def by_class(label: NDArray[np.uint8]) -> list[int]:
    """Segments of ids 1..8, each labelled by itself."""
    return [ndimage.label(label == number, CORNERS)[1] for number in range(1, 9)]


def labels() -> dict[str, NDArray[np.uint8]]:
    """Make a hand-made and a pseudo label of one tile of each region."""
    world = plan_world(WorldConfig(regions=REGIONS, tiles=1, size=SIZE, seed=0, val=0, test=0))
    found = {}
    for number, tile in enumerate(world.tiles):
        region, random = world.regions[tile.region], world.tile_stream(tile)
        land_cover, core = map_with_margin(region, SIZE, random)
        hand_made = np.ascontiguousarray(land_cover.classes[core])
        found[f"hand-made {number}"] = hand_made
        found[f"pseudo {number}"] = simulate_pseudo_label(
            hand_made, land_cover.surface[core], region.gsd, random
        )
    return found


def main() -> None:
    """Print the rate on each label, and its ratio to scipy's."""
    print(f"{SIZE} x {SIZE} pixels, median of {REPEATS}")
    for name, label in labels().items():
        segments = count_label(label).segments[1:].tolist()
        assert segments == by_class(label)
        sides: dict[str, Callable[[], object]] = {
            "runs": partial(count_label, label),
            "scipy": partial(by_class, label),
        }
        seconds = medians(sides, REPEATS)
        print(
            f"{name}: {sum(segments)} segments, {seconds['runs'] * 1e3:.1f} ms "
            f"({label.size / seconds['runs'] / 1e6:.0f} Mpx/s), scipy {seconds['scipy'] * 1e3:.1f} ms, "
            f"ratio {seconds['scipy'] / seconds['runs']:.1f}"
        )


if __name__ == "__main__":
    main()
