"""Rivers, coasts and ponds as a signed distance to the shore."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.noise import Raster, rough
from oemsar.simulate.world.polygon import unit

Kind = Literal["none", "river", "coast", "pond"]


@dataclass(frozen=True)
class Waters:
    """The open water of one canvas.

    Attributes:
        kind: Kind of water.
        shore: Approximate distance to the shore in metres, negative on the water, float32.
        bank: Width of the bank in metres.
        bank_material: Material of the bank.
        bridge: Pixels of a bridge, boolean.
    """

    kind: Kind
    shore: Raster
    bank: float
    bank_material: str
    bridge: NDArray[np.bool_]

    def is_dry(self, point: complex, gsd: float, clearance: float = 0.0) -> bool:
        """Tell whether `point` (metres) lies at least `clearance` metres behind the bank."""
        row = min(max(int(point.imag / gsd), 0), self.shore.shape[0] - 1)
        column = min(max(int(point.real / gsd), 0), self.shore.shape[1] - 1)
        return bool(self.shore[row, column] > self.bank + clearance)


def draw_waters(kind: Kind, shape: tuple[int, int], gsd: float, rng: np.random.Generator) -> Waters:
    """Draw the open water of a canvas of `shape` pixels; banks are grass, sand or quays."""
    height, width = shape
    no_bridge = np.zeros(shape, bool)
    if kind == "none":
        return Waters(kind, np.full(shape, 1e4, np.float32), 0.0, "grass", no_bridge)
    x = (np.arange(width, dtype=np.float32) * np.float32(gsd))[None, :]
    y = (np.arange(height, dtype=np.float32) * np.float32(gsd))[:, None]
    middle = complex(width * gsd * rng.uniform(0.3, 0.7), height * gsd * rng.uniform(0.3, 0.7))
    normal = unit(rng.uniform(0, 2 * np.pi))
    across = (x - middle.real) * np.float32(normal.real) + (y - middle.imag) * np.float32(normal.imag)
    along = (y - middle.imag) * np.float32(normal.real) - (x - middle.real) * np.float32(normal.imag)
    quay = rng.random() < {"river": 0.35, "coast": 0.45, "pond": 0.0}[kind]
    wiggle = rough(rng, shape, 90 / gsd, octaves=2 if quay else 5)
    bank = float(rng.uniform(2, 6))
    material = "concrete" if quay else "grass"
    if kind == "river":
        half_width = rng.uniform(7, 26)
        shore = np.abs(across + wiggle * np.float32(7)) - np.float32(half_width)
        bridge = np.abs(along) < rng.uniform(3.5, 7) if rng.random() < 0.4 else no_bridge
        bridge = bridge & (shore < bank + 3)
        material = "soil" if not quay and rng.random() < 0.2 else material
    elif kind == "coast":
        shore = across + wiggle * np.float32(4 if quay else 12) + np.float32(rng.uniform(-25, 25))
        bridge = no_bridge
        if not quay:
            bank, material = float(rng.uniform(5, 20)), "sand" if rng.random() < 0.6 else "scrub"
    else:
        radius = rng.uniform(12, 38)
        shore = np.hypot(across, along * np.float32(rng.uniform(1, 1.8))) - np.float32(radius)
        shore = shore + wiggle * np.float32(radius * 0.3)
        bridge = no_bridge
    return Waters(kind, np.asarray(shore, np.float32), bank, material, np.broadcast_to(bridge, shape).copy())
