"""The radar image against closed forms: a box of known height, even slopes, and the scale of the digits."""

import math

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.render.sar import add_stray, digitise, gather_echoes, radar_intensity, render_sar
from oemsar.simulate.world.polygon import Rectangle, heading

from ..worlds import AZIMUTHS, grass_with, profile, region, slope_along

GSD, SHAPE = 0.25, (360, 420)
CENTRE = complex(56, 43)
HEIGHT, HALF = 10.0, 12.0
WHOLE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))
METRES = np.arange(-36, 36, GSD)


@pytest.mark.parametrize(
    ("azimuth", "incidence"), [(azimuth, 35 + 13 * (n % 2)) for n, azimuth in enumerate(AZIMUTHS)]
)
def test_box_lies_over_and_casts_shadow_as_its_height_says(azimuth: float, incidence: float) -> None:
    world = grass_with([(Rectangle(CENTRE, heading(azimuth), HALF, 14.0), HEIGHT)], SHAPE, GSD)
    seen = region(gsd=GSD, look_azimuth=azimuth, incidence_angle=incidence)
    intensity = radar_intensity(world, seen, WHOLE, stream(2))
    values = profile(intensity, CENTRE, azimuth, GSD, METRES)
    background = np.median(values[METRES < -30])
    tangent = math.tan(math.radians(incidence))

    bright = METRES[values > 3 * background]
    assert bright.min() == pytest.approx(-HALF - HEIGHT / tangent, abs=3 * GSD)
    dark = METRES[(values < 0.5 * background) & (np.abs(METRES) < 32)]
    assert dark.min() == pytest.approx(HALF - HEIGHT / tangent, abs=3 * GSD)
    assert dark.max() == pytest.approx(HALF + HEIGHT * tangent, abs=3 * GSD)
    # the corner of wall and ground keeps the place of the wall's foot
    assert METRES[np.argmax(values)] == pytest.approx(-HALF, abs=3 * GSD)


def test_flat_ground_keeps_its_place_and_power() -> None:
    seen = region(gsd=GSD, incidence_angle=40, look_azimuth=73)
    world = grass_with([], SHAPE, GSD)
    intensity = radar_intensity(world, seen, WHOLE, stream(2))
    expected = 10 ** (world.table.backscatter[1] / 10)
    assert np.median(intensity) == pytest.approx(expected * 1.15, rel=0.08)


@pytest.mark.parametrize("azimuth", [37.0, 205.0, 270.0])
@pytest.mark.parametrize("rise", [0.2, -0.2])
def test_slopes_that_face_the_radar_are_brighter_by_angle_and_by_foreshortening(
    azimuth: float, rise: float
) -> None:
    """Power goes with the local cosine to 1.5; on a rise of k, ground x appears at x (1 - k / tan i)."""
    seen = region(gsd=GSD, incidence_angle=40, look_azimuth=azimuth)
    shape, middle = (240, 300), (slice(60, 180), slice(90, 210))
    means = []
    for slope in (0.0, rise):
        world = grass_with([], shape, GSD, slope_along(azimuth, slope, shape, GSD))
        core = (slice(0, shape[0]), slice(0, shape[1]))
        means.append(radar_intensity(world, seen, core, stream(2))[middle].mean())
    i = math.radians(40)
    local = (math.cos(i) + rise * math.sin(i)) / math.sqrt(1 + rise**2) / math.cos(i)
    assert means[1] / means[0] == pytest.approx(local**1.5 / (1 - rise / math.tan(i)), rel=0.04)


@pytest.mark.parametrize("azimuth", [37.0, 143.0])
def test_core_is_cut_out_of_the_canvas_with_what_falls_into_it(azimuth: float) -> None:
    """A core at an offset is that part of the image of the whole canvas, but for strays from beyond it."""
    world = grass_with([(Rectangle(CENTRE, heading(azimuth), HALF, 14.0), HEIGHT)], SHAPE, GSD)
    seen = region(gsd=GSD, look_azimuth=azimuth, incidence_angle=45)
    core = (slice(70, 200), slice(131, 330))
    whole = radar_intensity(world, seen, WHOLE, stream(2))[core]
    part = radar_intensity(world, seen, core, stream(2))
    assert part.shape == (130, 199)
    np.testing.assert_allclose(part[45:-45, 45:-45], whole[45:-45, 45:-45], rtol=1e-4, atol=1e-6)


def test_strays_add_a_fifth_of_the_power_some_metres_around() -> None:
    point = np.zeros((150, 180), np.float32)
    point[70, 100] = 3.0
    image = add_stray(point, 0.4)
    assert image.sum() == pytest.approx(3 * 1.22, rel=1e-3)
    around = image - point
    for row, column in ((70, 100 + 10), (70 - 10, 100)):  # 4 m away, the standard deviation being 5 m
        assert around[row, column] / around[70, 100] == pytest.approx(math.exp(-0.5 * (4 / 5) ** 2), rel=0.01)


def test_digits_are_offset_and_gain_times_the_amplitude() -> None:
    seen = region(looks=60, radar_gain=150.0, radar_offset=12.0)
    intensity = np.full((30, 45), 0.09, np.float32)
    intensity[:, 20:] = 0.25
    digits = digitise(intensity, seen, stream(3)).astype(float)
    noise = 10**-2.2
    for part, power in ((digits[:, :20], 0.09), (digits[:, 20:], 0.25)):
        assert part.mean() == pytest.approx(12 + 150 * math.sqrt(power + noise), rel=0.01)
    lone = np.zeros_like(intensity)
    lone[7, 31] = 1.0
    changed = digitise(intensity, seen, stream(3), lone) - digits
    assert np.argwhere(changed).tolist() == [[7, 31]]
    assert digitise(intensity * 1e4, seen, stream(3)).min() == 255
    dark = region(looks=1, radar_gain=125.0, radar_offset=0.0)
    assert digitise(np.zeros((200, 90), np.float32), dark, stream(3)).min() == 1


def test_more_looks_make_the_image_smoother() -> None:
    world = grass_with([], (120, 160), GSD)
    core = (slice(10, 110), slice(20, 150))
    spread = [
        render_sar(world, region(gsd=GSD, looks=looks), core, stream(4)).astype(float).std()
        for looks in (1, 4)
    ]
    assert spread[0] > 1.5 * spread[1]


def test_points_shine_on_roofs_with_lobes_along_and_across_the_look() -> None:
    box = Rectangle(CENTRE, heading(20), HALF, 14.0)
    world = grass_with([(box, HEIGHT)], SHAPE, GSD)
    seen = region(gsd=GSD, look_azimuth=127)
    glints = gather_echoes(world, seen, stream(2))[2]
    on_roof = glints.heights == HEIGHT
    assert on_roof.all()
    count = 4 * HALF * 14 * 0.035
    points = (glints.rows % 1 == 0) & (glints.columns % 1 == 0)
    assert points.sum() == pytest.approx(count, abs=5 * math.sqrt(count))
    offset = (glints.columns + 0.5 + 1j * (glints.rows + 0.5)) * GSD - CENTRE
    inside = offset[points] * np.conj(heading(20))
    assert (np.abs(inside.real) < HALF + GSD).all()
    assert (np.abs(inside.imag) < 14 + GSD).all()
    strongest = np.argmax(np.where(points, glints.powers, 0))
    arms = (offset[~points] - offset[strongest]) / GSD
    turned = arms[np.abs(arms) < 40.5] * np.conj(heading(127))
    assert np.minimum(np.abs(turned.real), np.abs(turned.imag)) == pytest.approx(0, abs=1e-3)
    assert len(turned) == 160
