"""Raster files on this machine, looked at before GDAL opens them: their format and the files beside them.

GDAL opens more than the file it is given: overviews and masks beside it, and the sources of a virtual raster,
each with whatever driver claims it, those for services on the network among them. All of these are held here
against the formats that are read.
"""

import os
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from oemsar.addresses import is_address
from oemsar.errors import InputError
from oemsar.limits import require_limit, require_regular
from oemsar.remote import require_no_dataset_named
from oemsar.sources import allowed_sources
from oemsar.virtual_raster_sources import is_virtual, virtual_sources

_MAGIC = (
    ("GTiff", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    ("PNG", (b"\x89PNG\r\n\x1a\n",)),
    ("JPEG", (b"\xff\xd8\xff",)),
    ("JP2OpenJPEG", (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")),
    ("NITF", (b"NITF", b"NSIF")),
    ("HFA", (b"EHFA_HEADER_TAG",)),
    ("DTED", (b"UHL1", b"VOL1", b"HDR1")),
    ("AAIGrid", (b"ncols", b"NCOLS", b"nrows", b"NROWS")),
)
"""Driver of a file by its first bytes."""
_ENDINGS = {".hgt": "SRTMHGT", ".gtx": "GTX"}
"""Driver of elevation and geoid grids, which have no mark of their own, by the end of their name."""
_OTHERS = (b"<", b"{", b"[", b"\xef\xbb\xbf", b"\x89HDF", b"CDF", b"SQLite", b"PK")
"""First bytes by which GDAL takes a file for another format than that of its name or header."""
_ARCHIVES = (("zip", 0, b"PK\x03\x04"), ("tar", 257, b"ustar"))
"""Scheme of the addresses into an archive, and where in its file it is marked, and how."""
FORMATS = (
    "GeoTIFF, PNG, JPEG, JPEG 2000, NITF, ENVI, ERDAS Imagine, VRT, DTED, SRTM, GTX and Esri ASCII grids"
)

_PICTURES = (".ovr", ".msk")
"""Ends of names of rasters beside a raster, which GDAL opens with it."""
_TEXTS = (
    *(".aux.xml", ".aux", ".rrd", ".ige", ".xml", ".hdr", ".prj", ".tab", ".wld", ".tfw", ".tifw", ".tiffw"),
    *(".pgw", ".pngw", ".jgw", ".jpgw", ".j2w", ".jp2w", ".imd", ".rpb", "_rpc.txt", ".pvl", ".att", ".eph"),
)
"""Ends of names of files beside a raster that GDAL reads for its metadata."""
_DEEPEST = 32
_JPEG_2000_HEAD = 1 << 16
"""Bytes in which the first tile header of a JPEG 2000 file is looked for."""


def driver_of(path: Path) -> str:
    """Find the driver of a raster on this machine, when it and all that GDAL opens with it are safe.

    Raises:
        InputError: The file is missing, empty, no regular file or of no format that is read; or a file beside
            it or behind it is, or lies where it may not be read.
    """
    require_regular(path)
    state = path.stat()
    if state.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); fetch or write it again")
    return _examined(path, (state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size), allowed_sources())


@lru_cache(1 << 15)
def _examined(path: Path, state: tuple[int, ...], allowed: tuple[str, ...]) -> str:
    """Find the driver of a file; the answer holds as long as its state and the permissions are the same."""
    return _examine(path, set(), ())


def _examine(path: Path, seen: set[Path], behind: tuple[Path, ...]) -> str:
    """Find the driver of a file and look at all that is opened with it.

    Args:
        path: File.
        seen: Files that were looked at; this one and those opened with it are added.
        behind: Files that lead to this one, links resolved.
    """
    if path.resolve() in behind:
        raise InputError(f"{path} is a virtual raster that reads itself; correct its sources")
    if len(behind) > _DEEPEST:
        raise InputError(f"{path} lies behind more than {_DEEPEST} virtual rasters; make one of its sources")
    driver = _driver(path)
    seen.add(path.resolve())
    behind = (*behind, path.resolve())
    for beside, is_picture in _beside(path):
        require_regular(beside)
        if is_picture and beside.resolve() not in seen:
            _examine_opened(beside, seen, behind)
    if driver == "JP2OpenJPEG":
        require_limit(_tile_pixels(path), "block_bytes", f"{path} declares pixels in one tile of JPEG 2000:")
    if driver == "VRT":
        for source in virtual_sources(path):
            if is_address(source.path):
                continue
            if source.raw:
                require_regular(source.path)
            elif source.path.resolve() in behind or source.path.resolve() not in seen:
                _examine_opened(source.path, seen, behind)
    return driver


def _examine_opened(path: Path, seen: set[Path], behind: tuple[Path, ...]) -> None:
    """Look at a raster that GDAL opens by itself, with any driver: it must be what its driver says it is."""
    require_regular(path)
    driver = _examine(path, seen, behind)
    if driver == "VRT":
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path.absolute(), driver=driver) as dataset:
                require_no_dataset_named(dataset, path)
                require_limit(dataset.count, "bands", f"{path} declares bands:")
    except RasterioError as error:
        raise InputError(f"{path} is damaged or no raster; bring it back or make it again") from error


def _driver(path: Path) -> str:
    """Tell the driver of a file by its first bytes."""
    try:
        with path.open("rb") as file:
            start = file.read(1024)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    if is_virtual(start):
        return "VRT"
    for driver, marks in _MAGIC:
        if start.startswith(marks):
            return driver
    if start[80:84] == b"UHL1":
        return "DTED"
    plain = not start.lstrip().startswith(_OTHERS)
    if plain and path.suffix.lower() in _ENDINGS:
        return _ENDINGS[path.suffix.lower()]
    if plain and _has_envi_header(path):
        return "ENVI"
    scheme = next((name for name, place, mark in _ARCHIVES if start[place:].startswith(mark)), None)
    if scheme is not None:
        raise InputError(
            f"{path} is an archive; name the raster in it, as {scheme}://{path}!FOLDER/SCENE.tif"
        )
    raise InputError(f"{path} is not a raster that is read; give one of {FORMATS}")


def _tile_pixels(path: Path) -> int:
    """Count the pixels of a tile of a JPEG 2000 file, whose index OpenJPEG holds in memory; 0 where unknown.

    Of the marker SIZ (ITU-T T.800, A.5.1): size of the image, its offset, size of the tiles.
    """
    with path.open("rb") as file:
        head = file.read(_JPEG_2000_HEAD)
    at = head.find(b"\xff\x4f\xff\x51") + 8
    if at < 8 or len(head) < at + 24:
        return 0
    width, height, _, _, tile_width, tile_height = struct.unpack_from(">6I", head, at)
    return int(min(width, tile_width) * min(height, tile_height))


def _has_envi_header(path: Path) -> bool:
    for header in (path.with_suffix(".hdr"), path.with_name(f"{path.name}.hdr")):
        if header.is_file() and header != path:
            with header.open("rb") as file:
                return file.read(4) == b"ENVI"
    return False


def _beside(path: Path) -> Iterator[tuple[Path, bool]]:
    """List the files beside a raster that GDAL may open with it, and whether each is a raster."""
    folder = path.parent
    try:
        state = folder.stat()
        names = _companions(folder, state.st_ino, state.st_mtime_ns)
    except OSError:
        return
    own, stem = path.name.lower(), path.stem.lower()
    for end in _PICTURES:
        yield from ((folder / name, True) for name in names.get(own + end, ()))
    for low in {*(own + end for end in _TEXTS), *(stem + end for end in _TEXTS)} - {own}:
        yield from ((folder / name, False) for name in names.get(low, ()))


@lru_cache(64)
def _companions(folder: Path, inode: int, changed: int) -> Mapping[str, Sequence[str]]:
    """List the names in a folder that may belong to a raster beside them, by their lower case."""
    found: dict[str, list[str]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith((*_PICTURES, *_TEXTS)):
                found.setdefault(entry.name.lower(), []).append(entry.name)
    return found
