"""Splits of tiles: their shares, their distance on the ground, and independence of other regions."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer
from rasterio import Affine

from oemsar.curate.tiles.config import TilesConfig
from oemsar.curate.tiles.cut import Cut, Shares
from oemsar.curate.tiles.splits import deal, too_close
from oemsar.dataset.tile import Split
from oemsar.raster.read import Extent

SIZE = 64
FULL = Shares(1, 1, 1, None, None)


def cuts(rows: int, columns: int, step: int = SIZE) -> list[Cut]:
    places = product(range(rows), range(columns))
    return [Cut(f"t{r}_{c}", (r, c), Extent(r * step, c * step, SIZE, SIZE), FULL) for r, c in places]


def grids(
    some: list[Cut], crs: str = "EPSG:32631", corner: tuple[float, float] = (4e5, 54e5)
) -> dict[str, GeoBox]:
    return {
        cut.name: GeoBox(
            (SIZE, SIZE),
            Affine(1, 0, corner[0] + cut.extent.column, 0, -1, corner[1] - cut.extent.row),
            crs,
        )
        for cut in some
    }


@pytest.mark.parametrize("block", [1, 2, 3])
def test_shares_are_met_and_the_seed_decides(block: int) -> None:
    some = cuts(7, 9)
    rules = TilesConfig(size=SIZE, test_share=0.2, val_share=0.1, block=block)
    first = deal(some, "a", rules)
    assert Counter(first.values()) == {"test": 13, "val": 6, "train": 44}
    assert first == deal(some, "a", rules)
    assert first != deal(some, "b", rules)
    assert first != deal(some, "a", rules.model_copy(update={"seed": 1}))


def test_blocks_are_dealt_as_a_whole() -> None:
    splits = deal(cuts(8, 8), "a", TilesConfig(size=SIZE, test_share=0.25, val_share=0.25, block=2))
    for row, column in product(range(4), range(4)):
        members = {splits[f"t{2 * row + r}_{2 * column + c}"] for r, c in product(range(2), range(2))}
        assert len(members) == 1


@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:3857"])
def test_no_tile_lies_near_one_of_another_split(crs: str) -> None:
    some = cuts(9, 11)
    splits = deal(some, "a", TilesConfig(size=SIZE, test_share=0.1, val_share=0.1, block=1, seed=3))
    boxes = grids(some, crs, (4e5, 54e5) if crs == "EPSG:32631" else (2e5, 62e5))
    gone = too_close(splits, boxes, 50.0)
    kept = [name for name in splits if name not in gone]
    assert {splits[name] for name in kept} == {"train", "val", "test"}
    for one, other in product(kept, kept):
        if splits[one] != splits[other]:
            assert ground_distance(boxes[one], boxes[other]) >= 49.9
    for name in gone:
        near = [other for other in splits if _rank(splits[other]) < _rank(splits[name])]
        assert min(ground_distance(boxes[name], boxes[other]) for other in near) < 50.1


def _rank(split: Split) -> int:
    return ("test", "val", "train").index(split)


def ground_distance(one: GeoBox, other: GeoBox) -> float:
    """Ellipsoidal distance of two north-up boxes of one grid, by the nearest of their corners and sides."""
    sides = [np.array(box.extent.boundingbox) for box in (one, other)]
    left, bottom = (max(sides[0][k], sides[1][k]) for k in (0, 1))
    right, top = (min(sides[0][k], sides[1][k]) for k in (2, 3))
    x = (left, right) if left > right else ((left + right) / 2,) * 2
    y = (bottom, top) if bottom > top else ((bottom + top) / 2,) * 2
    to_degrees = Transformer.from_crs(one.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    return float(Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2])


def test_tiles_that_touch_may_stay_and_tiles_that_overlap_may_not() -> None:
    splits: dict[str, Split] = {"t0_0": "test", "t0_1": "train"}
    assert too_close(splits, grids(cuts(1, 2)), 0.0) == set()
    assert too_close(splits, grids(cuts(1, 2, step=60)), 0.0) == {"t0_1"}


def test_of_val_and_test_it_is_val_that_goes() -> None:
    splits: dict[str, Split] = {"t0_0": "val", "t0_1": "test", "t0_2": "train", "t0_3": "train"}
    assert too_close(splits, grids(cuts(1, 4)), 10.0) == {"t0_0", "t0_2"}
