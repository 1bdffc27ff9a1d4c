"""The files of a land cover map, from its layers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import oemsar
from oemsar import legend
from oemsar.config_file import read_json
from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.inputs import Inputs
from oemsar.masked import subset_by_number
from oemsar.polygons.features import NAME
from oemsar.polygons.source import confidence_path
from oemsar.predict.area_table import AreaLine, write_area_table
from oemsar.predict.map_files import (
    CONFIDENCE,
    LAND_COVER,
    SETS,
    SHARES,
    describe_inputs,
    inputs_path,
    layer_files,
    raw_path,
    sets_path,
)
from oemsar.predict.mapping import MapLayers
from oemsar.predict.quicklook import write_quicklook
from oemsar.predict.scene import Scene
from oemsar.predict.shares import OFFSET, SCALE
from oemsar.predict.summary import LandCoverMap
from oemsar.qgis_style import RAMP, filled, legend_entries, paletted, ramp, style_path, write_style
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.raw_raster import RawRaster


def publish_map(
    layers: MapLayers,
    summary: LandCoverMap,
    out: Path,
    *,
    image: Path,
    scene: Scene,
    inputs: Inputs,
    raw: tuple[RawRaster, RawRaster] | None = None,
) -> None:
    """Write the files of a map; layers of an earlier one that this one has not are removed.

    Args:
        layers: Layers of the map, complete.
        summary: Summary of the map.
        out: Map to write.
        image: First image of the scene, for the quick look.
        scene: Images that the map was made from.
        inputs: Inputs whose bits the layer of inputs has.
        raw: Classes and confidence as the network gave them, where the map was sieved.
    """
    earlier = _further_layers(out)
    for layer in _further(layers, out, inputs, raw):
        layer.publish(scene)
        earlier.discard(layer.path)
    for file in (file for raster in earlier for file in layer_files(raster)):
        file.unlink(missing_ok=True)
    _write_beside(summary)
    write_json(out.with_suffix(".json"), summary.model_dump(mode="json"))
    shared = summary.polygons is not None and style_path(Path(summary.polygons.file)) == style_path(out)
    polygons = [filled(legend_entries(), NAME)] if shared else []
    _classes(layers.classes, out).publish(scene, *polygons)
    shares = {name: area.share for name, area in summary.classes.items()}
    write_quicklook(out, image, out.with_suffix(".png"), scene.bands, shares)


def _write_beside(summary: LandCoverMap) -> None:
    """Write the table of areas and the style of the polygons."""
    polygons = summary.polygons
    if polygons is not None:
        write_style(Path(polygons.file), filled(legend_entries(), NAME))
    if summary.areas is not None:
        lines = [
            AreaLine(
                entry.id,
                entry.name,
                summary.classes[entry.name].pixels,
                summary.classes[entry.name].share,
                summary.classes[entry.name].hectares,
                None if polygons is None else polygons.classes[entry.name].polygons,
            )
            for entry in legend.CLASSES
        ]
        write_area_table(Path(summary.areas), lines)


class _Published(NamedTuple):
    """Raster to be written: its file, bands, their meaning, and how QGIS shows them."""

    path: Path
    bands: Sequence[RawRaster]
    layer: Layer
    style: ET.Element

    def publish(self, scene: Scene, *styles: ET.Element) -> None:
        """Write it and its style, which further ones may share the file with."""
        tagged = replace(self.layer, tags={"SOFTWARE": f"oemsar {oemsar.__version__}"})
        write_style(self.path, self.style, *styles)
        publish_cog(self.bands, self.path, scene.georeference, tagged)


def _classes(classes: RawRaster, path: Path) -> _Published:
    layer = Layer(
        nodata=legend.UNKNOWN.id,
        palette=legend.palette(),
        categories=legend.category_names(),
        description=LAND_COVER,
    )
    return _Published(path, [classes], layer, paletted(legend_entries()))


def _confidence(confidence: RawRaster, path: Path) -> _Published:
    layer = Layer(nodata=0, description=CONFIDENCE)
    return _Published(confidence_path(path), [confidence], layer, ramp(0, 100, "%"))


def _further(
    layers: MapLayers, out: Path, inputs: Inputs, raw: tuple[RawRaster, RawRaster] | None
) -> Iterator[_Published]:
    """List the layers beside the class map."""
    yield _confidence(layers.confidence, out)
    if raw is not None:
        yield _confidence(raw[1], raw_path(out))
        yield _classes(raw[0], raw_path(out))
    if layers.set_sizes is not None and layers.set_members is not None:
        sets = Layer(nodata=0, labels=True, bands=SETS)
        shown = ramp(1, legend.NUM_CLASSES, "classes")
        yield _Published(sets_path(out), [layers.set_sizes, layers.set_members], sets, shown)
    shares = {
        "probabilities": layers.probabilities,
        "entropy": [layers.entropy],
        "disagreement": [layers.disagreement],
    }
    for name, bands in shares.items():
        present = [band for band in bands if band is not None]
        if present:
            file = SHARES[name]
            meaning = Layer(nodata=0, bands=file.bands, scale=SCALE, offset=OFFSET)
            yield _Published(file.path(out), present, meaning, ramp(0, 1))
    if layers.inputs is not None:
        bits = Layer(nodata=0, labels=True, description=describe_inputs(inputs))
        yield _Published(inputs_path(out), [layers.inputs], bits, paletted(_subsets(inputs)))


def _subsets(inputs: Inputs) -> list[tuple[int, str, str]]:
    """List the subsets of inputs: value, names, and a colour."""
    most = (1 << len(inputs)) - 1
    return [
        (
            number,
            "+".join(subset_by_number(inputs, number).names),
            RAMP[(number - 1) * (len(RAMP) - 1) // most],
        )
        for number in range(1, most + 1)
    ]


def _further_layers(out: Path) -> set[Path]:
    """List further layers of an earlier map of this name, which would be taken for this one's."""
    try:
        earlier = read_json(out.with_suffix(".json"), LandCoverMap, "summary of a map")
    except InputError:
        return set()
    raw = raw_path(out)
    found = {
        sets_path(out): earlier.sets,
        inputs_path(out): earlier.inputs,
        raw: earlier.raw,
        confidence_path(raw): earlier.raw,
        **{layer.path(out): getattr(earlier, name) for name, layer in SHARES.items()},
    }
    return {path for path, named in found.items() if named is not None}
