"""Layover and shadow of bodies whose masks are known from a drawing."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from oemsar.geometry.layover import layover_and_shadow

STEP = 0.25
S = np.arange(0, 400, STEP)


def masks(heights: NDArray[Any], incidence: float) -> tuple[Any, Any]:
    found = layover_and_shadow(np.asarray(heights, np.float64), STEP, incidence)
    assert found.known.all()
    return found.layover, found.shadow


def agree(mask: NDArray[Any], truth: NDArray[Any], edges: int) -> None:
    """Equal but for at most one point at each of the `edges` of the truth."""
    assert (mask != truth).sum() <= edges


@pytest.mark.parametrize("incidence", [20.0, 35.0, 45.0, 60.0])
def test_a_long_building(incidence: float) -> None:
    angle, height, front, back = math.radians(incidence), 20.0, 150.0, 220.0
    layover, shadow = masks(np.where((front <= S) & (back > S), height, 0.0), incidence)
    falls, shade = height / math.tan(angle), height * math.tan(angle)
    # it falls on the ground before it; on its roof lies the ground before it
    agree(layover, (front - falls < S) & (front + falls > S) & (back > S), 3)
    agree(shadow, (back <= S) & (back + shade > S), 2)


def test_a_plain_and_gentle_slopes_are_clear() -> None:
    for slope in (0.0, 0.3, -0.3):
        layover, shadow = masks(100 + slope * S, 40.0)
        assert not layover.any()
        assert not shadow.any()


@pytest.mark.parametrize(("slope", "leans"), [(44.0, False), (46.0, True)])
def test_a_ramp_leans_over_from_the_incidence_angle_on(slope: float, leans: bool) -> None:
    rise = np.clip(S - 200, 0, 20) * math.tan(math.radians(slope))
    layover, shadow = masks(rise, 45.0)
    assert layover.any() == leans
    assert not shadow.any()


@pytest.mark.parametrize(("slope", "dark"), [(49.0, False), (51.0, True)])
def test_a_far_slope_is_dark_from_the_grazing_angle_on(slope: float, dark: bool) -> None:
    fall = 60 - np.clip(S - 200, 0, 20) * math.tan(math.radians(slope))
    layover, shadow = masks(fall, 40.0)
    assert shadow.any() == dark
    assert not layover.any()


def test_a_steep_ramp_marks_what_it_leans_on_and_what_it_leans_over() -> None:
    # 60 degrees steep, 20 m long, at 45 degrees: range falls by 20 (tan 60 - 1) m along it
    run, height = 20.0, 20 * math.tan(math.radians(60))
    layover, _ = masks(np.clip(S - 200, 0, run) * height / run, 45.0)
    reach = height - run
    agree(layover, (200 - reach < S) & (200 + run + reach > S), 2)


def test_a_pyramid() -> None:
    # square base of half side 40 m, seen square on: every profile is a trapezium
    incidence, slope = 35.0, 50.0
    rise = math.tan(math.radians(slope))
    aside = np.array([0.0, 5.0, 20.0, 35.0])[:, None]
    heights = rise * np.clip(40 - np.maximum(np.abs(S - 200), aside), 0, None)
    layover, shadow = masks(heights, incidence)
    for line, offset in enumerate(aside[:, 0]):
        top = rise * (40 - offset)
        run = 40 - offset
        falls = top / math.tan(math.radians(incidence)) - run
        front, crest = 160.0, 160.0 + run
        before, behind = front - falls, crest + falls
        if behind > 200 + offset:  # past the crest the range grows faster: by 1 + tan(slope) cot(incidence)
            left = falls - 2 * offset
            behind = 200 + offset + left / (1 + rise / math.tan(math.radians(incidence)))
        agree(layover[line], (before < S) & (behind > S), 3)
        assert not shadow[line].any()  # the far face falls less steeply than the ray, 55 degrees


def test_a_steep_pyramid_throws_a_shadow() -> None:
    incidence, rise = 50.0, math.tan(math.radians(60.0))
    heights = rise * np.clip(40 - np.abs(S - 200), 0, None)
    _, shadow = masks(heights, incidence)
    agree(shadow, (S > 200) & (200 + 40 * rise * math.tan(math.radians(incidence)) > S), 2)


def test_what_stands_in_the_dark_falls_over_nothing() -> None:
    heights = np.where((S >= 100) & (S < 110), 60.0, 0) + np.where((S >= 130) & (S < 135), 10.0, 0)
    layover, shadow = masks(heights, 45.0)
    assert shadow[(S > 111) & (S < 169)].all()
    assert not layover[(S > 171)].any()
    before = (S > 121) & (S < 129)
    assert not layover[before].any()
    # lit, it would fall over the ground before it
    alone, _ = masks(np.where((S >= 130) & (S < 135), 10.0, 0), 45.0)
    assert alone[before].all()


def test_a_hole_in_the_surface_is_unknown_and_hides_nothing() -> None:
    heights = np.where((S >= 100) & (S < 110), np.nan, 0.0)
    found = layover_and_shadow(heights, STEP, 45.0)
    np.testing.assert_array_equal(found.known, np.isfinite(heights))
    assert not found.layover.any()
    assert not found.shadow.any()


def by_brute_force(heights: NDArray[Any], incidence: float) -> tuple[Any, Any]:
    """Every point against every ray and every lit piece of the surface."""
    cotangent = 1 / math.tan(math.radians(incidence))
    along = np.arange(heights.size) * STEP
    point, other = np.ix_(range(heights.size), range(heights.size))
    rays = heights[point] + (along[point] - along[other]) * cotangent
    shadow = ((other < point) & (heights[other] > rays)).any(1)
    ranges = along - heights * cotangent
    low, high = np.minimum(ranges[:-1], ranges[1:]), np.maximum(ranges[:-1], ranges[1:])
    piece = np.arange(heights.size - 1)[None]
    met = (low[None] < ranges[:, None]) & (ranges[:, None] < high[None])
    met &= (piece != point) & (piece + 1 != point) & ~(shadow[:-1] | shadow[1:])[None]
    return met.any(1), shadow


@given(st.integers(0, 10_000), st.floats(30, 65), st.floats(0.05, 2))
@settings(max_examples=60)
def test_every_ray_and_every_range_followed_by_hand(seed: int, incidence: float, roughness: float) -> None:
    rough = np.cumsum(np.random.default_rng(seed).normal(0, roughness * STEP, 60))
    heights = np.concatenate([np.full(200, rough[0]), rough, np.full(200, rough[-1])])
    layover, shadow = masks(heights, incidence)
    overlaid, dark = by_brute_force(heights, incidence)
    np.testing.assert_array_equal(shadow, dark)
    assert not (overlaid & ~layover).any()
    # the far end of a shadow lies within a piece, whose lit part is not followed by hand
    assert dark.any() or not (layover & ~overlaid).any()
