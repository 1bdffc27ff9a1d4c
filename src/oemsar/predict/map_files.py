"""Files of a land cover map: their names, and whether what lies there is of a map."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from oemsar import legend
from oemsar.errors import InputError
from oemsar.folders import is_record, require_own
from oemsar.inputs import Inputs
from oemsar.polygons.source import confidence_path
from oemsar.qgis_style import is_style, style_path
from oemsar.raster.cog import cog_files
from oemsar.raster.read import open_raster

LAND_COVER = "land cover"
"""Description of the band of a class map, by which the file is recognised."""
CONFIDENCE = "confidence (percent)"
"""Description of the band of a map's confidence, by which the file is recognised."""
INPUTS = "inputs with data: "
"""Beginning of the description of the band of a map's inputs, by which the file is recognised."""
SETS = ("number of classes", "classes: bit k - 1 is class id k")
"""Descriptions of the bands of a map's prediction sets, by which the file is recognised."""


def sets_path(out: Path) -> Path:
    """Name the prediction sets of the map `out`."""
    return out.with_name(f"{out.stem}_sets.tif")


def inputs_path(out: Path) -> Path:
    """Name the layer of the map `out` that tells which inputs carry data."""
    return out.with_name(f"{out.stem}_inputs.tif")


def raw_path(out: Path) -> Path:
    """Name the map as the network gave it, beside the sieved map `out`."""
    return out.with_name(f"{out.stem}_raw.tif")


class FurtherFile(NamedTuple):
    """Layer of shares beside a map: the end of its name, its title, and the descriptions of its bands."""

    ending: str
    title: str
    bands: tuple[str, ...]

    def path(self, out: Path) -> Path:
        """Name the layer of the map `out`."""
        return out.with_name(f"{out.stem}_{self.ending}.tif")


SHARES = {
    "probabilities": FurtherFile(
        "probabilities",
        "the probabilities of a map",
        tuple(f"probability of {name}" for name in legend.NAMES),
    ),
    "entropy": FurtherFile("entropy", "the entropy of a map", ("entropy, 1 = all classes equal",)),
    "disagreement": FurtherFile(
        "disagreement", "the disagreement of models", ("disagreement of models, total variation",)
    ),
}
"""Layers of shares by the option that asks for them."""


def describe_inputs(inputs: Inputs) -> str:
    """Describe the band of a map's inputs: the bit of each, such as `1 = sar, 2 = optical`."""
    return INPUTS + ", ".join(f"{1 << bit} = {name}" for bit, name in enumerate(inputs.names))


def held_files(out: Path) -> list[Path]:
    """List the files of the map `out` that no other command may write meanwhile."""
    return [*_rasters(out), out.with_suffix(".png"), out.with_suffix(".json")]


def map_files(out: Path) -> list[Path]:
    """List the files of the map `out` that are written or removed."""
    maps = [file for raster in _rasters(out) for file in layer_files(raster)]
    return [*maps, out.with_suffix(".png"), out.with_suffix(".json")]


def _rasters(out: Path) -> tuple[Path, ...]:
    """List the rasters of the map `out`."""
    raw = raw_path(out)
    shares = (layer.path(out) for layer in SHARES.values())
    return out, confidence_path(out), sets_path(out), inputs_path(out), raw, confidence_path(raw), *shares


def layer_files(raster: Path) -> list[Path]:
    """List the files that are written or removed with a layer."""
    return [*cog_files(raster), style_path(raster)]


def require_own_files(
    out: Path, *, sets: bool, inputs: bool = False, raw: bool = False, shares: Collection[str] = ()
) -> None:
    """Check that what lies beside the map `out` under the names of its other files is of a map.

    A quick look is known by the summary beside it, which is written before it.

    Args:
        out: Map that will be written, in place of whatever has its name.
        sets: Whether prediction sets will be written.
        inputs: Whether the layer of inputs will be written.
        raw: Whether the map will be sieved and kept as it was.
        shares: Layers of shares that will be written, names in `SHARES`.

    Raises:
        InputError: One of the files is of another origin.
    """
    summary = out.with_suffix(".json")
    require_own([summary], _is_summary, "the summary of a map")
    if sets:
        require_own([sets_path(out)], lambda path: _described(path) == SETS, "prediction sets of a map")
    if inputs:
        require_own([inputs_path(out)], _is_of_inputs, "the inputs of a map")
    raw_confidence = confidence_path(raw_path(out))
    if raw:
        require_own([raw_path(out)], lambda path: _described(path) == (LAND_COVER,), "a map")
        require_own(
            [raw_confidence], lambda path: _described(path) == (CONFIDENCE,), "the confidence of a map"
        )
    written = [sets_path(out)] * sets + [inputs_path(out)] * inputs + [raw_path(out), raw_confidence] * raw
    for layer in (SHARES[name] for name in shares):
        require_own([layer.path(out)], lambda path, own=layer.bands: _described(path) == own, layer.title)  # type: ignore[misc]
        written.append(layer.path(out))
    styles = [style_path(layer) for layer in (out, confidence_path(out), *written)]
    require_own(styles, is_style, "a style of this program")
    if not _is_summary(summary):
        confidence = [confidence_path(out)]
        require_own(confidence, lambda path: _described(path) == (CONFIDENCE,), "the confidence of a map")
        require_own([out.with_suffix(".png")], lambda _: False, "the quick look of a map")


def _is_summary(path: Path) -> bool:
    return is_record(path, "map", "quicklook", "classes")


def _is_of_inputs(path: Path) -> bool:
    return any(text is not None and text.startswith(INPUTS) for text in _described(path))


def _described(path: Path) -> tuple[str | None, ...]:
    """Read the descriptions of the bands of a raster; none of another file."""
    try:
        with open_raster(path) as dataset:
            return tuple(dataset.descriptions)
    except InputError:
        return ()
