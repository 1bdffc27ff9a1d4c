"""Sources of virtual rasters (VRT), read strictly: a text that GDAL could understand otherwise is refused."""

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from oemsar.addresses import is_address
from oemsar.errors import InputError
from oemsar.limits import read_bytes
from oemsar.sources import require_allowed

_START = b"<VRTDataset"
_SPACE = b" \t\r\n\v\f"
_SOURCES = {"sourcefilename", "sourcedataset", "dempath"}
"""Elements whose text is the name of a dataset, in lower case as GDAL compares names."""
_DATASET_KEYS = {"x_dataset", "y_dataset", "overview_file"}
"""Keys of metadata whose value is the name of a dataset."""
_DATASETS = {"", "vrtwarpeddataset", "vrtpansharpeneddataset"}
_BANDS = {
    *("", "vrtsourcedrasterband", "vrtrasterband", "vrtrawrasterband", "vrtderivedrasterband"),
    *("vrtwarpedrasterband", "vrtpansharpenedrasterband"),
}
_FREE_TEXT = {"srs", "description"}
"""Elements whose text may hold any address, since nothing of it is opened."""
_OPTIONS = {"num_threads", "overview_level", "georef_sources", "ignore_cog_layout_break"}
"""Options of opening a source that open nothing else."""
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9+._-]+:|/vsi|<|\{")
"""Beginnings of names that GDAL does not take for a file."""


class Source(NamedTuple):
    """A dataset that a virtual raster reads.

    Attributes:
        path: File on this machine, or an allowed address.
        raw: Whether the file is read as plain bytes, whatever it is.
    """

    path: Path
    raw: bool


def is_virtual(start: bytes) -> bool:
    """Tell by the first bytes of a file whether it is a virtual raster, whatever its name."""
    return start.lstrip(_SPACE).startswith(_START)


def virtual_sources(path: Path) -> list[Source]:
    """List the datasets that a virtual raster names, in the order of its text; none for any other file.

    Raises:
        InputError: The text is damaged, runs code, or names something else than files below its own folder
            and what is allowed.
    """
    if is_address(path) or not path.is_file():
        return []
    with path.open("rb") as file:
        if not is_virtual(file.read(1024)):
            return []
    home = path.resolve().parent
    found = []
    for element, raw in _elements(path, _parse(path)):
        name = (element.text or "").lstrip()
        relative = any(key.lower() == "relativetovrt" and _true(value) for key, value in element.items())
        if not relative and is_address(name):
            require_allowed(Path(name), home, f"{path} reads")
            found.append(Source(Path(name), raw))
            continue
        if _PREFIX.match(name) or not name:
            raise InputError(f"{path} reads {name!r}, which is no file; give sources that are files")
        source = home / name if relative else Path(name)
        if not source.is_file():
            raise InputError(f"{path} reads {source}, which does not exist or is no file; bring it back")
        require_allowed(source, home, f"{path} reads")
        found.append(Source(source, raw))
    return found


def files_behind(path: Path) -> list[Path]:
    """List what a virtual raster reads, however deep, files and allowed addresses; none for any other file.

    Raises:
        InputError: A virtual raster is damaged or names what may not be read.
    """
    found: dict[Path, None] = {}
    waiting = [path]
    while waiting:
        here = waiting.pop(0)
        for source in virtual_sources(here):
            if source.path not in found and source.path != path:
                found[source.path] = None
                if not (source.raw or is_address(source.path)):
                    waiting.append(source.path)
    return list(found)


def _parse(path: Path) -> ET.Element:
    """Parse the text of a virtual raster, comments kept."""
    try:
        text = read_bytes(path).decode("utf-8")
        if re.search(r"<!(?:DOCTYPE|ENTITY|\[CDATA)", text, re.IGNORECASE):
            raise InputError(f"{path} has entities or CDATA, which a virtual raster has no need of")
        builder = ET.TreeBuilder(insert_comments=True, insert_pis=True)
        return ET.fromstring(text, parser=ET.XMLParser(target=builder))  # noqa: S314 (entities are refused)
    except (UnicodeDecodeError, ET.ParseError, ValueError) as error:
        raise InputError(f"{path} is a virtual raster that is no well-formed XML ({error})") from error


def _elements(path: Path, root: ET.Element) -> list[tuple[ET.Element, bool]]:
    """Find the elements that name datasets, and whether as raw bytes; refuse what could hide another."""
    found = []
    remarks = {id(inner) for outer in root.iter() if _tag(outer) == "metadata" for inner in outer.iter()}
    for parent in root.iter():
        tag = _tag(parent)
        raw = _attribute(parent, "subclass") == "vrtrawrasterband"
        _require_known_kind(path, parent, tag)
        for element in parent:
            name = _tag(element)
            if name in _SOURCES:
                if len(element):
                    raise InputError(f"{path} has an element {element.tag} that is no plain name")
                found.append((element, raw))
        if tag == "mdi" and _attribute(parent, "key") in _DATASET_KEYS:
            raise InputError(
                f"{path} names a dataset in its metadata ({parent.get('key')}); remove the entry"
            )
        if id(parent) not in remarks:
            _require_no_address(path, parent, tag)
    return found


def _require_known_kind(path: Path, element: ET.Element, tag: str) -> None:
    """Refuse kinds of virtual rasters and bands whose sources are not known here, and code."""
    kind = _attribute(element, "subclass")
    known = _DATASETS if tag == "vrtdataset" else _BANDS if tag == "vrtrasterband" else {""}
    if kind not in known or tag in ("group", "subclass", "relativetovrt"):
        raise InputError(f"{path} is a virtual raster of a kind that is not read ({kind or tag})")
    if tag == "pixelfunctionlanguage" and (element.text or "").strip().lower() not in ("", "c"):
        raise InputError(f"{path} has a pixel function in {(element.text or '').strip()}, which is never run")
    if tag == "ooi" and _attribute(element, "key") not in _OPTIONS:
        raise InputError(f"{path} opens a source with the option {element.get('key')}, which is not known")


def _require_no_address(path: Path, element: ET.Element, tag: str) -> None:
    """Refuse an address in an element that names no dataset."""
    if not tag or tag in _SOURCES or tag in _FREE_TEXT:
        return
    for value in (element.text or "", *element.attrib.values()):
        if "://" in value or "/vsi" in value.lower():
            raise InputError(f"{path} has an address in its element {element.tag}; remove it")


def _tag(element: ET.Element) -> str:
    """Give the name of an element in lower case without its namespace; comments have none."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _attribute(element: ET.Element, name: str) -> str:
    return next((value.lower() for key, value in element.items() if key.lower() == name), "")


def _true(value: str) -> bool:
    """Read a flag as GDAL does: its leading number is not 0."""
    number = re.match(r"\s*[+-]?\d+", value)
    return number is not None and int(number[0]) != 0
