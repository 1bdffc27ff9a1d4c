"""The published layouts: files of the release, and of the authors' follow-up, by their folders and names."""

import filecmp
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from oemsar.dataset import folder_names
from oemsar.dataset.folder_names import Role
from oemsar.dataset.layouts import GEOTIFF_SUFFIXES, IMAGE_SUFFIXES, TileFiles, listed_name
from oemsar.dataset.tile import Split
from oemsar.errors import InputError
from oemsar.limits import read_text
from oemsar.sources import require_unlinked

_log = logging.getLogger(__name__)

_SIDE_SUFFIXES = frozenset(
    (".xml", ".ovr", ".msk", ".tfw", ".tifw", ".pgw", ".pngw", ".j2w", ".jp2w", ".wld", ".prj", ".rrd")
)
"""Suffixes of files that belong to an image or label beside them."""

_Lists = dict[str, tuple[Split, Path]]
"""Split of a listed name, and the text file that lists it."""


@dataclass(frozen=True)
class _File:
    """A file of a tile, and the splits that the folders above it tell."""

    path: Path
    role: Role
    folder_split: Split | None
    archive_split: Split | None


def find_published(folder: Path) -> list[TileFiles]:
    """Find the files of every tile below a folder in the layout of the release or of its follow-up.

    A tile is every file of one name in folders of the layouts (`oemsar.dataset.folder_names`), however deep.
    Images are GeoTIFF, PNG or JPEG 2000, labels GeoTIFF or PNG; of an image in several formats the GeoTIFF is
    taken. Other files in these folders are left out, with a warning that counts them.
    Its split is told by a folder `train`, `val` or `test`, else by a text file of names, else by the prefix
    of its name, else by the name of an archive's folder or of the folder itself, else it is train.

    Args:
        folder: Folder to search; links are followed.

    Raises:
        InputError: The folder cannot be read or has no tile; a name is in two splits; two files with
            different content claim one position in a tile.
    """
    files, lists = _search(folder)
    if not files:
        names = ", ".join(role.folder for role in folder_names.ROLES)
        raise InputError(
            f"{folder} has no tile of a published layout; images and labels are looked for in folders named "
            f"{names}, at any depth: name the folder the archives were extracted to"
        )
    _log_unmatched_lists(set(files), lists)
    splits = {name: _split(name, found, lists) for name, found in files.items()}
    return [TileFiles(name, splits[name], _by_column(name, splits[name], files[name])) for name in files]


def _search(root: Path) -> tuple[dict[str, list[_File]], _Lists]:
    """Find the files of every tile by its name, in sorted order, and the text files of names."""
    files: dict[str, list[_File]] = defaultdict(list)
    lists: _Lists = {}
    others: Counter[tuple[str, str]] = Counter()
    for path in _walk(root):
        folders = path.relative_to(root).parts[:-1]
        named = (root.resolve().name, *folders)
        role = folder_names.role_of(named)
        if role is not None and path.suffix.lower() in role.suffixes:
            split = folder_names.split_of_folders(folders)
            files[path.stem].append(_File(path, role, split, folder_names.split_of_archive(named)))
        elif (listed := folder_names.split_of_list(path)) is not None:
            _add_list(lists, path, listed)
        elif role is not None and path.suffix.lower() not in _SIDE_SUFFIXES:
            others[role.folder, path.suffix.lower()] += 1
    for (folder, suffix), count in sorted(others.items()):
        _log.warning("%d files of kind %s in folders %s are left out", count, suffix or "none", folder)
    return files, lists


