"""Windows cover an axis, and their weights add up to one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oemsar.errors import InputError
from oemsar.predict.windows import ramp, spans


@given(size=st.integers(1, 5000), window=st.integers(1, 700), share=st.floats(0, 1 / 3))
def test_weights_of_all_windows_add_up_to_one_at_every_pixel(size: int, window: int, share: float) -> None:
    overlap = int(window * share)
    total = np.zeros(size)
    for span in spans(size, window, overlap):
        assert 0 <= span.start <= span.first
        assert span.last <= span.start + span.size <= size
        total[span.first : span.last] += span.weights()
    np.testing.assert_allclose(total, 1, atol=1e-6)


@given(size=st.integers(1, 5000), window=st.integers(3, 700), share=st.floats(0, 1 / 3))
def test_only_neighbours_share_pixels(size: int, window: int, share: float) -> None:
    found = spans(size, window, int(window * share))
    for before, after in zip(found, found[2:], strict=False):
        assert before.last <= after.first


@given(size=st.integers(1, 5000), window=st.integers(3, 700), share=st.floats(0, 1 / 3))
def test_no_fewer_windows_could_cover_the_axis(size: int, window: int, share: float) -> None:
    overlap = int(window * share)
    count = len(spans(size, window, overlap))
    assert count == 1 or (count - 1) * (window - overlap) + overlap < size


def test_weights_are_below_one_in_the_zones_alone() -> None:
    for span in spans(2500, 700, 200):
        below = np.zeros(span.last - span.first, bool)
        for zone in span.zones:
            below[zone] = True
        np.testing.assert_array_equal(span.weights() < 1, below)


def test_ramp_is_a_symmetric_raised_cosine() -> None:
    rising = ramp(8)
    np.testing.assert_allclose(rising + rising[::-1], 1, atol=1e-7)
    assert (np.diff(rising) > 0).all()
    assert rising[0] == pytest.approx(0.5 - 0.5 * np.cos(np.pi / 16))


@pytest.mark.parametrize(("window", "overlap"), [(100, 34), (100, -1), (0, 0)])
def test_zones_that_would_meet_are_refused(window: int, overlap: int) -> None:
    with pytest.raises(InputError, match="third of the window"):
        spans(1000, window, overlap)
