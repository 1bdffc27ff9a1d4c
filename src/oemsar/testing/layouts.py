"""The contract of a layout of datasets on disk."""

import os
from pathlib import Path

from oemsar.dataset.layouts import COLUMNS, LAYOUTS
from oemsar.dataset.tile import SPLITS
from oemsar.inputs import INPUTS
from oemsar.testing.expect import expect


def check_layout(name: str, sample: Path) -> None:
    """Check that a registered layout keeps the contract.

    It finds tiles whose names are unique, whose splits and columns are known, and whose files lie below the
    folder, none of them in two tiles; the same each time and wherever the program is started.

    Args:
        name: Name in `oemsar.dataset.layouts.LAYOUTS`.
        sample: Folder of a dataset in that layout, with a tile at least.

    Raises:
        AssertionError: The layout breaks the contract; the sentence says how.
        InputError: The layout is not known, or cannot read the sample.
    """
    layout = LAYOUTS.find(name)
    tiles = list(layout(sample))
    expect(bool(tiles), f"layout {name} finds no tile in {sample}")
    names = [tile.name for tile in tiles]
    twice = {each for each in names if names.count(each) > 1}
    expect(not twice, f"layout {name} gives the name {', '.join(sorted(twice))} to several tiles")
    owners: dict[Path, str] = {}
    for tile in tiles:
        expect(tile.split in SPLITS, f"layout {name} gives tile {tile.name} the split {tile.split}")
        expect(bool(tile.files), f"layout {name} gives tile {tile.name} no file")
        for column, path in tile.files.items():
            expect(
                column in COLUMNS or column in INPUTS,
                f"layout {name} gives tile {tile.name} the column {column}",
            )
            expect(path.is_file(), f"layout {name} gives tile {tile.name} {path}, which is no file")
            below = path.absolute().is_relative_to(sample.absolute())
            expect(below, f"layout {name} gives tile {tile.name} {path}, which is not below {sample}")
            owner = owners.setdefault(path, tile.name)
            expect(owner == tile.name, f"layout {name} gives {path} to the tiles {owner} and {tile.name}")
    again = list(layout(Path(os.path.relpath(sample))))
    expect(
        sorted(names) == sorted(tile.name for tile in again),
        f"layout {name} finds other tiles where the folder is given by a relative path",
    )
