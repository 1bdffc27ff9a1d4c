"""Ground counted once, against overlaps made by hand."""

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio import Affine

from oemsar.dataset.tile import Tile
from oemsar.evaluate.ground import Ground, covered

UTM = "EPSG:32654"
EAST, NORTH = 380_000.0, 3_950_000.0


def _grid(x: float, y: float, side: int = 10, gsd: float = 1.0, crs: str = UTM) -> GeoBox:
    return GeoBox((side, side), Affine(gsd, 0, x, 0, -gsd, y), crs)


def _tile(name: str, grid: GeoBox | None, side: int = 10) -> Tile:
    return Tile(name, "test", (side, side), grid=grid)


def test_the_tile_of_the_later_name_gives_way_whatever_the_order_of_the_table() -> None:
    tiles = [_tile("Area_10", _grid(EAST + 6, NORTH - 7)), _tile("Area_9", _grid(EAST, NORTH))]
    for order in (tiles, tiles[::-1]):
        ground = Ground(order)
        assert ground.is_first(tiles[1]).all()
        expected = np.ones((10, 10), bool)
        expected[:3, :4] = False
        np.testing.assert_array_equal(ground.is_first(tiles[0]), expected)


def test_grids_of_other_pixels_count_by_the_centre() -> None:
    """Pixels of 1.6 m from 4 m east: centres at 4.8, 6.4, 8.0, 9.6 and 11.2 m against tiles of 10 m."""
    later = _tile("b", _grid(EAST + 4, NORTH, side=5, gsd=1.6), side=5)
    first = Ground([_tile("a", _grid(EAST, NORTH)), later]).is_first(later)
    np.testing.assert_array_equal(first, [[False, False, False, False, True]] * 5)


def test_neighbours_that_share_an_edge_count_in_full() -> None:
    tiles = [_tile("a", _grid(EAST, NORTH)), _tile("b", _grid(EAST + 10, NORTH))]
    assert Ground(tiles).is_first(tiles[1]).all()


def test_oblong_tiles_give_way_on_the_whole_ground_they_share_its_last_row_and_column_too() -> None:
    """Tiles of 6 rows and 15 columns: the later one 4 columns east and 2 rows north of the earlier one."""
    earlier = GeoBox((6, 15), Affine(1, 0, EAST, 0, -1, NORTH), UTM)
    later = GeoBox((6, 15), Affine(1, 0, EAST + 4, 0, -1, NORTH + 2), UTM)
    tiles = [Tile("a", "test", (6, 15), grid=earlier), Tile("b", "test", (6, 15), grid=later)]
    expected = np.ones((6, 15), bool)
    expected[2:, :11] = False
    np.testing.assert_array_equal(Ground(tiles).is_first(tiles[1]), expected)
    np.testing.assert_array_equal(covered(earlier, later), expected[::-1, ::-1] ^ True)


def test_a_tile_on_the_ground_of_another_counts_nowhere() -> None:
    """The same ground in the same pixels, in halved pixels, and by way of another CRS, to the last column."""
    shape = (6, 15)
    grid = GeoBox(shape, Affine(1, 0, EAST, 0, -1, NORTH), UTM)
    halved = GeoBox((12, 30), Affine(0.5, 0, EAST, 0, -0.5, NORTH), UTM)
    tiles = [Tile("a", "test", shape, grid=grid), Tile("b", "test", shape, grid=grid)]
    assert Ground(tiles).is_first(tiles[0]).all()
    assert not Ground(tiles).is_first(tiles[1]).any()
    assert covered(halved, grid).all()
    assert covered(grid, halved).all()
    neighbouring = GeoBox(shape, grid.affine, UTM).to_crs("EPSG:32653")
    inside = covered(neighbouring, grid)
    to_grid = Transformer.from_crs("EPSG:32653", UTM, always_xy=True)
    for row, column in np.ndindex(*neighbouring.shape):
        x, y = to_grid.transform(*(neighbouring.affine @ (column + 0.5, row + 0.5)))
        assert inside[row, column] == (0 <= x - EAST < 15 and 0 <= NORTH - y < 6)


def test_every_piece_of_ground_is_counted_once() -> None:
    """Tiles on one lattice of pixels: those first on their ground number as many as the union has cells."""
    rng = np.random.default_rng(1)
    corners = [tuple(map(int, corner)) for corner in rng.integers(0, 25, (12, 2))]
    tiles = [_tile(f"t{n}", _grid(EAST + x, NORTH - y)) for n, (x, y) in enumerate(corners)]
    cells = {(x + i, y + j) for x, y in corners for i in range(10) for j in range(10)}
    ground = Ground(tiles)
    assert sum(int(ground.is_first(tile).sum()) for tile in tiles) == len(cells)


def test_a_rotated_grid_and_another_crs_are_followed() -> None:
    here = _grid(EAST, NORTH, side=40)
    centre = here.affine @ (20, 20)
    turned = GeoBox(
        (20, 20), Affine.translation(*centre) @ Affine.rotation(30) @ Affine.translation(-10, -10), UTM
    )
    mask = covered(here, turned)
    assert abs(int(mask.sum()) - 400) <= 4
    assert mask[20, 20]
    assert not mask[:5].any()
    lonlat = here.extent.to_crs("EPSG:4326").boundingbox
    degrees = GeoBox.from_bbox(lonlat, crs="EPSG:4326", shape=(40, 40))
    assert covered(here, degrees)[2:-2, 2:-2].all()


def test_a_tile_without_georeferencing_has_ground_of_its_own() -> None:
    tiles = [_tile("a", _grid(EAST, NORTH)), _tile("b", None), _tile("c", None)]
    ground = Ground(tiles)
    assert all(ground.is_first(tile).all() for tile in tiles)


def test_tiles_across_180_degrees_give_way_whatever_their_longitudes_count_from() -> None:
    step = 1e-5
    first = _tile("a", _grid(180 - 5 * step, -16.8, gsd=step, crs="EPSG:4326"))
    for turns in (-1, 0, 1):
        west = 180 - 2 * step + 360 * turns
        later = _tile("b", _grid(west, -16.8 - 4 * step, gsd=step, crs="EPSG:4326"))
        expected = np.ones((10, 10), bool)
        expected[:6, :7] = False
        np.testing.assert_array_equal(Ground([first, later]).is_first(later), expected)
