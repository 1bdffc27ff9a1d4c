"""Amplitudes at the ends of what numbers hold: grey values or a sentence, and no warning of numpy."""

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.config import REMAPS, RadiometryConfig
from oemsar.prepare.radiometry.fit import fit_remap
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.products.product import Encoding

DTYPE = np.dtype(np.uint16)


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_every_remap_of_extreme_amplitudes(encoding: Encoding, scale: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = AmplitudeTable.build(DTYPE, encoding, scale)
        for values in ([1, 2, 3], [0, 1], [1, 6000], [5000, 5900]):
            counts = np.bincount(values, minlength=table.amplitudes.size)
            statistics: Any = SimpleNamespace(histogram=Histogram.from_table(table.amplitudes, counts, 0.0))
            for name in REMAPS:
                config = RadiometryConfig(remap=name)
                try:
                    parameters, grey = fit_remap(REMAPS.find(name), statistics, table, config, Path("a.tif"))
                except InputError:
                    continue
                assert np.isfinite([*parameters.values()]).all()
                assert (grey[np.isfinite(table.amplitudes)] >= 1).all()
                if encoding is Encoding.AMPLITUDE and name == "density" and values == [1, 2, 3]:
                    assert grey[65535] == 255


def test_amplitudes_that_no_radar_measures_are_told() -> None:
    table = AmplitudeTable.build(DTYPE, Encoding.DECIBEL, 1.0)
    counts = np.bincount([6000, 6160], weights=[1, 10**6], minlength=table.amplitudes.size).astype(np.int64)
    statistics: Any = SimpleNamespace(histogram=Histogram.from_table(table.amplitudes, counts, 0.0))
    with pytest.raises(InputError, match=r"a\.tif has amplitudes up to 1e\+308, which no radar measures"):
        fit_remap(REMAPS.find("density"), statistics, table, RadiometryConfig(), Path("a.tif"))