def walk_folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Walk `root` and the folders below it in sorted order, each once even where links lead in a circle.

    Yields:
        Path of a folder, and the names of its files in sorted order, those that are hidden left out.

    Raises:
        InputError: A link leads out of `root`, and to nothing that is allowed; or a folder cannot be read.
    """
    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_refuse):
        here = Path(folder).resolve()
        if here in seen:
            subfolders.clear()
            continue
        seen.add(here)
        require_unlinked(Path(folder), root)
        # hidden files and `__MACOSX` are what an archive made on macOS leaves beside the real ones
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
        yield Path(folder), sorted(name for name in names if not name.startswith("."))


def _walk(root: Path) -> Iterator[Path]:
    """Every file below `root`, folder by folder in sorted order."""
    for folder, names in walk_folders(root):
        for name in names:
            require_unlinked(folder / name, root)
            yield folder / name


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read ({error.strerror}); allow reading it") from error


def _add_list(lists: _Lists, path: Path, split: Split) -> None:
    try:
        lines = read_text(path, encoding="utf-8-sig").splitlines()
    except InputError as error:
        raise InputError(f"{error.sentence}; {path} is no readable text file of names") from error
    for name in filter(None, map(listed_name, lines)):
        listed, other = lists.setdefault(name, (split, path))
        if listed != split:
            raise InputError(f"tile {name} is listed in both {other} and {path}; take it out of one of them")


def _log_unmatched_lists(names: set[str], lists: _Lists) -> None:
    absent, unlisted = sorted(set(lists) - names), sorted(names - set(lists))
    if absent:
        _log.warning("%d listed names have no file, the first is %s", len(absent), absent[0])
    if lists and unlisted:
        _log.warning("%d tiles are in no text file of names, the first is %s", len(unlisted), unlisted[0])


def _split(name: str, files: list[_File], lists: _Lists) -> Split:
    """Find the split of a tile by the strongest evidence: folder, text file, prefix, archive; else train."""
    in_folder = _agreed(name, [(file.folder_split, file.path) for file in files])
    listed = _agreed(name, [in_folder, lists.get(name, (None, Path()))])
    archive = _agreed(name, [(file.archive_split, file.path) for file in files])
    return listed[0] or folder_names.split_of_name(name) or archive[0] or "train"


def _agreed(name: str, witnesses: Sequence[tuple[Split | None, Path]]) -> tuple[Split | None, Path]:
    """Take the split from the first source that states it, and check that all that state it agree."""
    known = [witness for witness in witnesses if witness[0] is not None]
    for split, path in known:
        if split != known[0][0]:
            raise InputError(
                f"tile {name} is in two splits: {known[0][0]} by {known[0][1]} and {split} by {path}; "
                "remove or rename one"
            )
    return known[0] if known else (None, Path())


def _by_column(name: str, split: Split, files: list[_File]) -> dict[str, Path]:
    """Find the path of each file of a tile by its column; of copies the first."""
    paths: dict[str, Path] = {}
    for file in sorted(files, key=_is_rendering):
        column = file.role.columns[split]
        first = paths.setdefault(column, file.path)
        if first == file.path:
            continue
        if _is_rendering(file) and first.suffix.lower() in GEOTIFF_SUFFIXES:
            _log.info("%s is left out beside %s", file.path, first)
        else:
            require_copy(name, first, file.path)
    return paths


def _is_rendering(file: _File) -> bool:
    """Tell whether a file is an image that is no GeoTIFF, such as a picture of one that lies beside it."""
    is_image = file.role.suffixes == IMAGE_SUFFIXES
    return is_image and file.path.suffix.lower() not in GEOTIFF_SUFFIXES


def require_copy(name: str, first: Path, other: Path) -> None:
    """Check that two files for one position in a tile have the same content, and say which one is left out.

    Args:
        name: Name of the tile.
        first: File that is taken.
        other: File that is left out.

    Raises:
        InputError: They differ, or cannot be read.
    """
    try:
        same = filecmp.cmp(first, other, shallow=False)
    except OSError as error:
        raise InputError(
            f"{error.filename} cannot be read ({error.strerror}); allow reading it or remove it"
        ) from error
    if not same:
        raise InputError(f"tile {name} has two different files, {first} and {other}; remove one of them")
    _log.info("%s is a copy of %s and left out", other, first)
