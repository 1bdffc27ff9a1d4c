"""Styles of QGIS (`.qml`) beside layers, by which these open in colours with names.

QGIS loads `NAME.qml` with the layer `NAME.*`: its `pipe` with a raster, its `renderer-v2` with polygons, so
that one file serves a map and polygons of one name.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from oemsar import legend
from oemsar.errors import InputError
from oemsar.files import write_text
from oemsar.limits import read_text

_MARK = "Written by oemsar"
_HEAD = f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<!-- {_MARK} -->\n"
_VERSION = "3.22"
Entry = tuple[int, str, str]
"""Value, name and colour `#rrggbb` of an entry."""
RAMP = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
"""Colours of a ramp from low to high: viridis (S. van der Walt and N. Smith, CC0)."""


def style_path(layer: Path) -> Path:
    """Name the style that QGIS loads with a layer."""
    return layer.with_suffix(".qml")


def legend_entries() -> tuple[Entry, ...]:
    """List the classes: id, name and colour."""
    return tuple((entry.id, entry.name, entry.hex) for entry in legend.CLASSES)


def paletted(entries: Iterable[Entry]) -> ET.Element:
    """Show the values of the first band in colours with names."""
    pipe, renderer = _raster("paletted")
    palette = ET.SubElement(renderer, "colorPalette")
    for value, name, colour in entries:
        ET.SubElement(palette, "paletteEntry", value=str(value), label=name, color=colour, alpha="255")
    return pipe


def ramp(low: float, high: float, unit: str = "") -> ET.Element:
    """Show the values of the first band in colours from low to high."""
    pipe, renderer = _raster("singlebandpseudocolor")
    limits = {"classificationMin": f"{low:g}", "classificationMax": f"{high:g}"}
    renderer.attrib.update(limits)
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="1",
        minimumValue=f"{low:g}",
        maximumValue=f"{high:g}",
        clip="0",
    )
    for number, colour in enumerate(RAMP):
        value = low + (high - low) * number / (len(RAMP) - 1)
        label = f"{value:g} {unit}".strip()
        ET.SubElement(shader, "item", value=f"{value:g}", label=label, color=colour, alpha="255")
    return pipe


def filled(entries: Sequence[Entry], attribute: str) -> ET.Element:
    """Fill polygons by the name in an attribute."""
    renderer = ET.Element(
        "renderer-v2", type="categorizedSymbol", attr=attribute, forceraster="0", symbollevels="0"
    )
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for number, (_, name, colour) in enumerate(entries):
        symbol = str(number)
        ET.SubElement(
            categories, "category", value=name, symbol=symbol, label=name, render="true", type="string"
        )
        fill = ET.SubElement(symbols, "symbol", type="fill", name=symbol, alpha="1", clip_to_extent="1")
        layer = ET.SubElement(
            fill, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"}
        )
        options = ET.SubElement(layer, "Option", type="Map")
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        for key, value in (
            ("color", f"{red},{green},{blue},255"),
            ("style", "solid"),
            ("outline_style", "no"),
        ):
            ET.SubElement(options, "Option", type="QString", name=key, value=value)
            ET.SubElement(layer, "prop", k=key, v=value)
    return renderer


def document(*parts: ET.Element) -> str:
    """Put the parts of a style together: that of a raster, of polygons, or of both."""
    root = ET.Element("qgis", version=_VERSION, styleCategories="Symbology")
    root.extend(parts)
    if any(part.tag == "renderer-v2" for part in parts):
        ET.SubElement(root, "layerGeometryType").text = "2"
    ET.indent(root)
    return _HEAD + ET.tostring(root, encoding="unicode") + "\n"


def write_style(layer: Path, *parts: ET.Element) -> None:
    """Write the style of a layer beside it."""
    write_text(style_path(layer), document(*parts))


def is_style(path: Path) -> bool:
    """Tell whether a file is a style as this program writes it, which nobody has saved anew from QGIS."""
    try:
        return _MARK in read_text(path)[: 2 * len(_HEAD)]
    except InputError:
        return False


def _raster(kind: str) -> tuple[ET.Element, ET.Element]:
    pipe = ET.Element("pipe")
    renderer = ET.SubElement(
        pipe, "rasterrenderer", type=kind, band="1", opacity="1", alphaBand="-1", nodataColor=""
    )
    ET.SubElement(renderer, "rasterTransparency")
    return pipe, renderer
