"""The files of a land cover map, from its layers."""

from pathlib import Path

import oemsar
from oemsar import legend
from oemsar.config_file import read_json
from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.inputs import Inputs
from oemsar.predict.map_files import (
    CONFIDENCE,
    SETS,
    confidence_path,
    describe_inputs,
    inputs_path,
    sets_path,
)
from oemsar.predict.mapping import MapLayers
from oemsar.predict.quicklook import write_quicklook
from oemsar.predict.scene import Scene
from oemsar.predict.summary import LandCoverMap
from oemsar.raster.cog import Layer, cog_files, publish_cog


def publish_map(
    layers: MapLayers, summary: LandCoverMap, out: Path, *, image: Path, scene: Scene, inputs: Inputs
) -> None:
    """Write the files of a map; layers of an earlier one that this one has not are removed.

    Args:
        layers: Layers of the map, complete.
        summary: Summary of the map.
        out: Map to write.
        image: First image of the scene, for the quick look.
        scene: Images that the map was made from.
        inputs: Inputs whose bits the layer of inputs has.
    """
    tags = {"SOFTWARE": f"oemsar {oemsar.__version__}"}
    percent = Layer(nodata=0, tags=tags, description=CONFIDENCE)
    publish_cog([layers.confidence], confidence_path(out), scene.georeference, percent)
    earlier = _further_layers(out)
    if layers.set_sizes is not None and layers.set_members is not None:
        sets = Layer(nodata=0, labels=True, tags=tags, bands=SETS)
        publish_cog([layers.set_sizes, layers.set_members], sets_path(out), scene.georeference, sets)
        earlier.discard(sets_path(out))
    if layers.inputs is not None:
        bits = Layer(nodata=0, labels=True, tags=tags, description=describe_inputs(inputs))
        publish_cog([layers.inputs], inputs_path(out), scene.georeference, bits)
        earlier.discard(inputs_path(out))
    for file in (file for raster in earlier for file in cog_files(raster)):
        file.unlink(missing_ok=True)
    land_cover = Layer(
        nodata=legend.UNKNOWN.id,
        palette=legend.palette(),
        categories=legend.category_names(),
        tags=tags,
        description="land cover",
    )
    write_json(out.with_suffix(".json"), summary.model_dump(mode="json"))
    publish_cog([layers.classes], out, scene.georeference, land_cover)
    write_quicklook(out, image, out.with_suffix(".png"), scene.bands)


def _further_layers(out: Path) -> set[Path]:
    """List further layers of an earlier map of this name, which would be taken for this one's."""
    try:
        earlier = read_json(out.with_suffix(".json"), LandCoverMap, "summary of a map")
    except InputError:
        return set()
    found = {sets_path(out): earlier.sets, inputs_path(out): earlier.inputs}
    return {path for path, named in found.items() if named is not None}
