"""Corner reflectors: on open ground that the radar sees, apart, and as lobes of known width and power."""

import itertools
import math

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.simulate.noise import stream
from oemsar.simulate.render.visibility import visibility
from oemsar.simulate.scene.reflectors import place_reflectors, point_response
from oemsar.simulate.scene.world import SimulatedScene


def test_lobe_has_its_power_place_and_width() -> None:
    image = point_response([33.3], [14.6], 9.0, (31, 52))
    assert (image.dtype, image.shape) == (np.float32, (31, 52))
    rows, columns = np.indices(image.shape)
    assert image.sum() == pytest.approx(9 * math.pi, rel=1e-3)
    assert (image * columns).sum() / image.sum() == pytest.approx(33.3, abs=1e-3)
    assert (image * rows).sum() / image.sum() == pytest.approx(14.6, abs=1e-3)
    on_grid = point_response([33.0], [14.0], 9.0, (31, 52))
    assert on_grid[14, 33] == 9
    assert (on_grid[13, 33], on_grid[14, 34]) == pytest.approx((9 / math.e, 9 / math.e))


def test_lobes_add_up_and_are_cut_off_at_the_edge() -> None:
    whole = point_response([3.0, 6.5], [2.0, 2.0], 4.0, (9, 15))
    parts = point_response([3.0], [2.0], 4.0, (9, 15)) + point_response([6.5], [2.0], 4.0, (9, 15))
    np.testing.assert_allclose(whole, parts, rtol=1e-6)
    for column, row in ((-0.5, 4.0), (14.5, 4.0), (7.0, -0.5), (7.0, 8.5)):
        assert point_response([column], [row], 1.0, (9, 15)).sum() == pytest.approx(math.pi / 2, rel=0.01)
    assert not point_response([40.0], [4.0], 1.0, (9, 15)).any()
    assert not point_response([], [], 1.0, (9, 15)).any()


def test_reflectors_stand_apart_on_open_ground_within_the_orthophoto(scene: SimulatedScene) -> None:
    geometry, world = scene.geometry, scene.still
    places = place_reflectors(geometry, world, 9, stream(3))
    assert places.shape == (9, 2)
    seen = visibility(world, geometry.region, geometry.reach).ground
    for row, column in places:
        assert seen[row - 3 : row + 4, column - 3 : column + 4].all()
        assert geometry.core[0].start + 24 <= row < geometry.core[0].stop - 24
        assert geometry.core[1].start + 24 <= column < geometry.core[1].stop - 24
    for one, other in itertools.combinations(places, 2):
        assert np.abs(one - other).max() >= 24
    assert len(np.unique(places[:, 0])) > 3


def test_more_reflectors_than_there_is_room_for_are_refused(scene: SimulatedScene) -> None:
    with pytest.raises(InputError, match="5000 reflectors are more than the scene has open ground for"):
        place_reflectors(scene.geometry, scene.still, 5000, stream(3))
    assert place_reflectors(scene.geometry, scene.still, 0, stream(3)).shape == (0, 2)
