"""Styles of QGIS name and colour every class as the legend does."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from oemsar import legend
from oemsar.qgis_style import document, filled, is_style, legend_entries, paletted, ramp, write_style


def test_a_class_map_is_shown_in_the_colours_and_names_of_the_legend() -> None:
    root = ET.fromstring(document(paletted(legend_entries())))  # noqa: S314
    renderer = root.find("pipe/rasterrenderer")
    assert root.tag == "qgis"
    assert renderer is not None
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "1")
    shown = [
        (int(entry.get("value", "")), entry.get("label"), entry.get("color"), entry.get("alpha"))
        for entry in renderer.findall("colorPalette/paletteEntry")
    ]
    assert shown == [(entry.id, entry.name, entry.hex, "255") for entry in legend.CLASSES]


def test_polygons_are_filled_in_the_colours_of_the_legend() -> None:
    root = ET.fromstring(document(filled(legend_entries(), "class_name")))  # noqa: S314
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "class_name")
    assert root.findtext("layerGeometryType") == "2"
    symbols = {symbol.get("name"): symbol for symbol in renderer.findall("symbols/symbol")}
    for entry, category in zip(legend.CLASSES, renderer.findall("categories/category"), strict=True):
        assert category.get("value") == category.get("label") == entry.name
        symbol = symbols[category.get("symbol")]
        options = {each.get("name"): each.get("value") for each in symbol.findall("layer/Option/Option")}
        assert options["color"] == ",".join(map(str, (*entry.colour, 255)))


def test_a_ramp_rises_evenly_from_its_low_to_its_high_value() -> None:
    root = ET.fromstring(document(ramp(12.5, 100, "%")))  # noqa: S314
    shader = root.find("pipe/rasterrenderer/rastershader/colorrampshader")
    assert shader is not None
    assert (shader.get("minimumValue"), shader.get("maximumValue")) == ("12.5", "100")
    values = [float(item.get("value", "")) for item in shader.findall("item")]
    assert values == pytest.approx([12.5, 34.375, 56.25, 78.125, 100])
    assert shader.findall("item")[-1].get("label") == "100 %"


def test_a_style_that_is_saved_anew_is_no_longer_the_programs(tmp_path: Path) -> None:
    write_style(tmp_path / "map.tif", paletted(legend_entries()))
    style = tmp_path / "map.qml"
    assert is_style(style)
    style.write_text("<!DOCTYPE qgis>\n" + ET.tostring(ET.parse(style).getroot(), encoding="unicode"))  # noqa: S314
    assert not is_style(style)
    assert not is_style(tmp_path / "none.qml")
