"""Statistics from counts are those of the pixels, to the stated error."""

import numpy as np
import pytest

from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.products.product import Encoding


@pytest.mark.parametrize("percent", [0, 1, 25, 50, 99, 100])
def test_quantiles_of_bytes_are_numpys_inverted_distribution(percent: float) -> None:
    pixels = np.random.default_rng(1).poisson(20, 1001).astype(np.uint8)
    counts = np.bincount(pixels, minlength=256)
    histogram = Histogram.from_table(np.arange(256.0), counts, 0.0)
    assert histogram.quantile(percent) == np.percentile(pixels, percent, method="inverted_cdf")


def test_statistics_of_floats_are_right_to_the_stated_error() -> None:
    pixels = np.random.default_rng(2).rayleigh(7, 40_000).astype(np.float32)
    table = AmplitudeTable.build(pixels.dtype, Encoding.AMPLITUDE, 1.0)
    counts = np.bincount(table.indices(pixels), minlength=table.amplitudes.size)
    histogram = Histogram.from_table(table.amplitudes, counts, table.relative_error)
    found = [histogram.minimum, histogram.maximum, histogram.mean, histogram.quantile(99)]
    expected = [pixels.min(), pixels.max(), pixels.mean(), np.percentile(pixels, 99, method="inverted_cdf")]
    np.testing.assert_allclose(found, expected, rtol=table.relative_error)
    assert table.relative_error < 3e-4
    assert histogram.count == pixels.size


def test_least_positive_leaves_zeros_out() -> None:
    histogram = Histogram.from_table(np.array([0.0, 3.0, 2.0, np.nan]), np.array([5, 1, 1, 9]), 0.0)
    assert (histogram.minimum, histogram.least_positive, histogram.count) == (0, 2, 7)
