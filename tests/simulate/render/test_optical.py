"""The orthophoto: shadows of known length, Lambert's law on slopes, crop rows at their distance."""

import math
from dataclasses import replace

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.render.optical import photograph, render_optical
from oemsar.simulate.world.infrared import infrared
from oemsar.simulate.world.materials import MATERIALS
from oemsar.simulate.world.polygon import Rectangle, heading
from oemsar.simulate.world.surfaces import Surface, SurfaceRaster

from ..worlds import grass_with, profile, region, slope_along

GSD, SHAPE = 0.25, (360, 420)
CENTRE = complex(56, 43)
WHOLE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))


@pytest.mark.parametrize("azimuth", [90, 127, 180, 233])
def test_shadow_of_a_box_is_dark_and_of_the_right_length(azimuth: float) -> None:
    world = grass_with([(Rectangle(CENTRE, heading(azimuth), 12.0, 12.0), 10.0)], SHAPE, GSD)
    seen = region(gsd=GSD, sun_azimuth=azimuth, sun_elevation=45, haze=0)
    image = render_optical(world, seen, WHOLE, stream(3)).mean(axis=0)
    metres = np.arange(-34, 34, GSD)
    values = profile(image, CENTRE, azimuth + 180, GSD, metres)
    background = np.median(values[np.abs(metres) > 26])
    dark = metres[(values < 0.65 * background) & (metres > 12)]
    assert len(dark) * GSD == pytest.approx(10, abs=4 * GSD)
    assert dark.min() == pytest.approx(12, abs=3 * GSD)


@pytest.mark.parametrize("azimuth", [143.0, 231.0])
@pytest.mark.parametrize("rise", [0.3, -0.3])
def test_slopes_are_lit_by_the_cosine_of_the_sun_and_by_the_sky(azimuth: float, rise: float) -> None:
    """The sky gives 30, 34 and 40 % of the light on flat ground in red, green and blue."""
    seen = region(gsd=GSD, sun_azimuth=azimuth, sun_elevation=48, haze=0.0)
    shape, core = (90, 130), (slice(20, 70), slice(25, 100))
    flat, sloping = (
        render_optical(
            grass_with([], shape, GSD, slope_along(azimuth, slope, shape, GSD)), seen, core, stream(3)
        ).astype(float)
        for slope in (0.0, rise)
    )
    sun = (1 - rise / math.tan(math.radians(48))) / math.sqrt(1 + rise**2)
    expected = [sky + (1 - sky) * sun for sky in (0.30, 0.34, 0.40)]
    assert sloping.mean(axis=(1, 2)) / flat.mean(axis=(1, 2)) == pytest.approx(expected, rel=0.01)


def test_colour_is_that_of_the_material_cast_by_the_survey_and_hazed() -> None:
    shape, core = (80, 110), (slice(0, 80), slice(0, 110))
    casts = {"FRA": (0.97, 1.0, 1.03), "JPN": (0.95, 1.03, 0.99), "USA": (1.04, 1.0, 0.90)}
    surfaces = SurfaceRaster(shape, GSD, 0.0, stream(8))
    surfaces.draw(Rectangle(0, 1, 1e3, 1e3).outline, Surface("concrete"))
    table, index = surfaces.table(), surfaces.index()
    world = replace(grass_with([], shape, GSD), surface=index, table=table)
    for country, cast in casts.items():
        for haze in (0.0, 0.08):
            image = render_optical(world, region(gsd=GSD, country=country, haze=haze), core, stream(3))
            assert image.shape == (3, 80, 110)
            clear = table.colour[1] * np.array(cast)
            expected = clear * (1 - haze) + np.array([140, 155, 175]) * haze
            assert image.mean(axis=(1, 2)) == pytest.approx(expected, rel=0.03)
    ratio = table.colour[1] / np.array(MATERIALS["concrete"].colour)
    assert ratio == pytest.approx(ratio.mean(), rel=0.05)


