"""Fig. 2 of the paper: images and labels of some tiles of each country."""

from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from oemsar.dataset.layouts import COLUMNS
from oemsar.dataset.pixels import read_label_file, read_picture
from oemsar.dataset.regions import by_region
from oemsar.dataset.tile import Tile
from oemsar.figures import colour_classes, draw_panels, stretch


def choose_examples(tiles: Sequence[Tile], per_country: int) -> list[Tile]:
    """Choose at most `per_country` tiles of each country, by the alphabet, those without a country last.

    Of a country the tiles with the most files are taken, one of each region before a second of any; where
    there are more regions than examples, regions are evenly spaced. Within a region the order is by name.
    Tiles without any file are left out.
    """
    chosen = []
    shown = [tile for tile in tiles if _files(tile)]
    for country in sorted({tile.country for tile in shown}, key=lambda code: (code is None, code)):
        members = sorted((tile for tile in shown if tile.country == country), key=lambda tile: tile.name)
        most = max(map(_files, members))
        regions = [*by_region([tile for tile in members if _files(tile) == most]).values()]
        if len(regions) > per_country:
            regions = [regions[number] for number in _evenly(len(regions), per_country)]
        turns = chain.from_iterable(zip_longest(*regions))
        chosen += [tile for tile in turns if tile is not None][:per_country]
    return chosen


def draw_examples(tiles: Sequence[Tile]) -> Figure:
    """Draw one row a tile: SAR, optical, pseudo label, real label; the legend below.

    A column that no tile has is left out. SAR is stretched for display.

    Raises:
        InputError: A file cannot be read or is not what it should be.
    """
    return draw_panels({_title(tile): _panels(tile) for tile in tiles})


def _title(tile: Tile) -> str:
    return tile.name if tile.country is None else f"{tile.country} {tile.name}"


def _panels(tile: Tile) -> dict[str, NDArray[np.uint8] | None]:
    sar, optical = read_picture(tile, "sar"), read_picture(tile, "optical")
    pseudo, real = tile.pseudo_label, tile.real_label
    return {
        "SAR": None if sar is None else stretch(sar[0]),
        "Optical": None if optical is None else optical.transpose(1, 2, 0),
        "Pseudo label": None if pseudo is None else _colours(pseudo, tile),
        "Real label": None if real is None else _colours(real, tile),
    }


def _colours(label: Path, tile: Tile) -> NDArray[np.uint8]:
    return colour_classes(read_label_file(label, nodata=tile.label_nodata))


def _files(tile: Tile) -> int:
    return sum(getattr(tile, column) is not None for column in COLUMNS)


def _evenly(count: int, chosen: int) -> list[int]:
    """Choose `chosen` different numbers below `count`, evenly spaced from the first to the last."""
    numbers: list[int] = np.linspace(0, count - 1, chosen).round().astype(int).tolist()
    return numbers
