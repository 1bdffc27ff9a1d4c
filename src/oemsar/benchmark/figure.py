"""Fig. 3: test tiles beside what a network makes of each modality, trained on pseudo and on real labels."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from oemsar.benchmark import folder as folders
from oemsar.benchmark.plan import Cell, Plan
from oemsar.benchmark.table import METHODS, name_of
from oemsar.dataset.label_regime import Regime
from oemsar.figures import colour_classes, draw_panels, stretch

_REGIMES = (Regime.P, Regime.R5)
"""The label regimes the paper shows; those a plan lacks are left out."""


def draw(out: Path, plan: Plan, tiles: list[str], finished: set[str]) -> Figure | None:
    """Draw the example tiles: optical, SAR, truth, then one column a regime, modality and fusion.

    The network is U-Net, as the paper's, or the first of the plan; of several seeds the first. The heading
    says both. The panel of a cell that is not finished stays empty.

    Args:
        out: Folder of the benchmark.
        plan: Plan of the benchmark.
        tiles: Names of the example tiles.
        finished: Names of the finished cells.

    Returns:
        None where there is nothing to draw: no example tile, or no finished cell of the figure.
    """
    cells = {_title(cell): cell for cell in _shown(plan)}
    if not tiles or not any(cell.name in finished for cell in cells.values()):
        return None
    rows: dict[str, dict[str, NDArray[np.uint8] | None]] = {}
    for name in tiles:
        rows[name] = {
            "Optical": _example(out, name, "optical"),
            "SAR": stretch(_example(out, name, "sar")),
            "Truth": colour_classes(_example(out, name, "truth")),
        }
        for title, cell in cells.items():
            path = folders.cell_folder(out, cell) / folders.MAPS / f"{name}.png"
            there = cell.name in finished and path.is_file()
            rows[name][title] = colour_classes(_read(path)) if there else None
    network = _network(plan)
    return draw_panels(rows, heading=f"{METHODS.get(network, network)}, seed {plan.seeds[0]}")


def _network(plan: Plan) -> str:
    return "unet" if "unet" in plan.networks else next(iter(plan.networks))


def _shown(plan: Plan) -> list[Cell]:
    """List the cells of the figure, regime by regime."""
    network = _network(plan)
    regimes = [regime for regime in _REGIMES if regime in plan.regimes] or [plan.regimes[0]]
    cells = [
        cell
        for cell in plan.cells()
        if cell.network == network and cell.regime in regimes and cell.seed == plan.seeds[0]
    ]
    return sorted(cells, key=lambda cell: regimes.index(cell.regime))


def _title(cell: Cell) -> str:
    fusion = "" if cell.fusion == "stack" else f" ({cell.fusion})"
    return f"{cell.regime.value}: {name_of(cell.modalities)}{fusion}"


def _example(out: Path, tile: str, part: str) -> NDArray[np.uint8]:
    return _read(out / folders.EXAMPLES / f"{tile}_{part}.png")


def _read(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)