@pytest.mark.parametrize("azimuth", [37.0, 118.0])
def test_crop_rows_run_along_their_axis_at_their_distance(azimuth: float) -> None:
    shape, core = (300, 340), (slice(31, 271), slice(17, 317))
    spacing, axis = 2.2, heading(azimuth)
    surfaces = SurfaceRaster(shape, GSD, 0.0, stream(8))
    surfaces.draw(Rectangle(0, 1, 1e3, 1e3).outline, Surface("ripe", row_axis=axis, row_spacing=spacing))
    world = replace(grass_with([], shape, GSD), surface=surfaces.index(), table=surfaces.table())
    image = render_optical(world, region(gsd=GSD, haze=0.0), core, stream(3)).mean(axis=0)
    rows, columns = np.mgrid[core]
    place = (columns + 1j * rows) * GSD
    relative = image / image.mean()

    def strength(distance: float, coordinate: np.ndarray) -> float:
        return float(2 * (relative * np.cos(2 * np.pi * coordinate / distance)).mean())

    across = (place * np.conj(axis)).imag
    assert 0.06 < strength(spacing, across) < 0.1
    assert abs(strength(spacing, (place * np.conj(axis)).real)) < 0.015
    assert abs(strength(spacing * 1.3, across)) < 0.015


def test_trees_are_green_and_bear_their_own_brightness() -> None:
    world = grass_with([], (60, 90), GSD)
    is_tree = np.zeros((60, 90), bool)
    is_tree[:, 45:] = True
    tone = np.ones((60, 90), np.float32)
    tone[:30] = 1.3
    image = render_optical(
        replace(world, is_tree=is_tree, tone=tone),
        region(gsd=GSD, haze=0.0, dryness=0.0),
        (slice(0, 60), slice(0, 90)),
        stream(3),
    ).astype(float)
    bright, plain = image[:, 4:26, 50:85].mean(axis=(1, 2)), image[:, 34:56, 50:85].mean(axis=(1, 2))
    assert bright / plain == pytest.approx([1.3] * 3, rel=0.1)
    assert plain == pytest.approx(np.array(MATERIALS["hedge"].colour) * 0.98 * (0.97, 1, 1.03), rel=0.1)


def test_the_near_infrared_leaves_the_colours_and_has_their_shadows() -> None:
    world = grass_with([(Rectangle(CENTRE, heading(127), 12.0, 12.0), 10.0)], SHAPE, GSD)
    seen = region(gsd=GSD, sun_azimuth=127, sun_elevation=45, haze=0, dryness=0.3)
    taken = photograph(world, seen, WHOLE, stream(3), infrared=stream(4))
    assert taken.infrared is not None
    np.testing.assert_array_equal(taken.colours, render_optical(world, seen, WHOLE, stream(3)))
    assert photograph(world, seen, WHOLE, stream(3)).infrared is None
    metres = np.arange(14, 20, GSD)
    near, red = (
        profile(image, CENTRE, 127 + 180, GSD, metres).mean() / np.median(image[:40, :40])
        for image in (taken.infrared, taken.colours[0])
    )
    assert near == pytest.approx(0.20, abs=0.06)
    assert red == pytest.approx(0.30, abs=0.08)
    assert near < 0.8 * red
    grey, lawn = np.median(taken.infrared[:40]), np.median(taken.colours[0, :40])
    assert grey / infrared("grass", 0.3) == pytest.approx(1, abs=0.25)
    assert grey > 1.4 * lawn


def test_what_is_random_in_the_near_infrared_is_a_factor_of_each_surface() -> None:
    world = grass_with([(Rectangle(CENTRE, 1, 12.0, 12.0), 4.0)], SHAPE, GSD)
    seen = region(gsd=GSD, sun_azimuth=180, sun_elevation=60, haze=0)
    one, other = (
        photograph(world, seen, WHOLE, stream(3), infrared=stream(number)).infrared for number in (4, 5)
    )
    assert one is not None
    assert other is not None
    ratio = one[:40].astype(float) / other[:40]
    assert ratio.std() < 0.01
    assert abs(ratio.mean() - 1) > 0.01
