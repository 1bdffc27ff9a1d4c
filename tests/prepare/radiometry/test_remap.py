"""Remaps agree with NGA's sarpy and with the points their formulas name."""

import numpy as np
import pytest

from oemsar.prepare.radiometry.config import REMAPS, RemapOptions
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.prepare.radiometry.remap import DENSITY

AMPLITUDES = np.array([0.01, 0.5, 1.0, 2.0, 3.7, 8.0, 20.0, 55.0, 130.0, 400.0])

# sarpy 2.1.1, sarpy.visualization.remap: Linear and Logarithmic (min_value=0.5, max_value=130), Density and
# PEDF (data_mean=4), NRL (stats=(0.5, 130, 20)) of the amplitudes above
SARPY = {
    "linear": ({"minimum": 0.5, "maximum": 130.0}, [0, 0, 0, 2, 6, 14, 38, 107, 255, 255]),
    "log": ({"minimum": 0.5, "maximum": 130.0}, [0, 0, 1, 4, 8, 20, 51, 129, 255, 255]),
    "density": ({"mean": 4.0}, [0, 0, 0, 1, 38, 85, 141, 203, 255, 255]),
    "pedf": ({"mean": 4.0}, [0, 0, 0, 1, 38, 85, 134, 165, 191, 225]),
    "nrl": (
        {"minimum": 0.5, "maximum": 130.0, "changeover": 20.0},
        [0, 0, 5, 15, 33, 78, 204, 224, 255, 255],
    ),
}


def _histogram(amplitudes: np.ndarray) -> Histogram:
    values, counts = np.unique(amplitudes, return_counts=True)
    return Histogram(values, counts, 0.0)


@pytest.mark.parametrize("name", list(SARPY))
def test_grey_values_are_sarpys_but_for_the_lowest(name: str) -> None:
    parameters, expected = SARPY[name]
    np.testing.assert_array_equal(REMAPS.find(name).grey(AMPLITUDES, parameters), np.maximum(expected, 1))


@pytest.mark.parametrize("name", list(REMAPS))
def test_every_remap_rises_and_tells_data_from_none(name: str) -> None:
    amplitudes = np.sort(np.random.default_rng(0).rayleigh(40, 5000))
    parameters = REMAPS.find(name).fit(_histogram(amplitudes), RemapOptions())
    grey = REMAPS.find(name).grey(np.append(amplitudes, [0.0, np.nan]), parameters)
    assert (np.diff(grey[:-2].astype(int)) >= 0).all()
    assert grey[:-1].min() >= 1
    assert grey[-1] == 0


def test_density_is_30_at_the_low_cut_and_255_forty_times_above() -> None:
    parameters = DENSITY.fit(_histogram(np.array([5.0, 15.0])), RemapOptions())
    grey = DENSITY.curve(np.array([8.0, 320.0]), **parameters)
    np.testing.assert_allclose(grey, [30, 255])


def test_db_clip_takes_its_limits_from_the_person_or_the_scene() -> None:
    remap = REMAPS.find("db-clip")
    given = remap.fit(_histogram(AMPLITUDES), RemapOptions(db=(-20, 0)))
    np.testing.assert_allclose(
        remap.curve(np.array([0.1, 10**-0.5, 1.0, 9.0]), **given), [0, 127.5, 255, 255]
    )
    taken = remap.fit(_histogram(10 ** np.linspace(-2, 1, 101)), RemapOptions(percentiles=(0, 100)))
    assert taken == pytest.approx({"low_db": -40, "high_db": 20})


def test_identity_keeps_bytes() -> None:
    values = np.arange(256, dtype=float)
    np.testing.assert_array_equal(REMAPS.find("identity").grey(values, {}), np.maximum(values, 1))
