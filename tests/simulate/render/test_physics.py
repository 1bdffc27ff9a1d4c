"""Layover, shadow and speckle against their closed forms: one box of known height on flat ground."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from oemsar.simulate.noise import Raster, stream
from oemsar.simulate.render.optical import render_optical
from oemsar.simulate.render.sar import radar_intensity
from oemsar.simulate.render.shadow import is_shadowed
from oemsar.simulate.render.speckle import draw_speckle
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.polygon import Rectangle, heading
from oemsar.simulate.world.region import Region, draw_region
from oemsar.simulate.world.surfaces import Roof, Surface, SurfaceRaster

GSD = 0.25
SIDE = 400
HEIGHT = 10.0
HALF = 12.0
"""Half the side of the box in metres; it stands in the middle of the canvas."""


def region(**changes: float) -> Region:
    drawn = draw_region(1, Place("FRA", "urban", 2.35, 48.86), stream(0))
    return replace(drawn, gsd=GSD, **changes)


def box_on_grass() -> WorldRasters:
    shape = (SIDE, SIDE)
    surfaces = SurfaceRaster(shape, GSD, 0.3, stream(1))
    middle = complex(SIDE, SIDE) * GSD / 2
    surfaces.draw(Rectangle(middle, 1, 1e3, 1e3).outline, Surface("grass"))
    box = Rectangle(middle, 1, HALF, HALF)
    surfaces.draw(box.outline, Surface("flat_grey", height=HEIGHT, roof=Roof(box)))
    surface, table = surfaces.index(), surfaces.table()
    flat = np.zeros(shape, np.float32)
    return WorldRasters(
        GSD, table.land_cover[surface], surface, table, flat, table.height[surface], flat > 0, flat + 1
    )


def profile(image: Raster, azimuth: float) -> tuple[Raster, Raster]:
    """Mean over the middle third of the box, and metres from its centre, both along `azimuth`."""
    band = slice(SIDE // 2 - 16, SIDE // 2 + 16)
    along_columns = azimuth in (90, 270)
    values = image[band].mean(axis=0) if along_columns else image[:, band].mean(axis=1)
    metres = (np.arange(SIDE) + 0.5 - SIDE / 2) * GSD
    forwards = azimuth in (90, 180)
    return (values, metres) if forwards else (values[::-1], metres)


@pytest.mark.parametrize("azimuth", [0, 90, 180, 270])
@pytest.mark.parametrize("incidence", [35.0, 48.0])
def test_box_lies_over_and_casts_shadow_as_its_height_says(azimuth: float, incidence: float) -> None:
    seen = region(look_azimuth=azimuth, incidence_angle=incidence)
    whole = (slice(0, SIDE), slice(0, SIDE))
    values, metres = profile(radar_intensity(box_on_grass(), seen, whole, stream(2)), azimuth)
    background = np.median(values[metres < -30])
    tangent = math.tan(math.radians(incidence))

    bright = metres[values > 6 * background]
    assert bright.min() == pytest.approx(-HALF - HEIGHT / tangent, abs=3 * GSD)
    dark = metres[(values < 0.5 * background) & (np.abs(metres) < 40)]
    assert dark.min() == pytest.approx(HALF - HEIGHT / tangent, abs=3 * GSD)
    assert dark.max() == pytest.approx(HALF + HEIGHT * tangent, abs=3 * GSD)


@pytest.mark.parametrize("azimuth", [0, 90, 180, 270])
def test_corner_of_wall_and_ground_shines_at_the_foot_facing_the_sensor(azimuth: float) -> None:
    seen = region(look_azimuth=azimuth, incidence_angle=40)
    whole = (slice(0, SIDE), slice(0, SIDE))
    values, metres = profile(radar_intensity(box_on_grass(), seen, whole, stream(2)), azimuth)
    assert metres[np.argmax(values)] == pytest.approx(-HALF, abs=2.5 * GSD)


def test_flat_ground_keeps_its_place_and_power() -> None:
    seen = region(incidence_angle=40, look_azimuth=73)
    world = box_on_grass()
    flat = replace(world, surface=np.ones_like(world.surface), height=np.zeros_like(world.height))
    whole = (slice(0, SIDE), slice(0, SIDE))
    intensity = radar_intensity(flat, seen, whole, stream(2))
    expected = 10 ** (world.table.backscatter[1] / 10)
    assert np.median(intensity) == pytest.approx(expected * 1.15, rel=0.08)


def test_radar_side_of_a_canvas_shows_what_stands_outside_it() -> None:
    """A core that begins behind the box still shows the box's shadow."""
    seen = region(look_azimuth=90, incidence_angle=45)
    first = SIDE // 2 + int(HALF / GSD) + 4
    core = (slice(SIDE // 2 - 16, SIDE // 2 + 16), slice(first, SIDE))
    intensity = radar_intensity(box_on_grass(), seen, core, stream(2))
    length = int(HEIGHT / GSD) - 4
    assert intensity[:, :length].mean() < 0.5 * intensity[:, length + 12 :].mean()


@pytest.mark.parametrize("azimuth", [0, 37, 90, 143, 180, 205, 270, 311])
@pytest.mark.parametrize("elevation", [30.0, 55.0])
def test_shadow_is_as_long_as_the_sun_is_low(azimuth: float, elevation: float) -> None:
    shape = (321, 321)
    height = np.zeros(shape, np.float32)
    height[160, 160] = HEIGHT  # a pole
    shadow = is_shadowed(height, heading(azimuth), elevation, GSD, 40)
    rows, columns = np.nonzero(shadow)
    distance = np.hypot(rows - 160, columns - 160) * GSD
    expected = HEIGHT / math.tan(math.radians(elevation))
    assert distance.max() == pytest.approx(expected, abs=2.5 * GSD)
    farthest = np.argmax(distance)
    away = complex(columns[farthest] - 160, rows[farthest] - 160)
    assert abs(np.angle(away / -heading(azimuth), deg=True)) < 4


@pytest.mark.parametrize("azimuth", [90, 180, 270])
def test_optical_shadow_of_the_box_is_dark_and_of_the_right_length(azimuth: float) -> None:
    seen = region(sun_azimuth=azimuth, sun_elevation=45, haze=0)
    whole = (slice(0, SIDE), slice(0, SIDE))
    image = render_optical(box_on_grass(), seen, whole, stream(3)).mean(axis=0).astype(np.float32)
    values, metres = profile(image, (azimuth + 180) % 360)
    background = np.median(values[np.abs(metres) > 30])
    dark = metres[(values < 0.65 * background) & (metres > HALF)]
    assert len(dark) * GSD == pytest.approx(HEIGHT, abs=4 * GSD)


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_speckle_follows_the_gamma_distribution(looks: int) -> None:
    speckle = draw_speckle(stream(4), (600, 600), looks)
    assert speckle.mean() == pytest.approx(1, abs=0.01)
    assert speckle.var() == pytest.approx(1 / looks, rel=0.03)
    independent = speckle[::6, ::6].ravel()
    assert stats.kstest(independent, stats.gamma(looks, scale=1 / looks).cdf).pvalue > 0.01
