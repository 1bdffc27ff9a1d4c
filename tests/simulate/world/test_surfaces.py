"""Surfaces: drawn where they lie, later over earlier, with a row in the table each."""

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.world.materials import BUILDING, MATERIALS, RANGELAND, ROAD
from oemsar.simulate.world.polygon import Rectangle, heading
from oemsar.simulate.world.surfaces import Roof, Surface, SurfaceRaster

GSD, SHAPE = 0.4, (110, 170)


@pytest.fixture
def sheet() -> SurfaceRaster:
    return SurfaceRaster(SHAPE, GSD, 0.0, stream(1))


def test_an_oblique_rectangle_covers_its_area_around_its_centre(sheet: SurfaceRaster) -> None:
    lawn = Rectangle(complex(40, 17), heading(37), 15, 6)
    sheet.draw(lawn.outline, Surface("lawn"))
    index = sheet.index()
    assert index.shape == SHAPE
    rows, columns = np.nonzero(index == 1)
    # the outline itself is drawn: half a pixel is added all around
    assert len(rows) * GSD**2 == pytest.approx(4 * 15 * 6 + 4 * (15 + 6) * GSD / 2, rel=0.03)
    assert columns.mean() * GSD == pytest.approx(40, abs=GSD)
    assert rows.mean() * GSD == pytest.approx(17, abs=GSD)
    offset = (columns + 1j * rows) * GSD - lawn.centre
    assert np.abs((offset * np.conj(heading(37))).real).max() == pytest.approx(15, abs=2 * GSD)


def test_later_surfaces_lie_over_earlier_ones_and_asphalt_between(sheet: SurfaceRaster) -> None:
    sheet.draw(Rectangle(20 + 20j, 1, 12, 8).outline, Surface("lawn"))
    sheet.draw(Rectangle(30 + 20j, 1, 6, 3).outline, Surface("concrete"))
    index = sheet.index()
    assert index[50, 40] == 1
    assert index[50, 72] == 2
    assert index[5, 150] == 0
    assert set(np.unique(index)) == {0, 1, 2}


def test_what_lies_off_the_sheet_is_not_added(sheet: SurfaceRaster) -> None:
    """The sheet is 68 m wide and 44 m high."""
    off = [(-9, 20), (75, 20), (30, -9), (30, 51)]
    for x, y in off:
        sheet.draw(Rectangle(complex(x, y), 1, 6, 6).outline, Surface("lawn"))
    assert len(sheet.table().height) == 1
    for x, y in ((-5, 20), (73, 20), (30, -5), (30, 49)):
        assert sheet.intersects(Rectangle(complex(x, y), 1, 6, 6).outline)
    assert not sheet.intersects([])


def test_table_has_the_facts_of_each_surface(sheet: SurfaceRaster) -> None:
    roof = Roof(Rectangle(5 + 7j, heading(37), 9, 4), pitch=0.6, hipped=True)
    sheet.add(Surface("tile", height=6.5, roof=roof))
    sheet.add(Surface("crop", row_axis=heading(20), row_spacing=1.5))
    sheet.add(Surface("car", height=1.5, land_cover=RANGELAND))
    table = sheet.table()
    assert table.land_cover.tolist() == [ROAD, BUILDING, 7, RANGELAND]
    assert table.height.tolist() == [0, 6.5, 0, 1.5]
    assert table.half_length.tolist() == [0, 9, 0, 0]
    assert table.half_width.tolist() == [0, 4, 0, 0]
    assert table.hipped.tolist() == [False, True, False, False]
    assert table.pitch == pytest.approx([0, 0.6, 0, 0])
    assert table.row_spacing.tolist() == [0, 0, 1.5, 0]
    assert table.centre[1] == 5 + 7j
    assert table.axis == pytest.approx([1, heading(37), heading(20), 1], abs=1e-6)


def test_brightness_hue_and_backscatter_spread_as_the_material_says(sheet: SurfaceRaster) -> None:
    for _ in range(3000):
        sheet.add(Surface("zinc"))
    table, zinc = sheet.table(), MATERIALS["zinc"]
    colour, backscatter = table.colour[1:], table.backscatter[1:]
    assert backscatter.mean() == pytest.approx(zinc.backscatter, abs=0.2)
    assert backscatter.std() == pytest.approx(zinc.backscatter_spread, rel=0.06)
    logarithm = np.log(colour / np.array(zinc.colour))
    assert logarithm.mean(axis=0) == pytest.approx([0, 0, 0], abs=0.01)
    assert logarithm.mean(axis=1).std() == pytest.approx(zinc.spread, rel=0.08)
    assert (logarithm[:, 0] - logarithm[:, 1]).std() == pytest.approx(zinc.tint * 2**0.5, rel=0.1)
