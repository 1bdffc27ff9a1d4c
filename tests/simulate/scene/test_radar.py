"""The radar image of a scene: its echoes in range, its reflectors and its noise at their places."""

import math
from dataclasses import replace

import numpy as np
import pytest

from oemsar.simulate.scene.radar import focus, receive
from oemsar.simulate.scene.reflectors import PEAK_LEVEL
from oemsar.simulate.scene.streams import Stream
from oemsar.simulate.scene.world import SimulatedScene
from oemsar.simulate.world.polygon import heading


def test_surface_is_received_in_two_parts_side_by_side_in_range(scene: SimulatedScene) -> None:
    near, far, *points = receive(scene)
    assert len(points) == 2
    np.testing.assert_array_equal(near.powers, far.powers)
    step = far.columns - near.columns + 1j * (far.rows - near.rows)
    np.testing.assert_allclose(step, 0.5 * heading(scene.geometry.region.look_azimuth), atol=1e-4)
    rows, columns = scene.geometry.shape
    assert 0 < near.rows.max() < rows
    assert 0 < near.columns.max() < columns
    assert near.columns.max() > rows  # the canvas is wider than high


def test_without_echoes_there_is_noise_and_the_reflectors_at_their_places(scene: SimulatedScene) -> None:
    acquisition, geometry = scene.acquisition, scene.geometry
    shape = acquisition.image.shape
    image = focus(scene, [], acquisition.to_image, shape, Stream.SPECKLE)
    assert (image.dtype, image.shape) == (np.uint8, shape)
    rows, columns = scene.reflectors.T
    height = scene.land_cover.ground[rows, columns] + geometry.base
    places = np.stack(acquisition.image.to_image(*geometry.on_map(columns, rows), height))
    for column, row in np.round(places.T).astype(int):
        assert image[row - 1 : row + 2, column - 1 : column + 2].min() == 255
    region = geometry.region
    y, x = np.indices(shape)
    far = np.ones(shape, bool)
    for column, row in places.T:
        far &= np.hypot(x - column, y - row) > 9
    # the amplitude of a mean power of L looks is lower than its root by Gamma(L + 1/2) / Gamma(L) sqrt(L)
    looks = region.looks
    mean = math.gamma(looks + 0.5) / math.gamma(looks) / math.sqrt(looks)
    expected = region.radar_offset + region.radar_gain * mean * math.sqrt(10**-2.2)
    assert image[far].mean() == pytest.approx(expected, rel=0.05)


def test_reflector_would_peak_at_its_level_if_digits_went_on(scene: SimulatedScene) -> None:
    dim = replace(scene.geometry.region, radar_gain=scene.geometry.region.radar_gain)
    bright = ((PEAK_LEVEL - dim.radar_offset) / dim.radar_gain) ** 2
    assert dim.radar_offset + dim.radar_gain * math.sqrt(bright) == pytest.approx(2500)
    image = focus(scene, [], scene.acquisition.to_image, scene.acquisition.image.shape, Stream.SPECKLE)
    # a Gaussian amplitude lobe exp(-r^2 / 2) is above 255 out to r = sqrt(2 ln(2500 / 255))
    saturated = (image == 255).sum() / len(scene.reflectors)
    assert saturated == pytest.approx(math.pi * 2 * math.log(2500 / 255), rel=0.15)


def test_echo_of_a_place_appears_where_the_displacement_says(scene: SimulatedScene) -> None:
    surface = receive(scene)[0]
    middle = tuple(size // 2 for size in scene.geometry.shape)
    chosen = np.argmin(np.hypot(surface.rows - middle[0], surface.columns - middle[1] - 31))
    lone = replace(
        surface,
        rows=surface.rows[[chosen]],
        columns=surface.columns[[chosen]],
        heights=surface.heights[[chosen]],
        powers=np.array([1e3], np.float32),
    )
    bare = replace(scene, reflectors=np.zeros((0, 2), np.intp))
    image = focus(bare, [lone], scene.acquisition.to_image, scene.acquisition.image.shape, Stream.SPECKLE)
    column, row = scene.acquisition.image.to_image(
        *scene.geometry.on_map(lone.columns.astype(float), lone.rows.astype(float)),
        lone.heights.astype(float) + scene.geometry.base,
    )
    brightest = np.argwhere(image == image.max())
    assert np.abs(brightest - [row[0], column[0]]).min(axis=0).max() < 1.01
