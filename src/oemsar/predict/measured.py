"""Images of a scene: how each is read, which ones a network needs, and those that are measured."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.errors import InputError
from oemsar.geometry.laid import laid_on
from oemsar.geometry.measured import measured_pixels
from oemsar.inputs import Input, Inputs
from oemsar.predict.config import PredictConfig
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.image import Statement
from oemsar.raster.pixels import Pixels, read_window
from oemsar.raster.read import Extent, describe, open_raster
from oemsar.raster.warp import lies_on

log = logging.getLogger(__name__)

_SAMPLES_PER_AXIS = 8
_SAMPLE = 256


@dataclass(frozen=True)
class Treatment:
    """Reading of an image of a scene.

    Attributes:
        statement: What a person states about bands and nodata.
        value_range: (low, high) of an image that is not 8-bit, mapped to 0..255; None takes the 1st and 99th
            percentile of the image.
    """

    statement: Statement = field(default_factory=Statement)
    value_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class MeasuredFile:
    """File of a measured input.

    Attributes:
        path: File, on any grid.
        statement: What a person states about bands and nodata.
    """

    path: Path
    statement: Statement = field(default_factory=lambda: Statement(prefix="input_"))


def treatments(config: PredictConfig) -> tuple[Treatment, Treatment]:
    """Give the treatments of the scene and of the orthophoto."""
    scene = Statement(config.bands, config.nodata)
    optical = Statement(config.optical_bands, config.optical_nodata, "optical_")
    return Treatment(scene, config.range), Treatment(optical, config.optical_range)


def images_beside(config: PredictConfig) -> dict[str, Path]:
    """List the images beside the scene by the name of their input."""
    optical = {} if config.orthophoto is None else {"optical": config.orthophoto}
    return {**optical, **config.further}


def measured_files(config: PredictConfig) -> dict[str, MeasuredFile]:
    """Give the files of measured inputs with what is stated about them."""
    return {
        name: MeasuredFile(path, Statement(config.bands_of(name), config.nodata_of(name), "input_"))
        for name, path in config.further.items()
    }


def require_images(
    path: Path, optical: Path | None, inputs: Inputs, further: Mapping[str, MeasuredFile]
) -> None:
    """Check that there is an image of every input of a network, and none besides.

    Args:
        path: Image of the first input.
        optical: Orthophoto beside it; None without.
        inputs: Inputs that the network sees.
        further: Files of measured inputs, by name.

    Raises:
        InputError: One is missing or superfluous.
    """
    first, behind = inputs.names[0], inputs.names[1:]
    if "optical" in behind and optical is None:
        others = "" if len(inputs) == 2 else f" ({inputs})"
        raise InputError(
            f"the model sees radar and optical{others}; give the orthophoto of {path}", option="optical"
        )
    if optical is not None and first == "optical":
        only = " only" if len(inputs) == 1 else ""
        raise InputError(f"the model sees optical{only}; give the orthophoto as the scene", option="optical")
    if optical is not None and "optical" not in behind:
        sees = "radar only" if str(inputs) == "sar" else str(inputs)
        raise InputError(
            f"the model sees {sees}; leave the orthophoto out or use a model of sar+optical",
            option="optical",
        )
    for name in behind:
        if name != "optical" and name not in further:
            raise InputError(
                f"the model sees {inputs}; give the {name} of {path}, such as {name}=FILE.tif", option="input"
            )
    for name in further:
        if name == first:
            raise InputError(
                f"the scene itself is the {name} image of this model; leave it out", option="input"
            )
        if name not in behind:
            raise InputError(f"the model sees {inputs}, no {name}; leave it out", option="input")


def open_first(
    stack: ExitStack, path: Path, part: Input, treatment: Treatment
) -> tuple[Pixels, tuple[int, ...], Georeference]:
    """Open the first input of a network where it is measured.

    Returns:
        Its pixels, the bands that a picture of it is made of, and its georeferencing.

    Raises:
        InputError: It is unreadable, of another number of bands or in another unit, or a range is given.
    """
    dataset = stack.enter_context(open_raster(path))
    if treatment.value_range is not None:
        raise InputError(
            f"{part.name} is seen in its own unit, {part.unit}; leave the range of values out",
            option=treatment.statement.option("range"),
        )
    pixels = measured_pixels(dataset, path, part, treatment.statement)
    bands = treatment.statement.bands or tuple(range(1, part.channels + 1))
    return pixels, bands[: 3 if len(bands) >= 3 else 1], georeference_of(dataset)


def open_laid(
    stack: ExitStack, file: MeasuredFile, part: Input, grid: GeoBox | None, shape: tuple[int, int]
) -> Pixels:
    """Open a measured input on the grid of a scene: bilinear, averaged first where the scene is coarser.

    Args:
        stack: Keeper of the open file.
        file: File of the input.
        part: Input.
        grid: Grid of the scene; None without.
        shape: Rows and columns of the scene.

    Raises:
        InputError: It is unreadable, of another number of bands, in another unit or elsewhere.
    """
    dataset = stack.enter_context(open_raster(file.path))
    raster = describe(dataset, file.path)
    pixels = measured_pixels(dataset, file.path, part, file.statement)
    if not lies_on(raster, grid, shape) and raster.grid is not None and grid is not None:
        pixels = laid_on(pixels, raster.grid, grid)
    return pixels


def tell_gaps(pixels: Pixels, path: Path, part: Input, *, are_known: bool = False) -> None:
    """Tell how much of a scene an input leaves open, by samples on a regular grid.

    Args:
        pixels: Input on the grid of the scene.
        path: File of the input.
        part: Input.
        are_known: Whether the network knows the gaps, and is not given the mean there.

    Raises:
        InputError: It carries no data on the scene.
    """
    known = count = 0
    for row in _starts(pixels.shape[0]):
        for column in _starts(pixels.shape[1]):
            extent = Extent(row, column, _SAMPLE, _SAMPLE).clipped(pixels.shape)
            valid = read_window(pixels, extent)[1]
            known, count = known + int(valid.sum()), count + valid.size
    if not known:
        low, high = part.valid_range
        raise InputError(
            f"{path} carries no {part.name} on the scene: no value lies from {low:g} to {high:g}, or it is "
            "elsewhere; check its nodata value and its unit"
        )
    if known < count:
        log.warning(
            "%s leaves about %.0f %% of the scene open; there the model %s",
            path,
            max(1, 100 * (1 - known / count)),
            "does without it" if are_known else f"takes the mean {part.name} of its training",
        )


def _starts(size: int) -> list[int]:
    return sorted({int(start) for start in np.linspace(0, max(0, size - _SAMPLE), _SAMPLES_PER_AXIS)})
