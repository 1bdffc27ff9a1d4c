"""Project of QGIS in which a label is drawn over the images of its tile.

The project names its layers by paths relative to its own folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from odc.geo.geobox import GeoBox

from oemsar.qgis_style import legend_entries, paletted

_VERSION = "3.34.0"
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


@dataclass(frozen=True)
class Layer:
    """A layer of a project.

    Attributes:
        name: Name of the layer.
        source: Path from the folder of the project.
        kind: `label`, `optical` or `sar`.
        grid: Grid of the raster; None without georeferencing.
    """

    name: str
    source: PurePosixPath
    kind: str
    grid: GeoBox | None


def project(title: str, tasks: Sequence[tuple[str, Sequence[Layer]]]) -> str:
    """Write a project with a group of layers for each task.

    Args:
        title: Title of the project.
        tasks: Name and layers of each task, those in front first.
    """
    root = ET.Element("qgis", version=_VERSION, projectname=title)
    ET.SubElement(root, "title").text = title
    grids = [layer.grid for _, layers in tasks for layer in layers if layer.grid is not None]
    if grids:
        _add_crs(ET.SubElement(root, "projectCrs"), grids[0])
    tree = ET.SubElement(root, "layer-tree-group")
    listed = ET.SubElement(root, "projectlayers")
    for number, (name, layers) in enumerate(tasks):
        first = "1" if number == 0 else "0"
        group = ET.SubElement(
            tree,
            "layer-tree-group",
            name=name,
            checked="Qt::Checked" if number == 0 else "Qt::Unchecked",
            expanded=first,
        )
        for layer in layers:
            _add_layer(group, listed, layer)
    paths = ET.SubElement(ET.SubElement(root, "properties"), "Paths")
    ET.SubElement(paths, "Absolute", type="bool").text = "false"
    return _written(root)


def _add_layer(group: ET.Element, listed: ET.Element, layer: Layer) -> None:
    source, key = f"./{layer.source}", f"{layer.kind}_{layer.name}"
    ET.SubElement(
        group,
        "layer-tree-layer",
        id=key,
        name=layer.name,
        source=source,
        providerKey="gdal",
        checked="Qt::Checked",
        expanded="0",
    )
    element = ET.SubElement(listed, "maplayer", type="raster")
    for tag, text in (("id", key), ("datasource", source), ("layername", layer.name), ("provider", "gdal")):
        ET.SubElement(element, tag).text = text
    if layer.grid is not None:
        _add_crs(ET.SubElement(element, "srs"), layer.grid)
    element.append(_pipe(layer.kind))


def _add_crs(parent: ET.Element, grid: GeoBox) -> None:
    if grid.crs is None:
        return
    system = ET.SubElement(parent, "spatialrefsys")
    ET.SubElement(system, "wkt").text = str(grid.crs.to_wkt())
    code = grid.crs.to_epsg()
    if code is not None:
        ET.SubElement(system, "authid").text = f"EPSG:{code}"


def _pipe(kind: str) -> ET.Element:
    """Say how a raster is drawn: a label in the colours of the legend, images as they are."""
    if kind == "label":
        return paletted(legend_entries())
    pipe = ET.Element("pipe")
    renderer = ET.SubElement(pipe, "rasterrenderer", opacity="1", alphaBand="-1")
    if kind == "optical":
        renderer.attrib |= {"type": "multibandcolor", "redBand": "1", "greenBand": "2", "blueBand": "3"}
        return pipe
    renderer.attrib |= {"type": "singlebandgray", "grayBand": "1", "gradient": "BlackToWhite"}
    stretch = ET.SubElement(renderer, "contrastEnhancement")
    for tag, text in (("minValue", "0"), ("maxValue", "255"), ("algorithm", "StretchToMinimumMaximum")):
        ET.SubElement(stretch, tag).text = text
    return pipe


def _written(root: ET.Element) -> str:
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"
