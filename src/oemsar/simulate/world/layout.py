"""The plan of a canvas: streets, the use of every block, and what stands on it."""

from collections.abc import Callable

import numpy as np

from oemsar.simulate.world import blocks, countryside
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.character import Character
from oemsar.simulate.world.materials import ROAD
from oemsar.simulate.world.polygon import Polygon, Rectangle, centroid, heading, inset
from oemsar.simulate.world.region import Region
from oemsar.simulate.world.streets import Bend, Street, subdivide
from oemsar.simulate.world.surfaces import SurfaceRaster
from oemsar.simulate.world.waters import Kind, Waters, draw_waters

_FILLERS: dict[str, Callable[[CanvasPlan, Polygon], None]] = {
    "town": blocks.town,
    "apartments": blocks.apartments,
    "halls": blocks.halls,
    "houses": blocks.houses,
    "yard": blocks.yard,
    "park": countryside.park,
    "field": countryside.field,
    "meadow": countryside.meadow,
    "forest": countryside.forest,
    "bare": countryside.bare,
}
_GREEN = {"park", "field", "meadow", "forest", "bare"}

_USES: dict[Character, tuple[float, ...]] = {
    #          town apart halls houses yard park field meadow forest bare
    "urban": (0.36, 0.15, 0.19, 0.12, 0.09, 0.08, 0.00, 0.00, 0.01, 0.005),
    "suburban": (0.05, 0.06, 0.14, 0.40, 0.05, 0.09, 0.05, 0.04, 0.11, 0.01),
    "rural": (0.00, 0.00, 0.02, 0.10, 0.01, 0.01, 0.36, 0.18, 0.31, 0.01),
    "coastal": (0.08, 0.08, 0.17, 0.22, 0.10, 0.09, 0.03, 0.07, 0.15, 0.01),
}
"""Share of the blocks of each use; chosen so that a large world has about the class shares of Table II."""

_WATERS: dict[Character, dict[Kind, float]] = {
    "urban": {"river": 0.10, "pond": 0.03},
    "suburban": {"river": 0.10, "pond": 0.10},
    "rural": {"river": 0.10, "pond": 0.08},
    "coastal": {"coast": 0.45, "river": 0.15, "pond": 0.05},
}
"""Probability that a canvas has open water."""

_BLOCK_AREA: dict[Character, float] = {"urban": 11500, "suburban": 12500, "rural": 28000, "coastal": 12000}


def plan(
    region: Region,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    waters: Waters | None = None,
    suited: Callable[[Polygon, str], str] | None = None,
) -> CanvasPlan:
    """Lay out a canvas of `shape` pixels of a region and draw its surfaces; trees are listed, not drawn.

    Args:
        region: Region, with the character of its land use.
        shape: Rows and columns.
        rng: Source of randomness.
        waters: Open water; drawn at random where it is not given.
        suited: Function that replaces the use drawn for a block by one that its ground allows.
    """
    gsd = region.gsd
    surfaces = SurfaceRaster(shape, gsd, region.dryness, rng)
    if waters is None:
        waters = draw_waters(_choose_water(region.character, rng), shape, gsd, rng)
    canvas = CanvasPlan(region, surfaces, Bend(region.winding, rng), waters, rng)
    middle = complex(shape[1], shape[0]) * gsd / 2
    reach = abs(middle) + 60
    axis = heading(region.street_azimuth + rng.normal(0, 3))
    around = Rectangle(middle + 40 * complex(*rng.uniform(-1, 1, 2)), axis, reach, reach).outline
    # A canvas holds a few blocks only; uses drawn around the region's mix keep neighbouring blocks alike.
    mix = rng.dirichlet(np.array(_USES[region.character]) * 5 + 1e-3)
    size = _BLOCK_AREA[region.character] * rng.uniform(0.75, 1.3)
    streets = _street_width(region)

    def on_street(start: complex, end: complex, width: float) -> None:
        canvas.streets.append(Street(start, end, width))

    for block in subdivide(
        around, size, gap=streets, skew=region.skew, rng=rng, keep=canvas.intersects, on_street=on_street
    ):
        use = str(rng.choice(list(_FILLERS), p=mix))
        _fill(canvas, block, use if suited is None else suited(block, use))
    return canvas


def _choose_water(character: Character, rng: np.random.Generator) -> Kind:
    draw = rng.random()
    for kind, probability in _WATERS[character].items():
        draw -= probability
        if draw < 0:
            return kind
    return "none"


def _street_width(region: Region) -> Callable[[float], float]:
    """Choose the width of the street that cuts land of a given area: wider between larger pieces."""
    if region.character == "rural":
        return lambda size: 6.5 if size > 150000 else 4.2
    local = {"FRA": 5.6, "JPN": 4.6, "USA": 7.0}[region.country]
    main = local * (1.7 if region.character == "urban" else 1.4)
    return lambda size: main if size > 80000 else local * 1.2 if size > 35000 else local


def _fill(canvas: CanvasPlan, block: Polygon, use: str) -> None:
    """Draw pavement, markings, roadside cars and trees around a block, then what it is used for."""
    rng = canvas.rng
    rural = canvas.region.character == "rural"
    _streetside(canvas, block, cars=not rural)
    verge = rng.uniform(0.6, 2.0) if rural or use in _GREEN else rng.uniform(1.4, 3.2)
    canvas.ground(block, "grass" if rural or use == "forest" else "concrete")
    inner = inset(block, verge)
    if inner:
        _FILLERS[use](canvas, inner)
    if not rural and rng.random() < 0.5:
        _avenue(canvas, block)


def _streetside(canvas: CanvasPlan, block: Polygon, *, cars: bool) -> None:
    """Draw a white line and waiting cars on the street beside each edge of the block."""
    rng = canvas.rng
    for start, end in zip(block, [*block[1:], *block[:1]], strict=True):
        length = abs(end - start)
        if length < 25:
            continue
        axis = (end - start) / length
        if rng.random() < 0.5:
            line = Rectangle((start + end) / 2 - axis * 0.5j, axis, length / 2 - 6, 0.09)
            canvas.ground(line.outline, "marking")
        if not cars:
            continue
        for position in np.arange(8, length - 8, 6.2):
            if rng.random() < 0.16:
                canvas.park_car(start + axis * complex(position, -1.5), axis, ROAD)


def _avenue(canvas: CanvasPlan, block: Polygon) -> None:
    """Plant trees at even distances along the pavement."""
    rng = canvas.rng
    radius, spacing = rng.uniform(1.4, 3.0), rng.uniform(7, 12)
    middle = centroid(block)
    for start, end in zip(block, [*block[1:], *block[:1]], strict=True):
        length = abs(end - start)
        for position in np.arange(spacing / 2, length, spacing):
            point = start + (end - start) * float(position) / length
            if rng.random() < 0.85:
                inward = (middle - point) / abs(middle - point)
                canvas.plant(point + inward * 1.2, radius * rng.uniform(0.85, 1.15), 3 + 1.8 * radius)
