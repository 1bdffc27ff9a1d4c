"""Files of inputs other than radar and optical, and beside labels, found by their folder in any layout."""

import logging
from collections.abc import Collection, Mapping
from pathlib import Path

from oemsar.dataset import folder_names
from oemsar.dataset.layouts import GEOTIFF_SUFFIXES, IMAGE_SUFFIXES
from oemsar.dataset.published_layout import require_copy, walk_folders
from oemsar.errors import InputError
from oemsar.inputs import INPUTS
from oemsar.sources import require_unlinked

_log = logging.getLogger(__name__)
_IN_LAYOUTS = ("sar", "optical")
"""Inputs that the layouts find themselves."""


def find_further(
    folder: Path, stated: Mapping[str, str], tiles: Collection[str]
) -> dict[str, dict[str, Path]]:
    """Find the further inputs of tiles: files of the tile's name in a folder named after the input.

    The folder of `height` is `height_images`, or a name that ends with it after an underscore, whatever its
    case and however deep; of an image in several formats the GeoTIFF is taken. In the same way files beside
    pseudo labels are found in `confidence` and `soft_labels`.

    Args:
        folder: Folder to search.
        stated: Names of folders by input, where they are others.
        tiles: Names of the tiles.

    Returns:
        Path by name of the input, or of the column of files beside labels, by name of the tile.

    Raises:
        InputError: A folder that was stated has no file of a tile, or two files of a tile differ.
    """
    wanted = {name: f"{name}_images" for name in INPUTS.names() if name not in _IN_LAYOUTS}
    wanted |= folder_names.BESIDE_LABELS | dict(stated)
    found: dict[str, dict[str, Path]] = {}
    strangers: dict[str, list[Path]] = {}
    for here, names in walk_folders(folder):
        part = _input_of((folder.resolve().name, *here.relative_to(folder).parts), wanted)
        if part is None:
            continue
        files = [here / name for name in names if Path(name).suffix.lower() in IMAGE_SUFFIXES]
        for path in sorted(files, key=lambda path: not _is_geotiff(path)):
            require_unlinked(path, folder)
            if path.stem not in tiles:
                strangers.setdefault(part, []).append(path)
                continue
            first = found.setdefault(path.stem, {}).setdefault(part, path)
            if first != path and (_is_geotiff(path) or not _is_geotiff(first)):
                require_copy(path.stem, first, path)
    for name, paths in strangers.items():
        _log.warning("%d files of %s are of no tile, the first is %s", len(paths), name, paths[0])
    for name, of_input in stated.items():
        if not any(name in files for files in found.values()):
            raise InputError(
                f"no folder {of_input} below {folder} has a file of a tile for {name}; name another",
                option="input",
            )
    return found


def _is_geotiff(path: Path) -> bool:
    return path.suffix.lower() in GEOTIFF_SUFFIXES


def _input_of(folders: tuple[str, ...], wanted: Mapping[str, str]) -> str | None:
    """Find the input whose files lie in nested folders, outermost first, by the nearest with a role."""
    for folder in reversed(folders):
        for name, ending in wanted.items():
            if f"_{folder.lower()}".endswith(f"_{ending.lower()}"):
                return name
        if folder_names.role_of((folder,)) is not None:
            return None
    return None
