"""The figures of a dataset as files: `regions.png` (Fig. 1 of the paper) and `examples.png` (Fig. 2)."""

from dataclasses import dataclass
from pathlib import Path

from oemsar.dataset.regions import require_regions, summarise_regions
from oemsar.dataset.table import read_tiles
from oemsar.errors import InputError
from oemsar.figures import save_figure
from oemsar.files import require_writable
from oemsar.paper.figure1 import draw_regions
from oemsar.paper.figure2 import choose_examples, draw_examples


@dataclass(frozen=True)
class DatasetFigures:
    """What was drawn.

    Attributes:
        examples: path of `examples.png`.
        regions: path of `regions.png`; None where no tile has a region.
        why_no_regions: why `regions` is None, else None.
        tiles: names of the tiles in `examples`, in its order.
    """

    examples: Path
    regions: Path | None
    why_no_regions: str | None
    tiles: tuple[str, ...]


def write_figures(table: Path, out: Path, *, per_country: int = 3) -> DatasetFigures:
    """Draw the map of regions and the examples of the table of tiles into `out`.

    Args:
        table: the table of tiles.
        out: the folder of the figures; created where it is missing.
        per_country: at most so many tiles of each country are drawn; at least 1.

    Raises:
        InputError: the table, a file of an example or `per_country` is wrong, or no tile has a file.
    """
    if per_country < 1:
        raise InputError(f"--per-country {per_country} is too few; ask for at least 1")
    tiles = read_tiles(table)
    examples = choose_examples(tiles, per_country)
    if not examples:
        raise InputError(f"{table} has no tile with a file to draw; index the dataset again")
    require_writable(out)
    figure = draw_examples(examples)
    regions, why = None, None
    try:
        require_regions(tiles, table)
    except InputError as error:
        why = str(error)
    else:
        regions = out / "regions.png"
        save_figure(draw_regions(summarise_regions(tiles)), regions)
    save_figure(figure, out / "examples.png")
    return DatasetFigures(out / "examples.png", regions, why, tuple(tile.name for tile in examples))
