"""Figures of a dataset: `regions.png` (Fig. 1 of the paper) and `examples.png` (Fig. 2)."""

from pathlib import Path

from oemsar.config_file import Value
from oemsar.dataset.regions import require_regions, summarise_regions
from oemsar.dataset.table import Table, as_tiles, describe_table, table_files
from oemsar.errors import InputError
from oemsar.figures import is_figure, save_figure
from oemsar.files import require_writable
from oemsar.folders import require_apart, require_own
from oemsar.locks import holds_output
from oemsar.paper.config import FiguresConfig
from oemsar.paper.figure1 import draw_regions
from oemsar.paper.figure2 import choose_examples, draw_examples


class DatasetFigures(Value):
    """Figures of a dataset that were drawn."""

    examples: Path
    """Path of `examples.png`."""
    regions: Path | None
    """Path of `regions.png`; None where no tile has a region."""
    why_no_regions: str | None
    """Reason for the lack of `regions.png`; None where it was drawn."""
    tiles: tuple[str, ...]
    """Names of the tiles in `examples.png`, in its order."""


def _written(out: Path) -> list[Path]:
    """List the figures in a folder."""
    return [out / "regions.png", out / "examples.png"]


@holds_output(_written)
def draw_figures(table: Table, out: Path, *, config: FiguresConfig = FiguresConfig()) -> DatasetFigures:
    """Draw the map of regions and the examples of a table of tiles.

    Args:
        table: Table of tiles, as a path or as the tiles.
        out: Folder of the figures; created where it is missing.
        config: Number of examples of each country.

    Raises:
        InputError: The table or a file of an example is wrong, or no tile has a file.
    """
    tiles = as_tiles(table)
    examples = choose_examples(tiles, config.per_country)
    if not examples:
        raise InputError(f"{describe_table(table)} has no tile with a file to draw; index the dataset again")
    require_apart(_written(out), table_files(table, tiles))
    require_own(_written(out), is_figure, "a figure drawn by this program")
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
    return DatasetFigures(
        examples=out / "examples.png",
        regions=regions,
        why_no_regions=why,
        tiles=tuple(tile.name for tile in examples),
    )
