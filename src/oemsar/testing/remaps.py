"""The contract of a remap."""

import json

import numpy as np

from oemsar.prepare.radiometry.config import REMAPS, RemapOptions
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.prepare.radiometry.remap import Remap
from oemsar.testing.expect import expect


def check_remap(name: str) -> None:
    """Check that a registered remap keeps the contract.

    The remap bears its name; its parameters are numbers that JSON holds; grey values are 1 to 255 where there
    is data and 0 where the amplitude is NaN, of the shape of the amplitudes; and a larger amplitude never
    gets a smaller grey value. Scenes of dark and of bright pixels are tried, with zeros and a bright target.

    Args:
        name: Name in `oemsar.prepare.radiometry.config.REMAPS`.

    Raises:
        AssertionError: The remap breaks the contract; the sentence says how.
        InputError: The remap is not known.
    """
    remap = REMAPS.find(name)
    expect(isinstance(remap, Remap), f"remap {name} is no oemsar.prepare.radiometry.remap.Remap")
    expect(remap.name == name, f"remap {name} bears the name {remap.name}")
    expect(bool(remap.summary), f"remap {name} has no summary for the list of remaps")
    for scale in (1e-3, 1.0, 40.0):
        amplitudes = np.sort(np.random.default_rng(0).rayleigh(scale, 5000))
        amplitudes[:3], amplitudes[-1] = 0, 100 * scale
        _check_scene(remap, amplitudes)


def _check_scene(remap: Remap, amplitudes: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    values, counts = np.unique(amplitudes, return_counts=True)
    parameters = remap.fit(Histogram(values, counts, 0.0), RemapOptions())
    try:
        json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"remap {remap.name} has parameters that JSON does not hold: {parameters}"
        ) from error
    grey = remap.grey(np.append(amplitudes, np.nan).reshape(3, -1), parameters)
    expect(grey.dtype == np.uint8, f"remap {remap.name} gives {grey.dtype} where uint8 is due")
    expect(grey.shape == (3, 1667), f"remap {remap.name} changes the shape of the amplitudes")
    flat = grey.ravel().astype(int)
    expect(flat[-1] == 0, f"remap {remap.name} gives a pixel without data the grey value {flat[-1]}")
    expect(bool(flat[:-1].min() >= 1), f"remap {remap.name} gives a pixel with data the grey value 0")
    expect(
        bool((np.diff(flat[:-1]) >= 0).all()),
        f"remap {remap.name} gives a larger amplitude a smaller grey value",
    )
