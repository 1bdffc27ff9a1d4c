"""Parameters of remaps and stretches, from the statistics of a whole scene."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.config import OpticalOptions, RemapOptions
from oemsar.prepare.radiometry.remap import IDENTITY, PERCENTILE, Remap
from oemsar.prepare.radiometry.scene_statistics import SceneStatistics, Workers, scene_statistics
from oemsar.progress import Report


def fit_remap(
    remap: Remap, statistics: SceneStatistics, table: AmplitudeTable, options: RemapOptions, scene: Path
) -> tuple[dict[str, float], NDArray[np.uint8]]:
    """Take the parameters of a remap from a whole scene.

    Args:
        remap: Remap to fit.
        statistics: Statistics of the scene.
        table: Amplitudes of its pixel values.
        options: Limits that a person sets.
        scene: File of the scene, for the message.

    Returns:
        The parameters, and the grey value of every index of the table, uint8.

    Raises:
        InputError: The scene holds no data, one value only, or values that no radar measures.
    """
    histogram = statistics.histogram
    if not histogram.count:
        raise InputError(f"{scene} holds no data: every pixel is nodata, not a number, or zero padding")
    if histogram.minimum == histogram.maximum:
        raise InputError(f"{scene} holds one value only; there is nothing to remap")
    parameters = remap.fit(histogram, options)
    if not all(map(math.isfinite, parameters.values())):
        raise InputError(
            f"{scene} has amplitudes up to {histogram.maximum:g}, which no radar measures; check its values "
            "and its kind of product",
            option="product",
        )
    return parameters, remap.grey(table.amplitudes, parameters)


def fit_stretch(
    workers: Workers, table: AmplitudeTable, options: OpticalOptions, scene: Path, report: Report
) -> tuple[dict[str, float], NDArray[np.uint8]]:
    """Take the stretch of an orthophoto from all of it; bytes for viewing are not stretched.

    Args:
        workers: Threads with the pixels.
        table: Values of the pixels.
        options: Meaning of the pixels, and percentiles.
        scene: File of the orthophoto, for the message.
        report: Called with the blocks done and in all.

    Returns:
        The values that become 1 and 255 (reflectance for calibrated pixels) and the largest relative error of
        both; and the grey value of every index of the table, uint8.

    Raises:
        InputError: The orthophoto holds no data or one value only.
    """
    if table.amplitudes.size == 256 and options.gain is None:
        return {}, IDENTITY.grey(table.amplitudes, {})
    histogram = scene_statistics(workers, table, report).histogram
    if not histogram.count:
        raise InputError(f"{scene} holds no data: every pixel is nodata or not a number")
    if histogram.minimum == histogram.maximum:
        raise InputError(f"{scene} holds one value only; there is nothing to stretch")
    limits = PERCENTILE.fit(histogram, RemapOptions(percentiles=options.percentiles))
    grey = PERCENTILE.grey(table.amplitudes, limits)
    if options.gain is not None:
        offset = options.offset or 0.0
        limits = {name: options.gain * value + offset for name, value in limits.items()}
    return {**limits, "relative_error": histogram.relative_error}, grey


def require_remappable(remap: Remap, dtype: np.dtype[Any], scene: Path) -> None:
    """Check that a remap takes pixels of a type.

    Raises:
        InputError: The remap keeps bytes, and the pixels are none.
    """
    if remap.name == IDENTITY.name and dtype != np.uint8:
        raise InputError(
            f"{scene} has {dtype.name} pixels, and identity keeps bytes as they are; choose another remap",
            option="remap",
        )
