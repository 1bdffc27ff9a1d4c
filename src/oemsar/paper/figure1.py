"""Fig. 1 of the paper: a map of the regions of a dataset, on the world and in each country."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from oemsar.dataset.countries import outlines
from oemsar.dataset.regions import UNASSIGNED, RegionSummary
from oemsar.figures import agg_figure

_SEA, _LAND, _BORDER = "#dfeaf2", "#f5f2ea", "#9a9a9a"
_COLOURS = ("#d1352b", "#2c6fbb", "#2f8f4e", "#8a4fb0", "#c77f1a", "#3b9c9c", "#a33b6c", "#6b6b2e")
_WORLD = (-180.0, -58.0, 180.0, 82.0)
_WIDTH_INCHES = 10.0
_WORLD_INCHES = 4.0
_COUNTRY_INCHES = 3.6
_COUNTRIES_PER_ROW = 3
_LEAST_SPAN = 3.0
"""Least span of the map of a country, in degrees of latitude."""

_MARGIN = 1.25
"""Span of the map of a country as a multiple of that of its regions."""

_FONT = 7.0
_LABEL_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
"""Sides of a point on which the name of its region may stand, right and up; the first that is free counts."""


def draw_regions(regions: Sequence[RegionSummary]) -> Figure:
    """Draw the regions on the outlines of the countries.

    Above the world with every region, below a map of each country with the names of its regions, beside the
    number of tiles in the country.

    Args:
        regions: Regions, at least one, as `oemsar.dataset.regions.summarise_regions` gives them.

    Returns:
        Figure on an Agg canvas, free of pyplot's global state.
    """
    countries = sorted({region.country or UNASSIGNED for region in regions})
    colours = {country: _COLOURS[number % len(_COLOURS)] for number, country in enumerate(countries)}
    rows = math.ceil(len(countries) / _COUNTRIES_PER_ROW)
    figure = agg_figure(_WIDTH_INCHES, _WORLD_INCHES + rows * _COUNTRY_INCHES)
    heights = [_WORLD_INCHES, *[_COUNTRY_INCHES] * rows]
    columns = min(len(countries), _COUNTRIES_PER_ROW)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=heights)
    world = figure.add_subplot(grid[0, :])
    _draw_map(world, _WORLD)
    world.set_title(f"{len(regions)} regions, {sum(map(_tiles, regions))} tiles")
    maps = {}
    for number, country in enumerate(countries):
        members = [region for region in regions if (region.country or UNASSIGNED) == country]
        axes = figure.add_subplot(grid[1 + number // columns, number % columns])
        _draw_map(axes, _bounds(members))
        title = f"{_name(country)}\n{len(members)} regions, {sum(map(_tiles, members))} tiles"
        axes.set_title(title, fontsize="medium", parse_math=False)
        for shown, size in ((world, 14), (axes, 28)):
            points = [region.lon for region in members], [region.lat for region in members]
            shown.scatter(*points, s=size, c=colours[country], edgecolors="white", linewidths=0.6, zorder=3)
        maps[country] = (axes, members)
    figure.canvas.draw()
    for axes, members in maps.values():
        _write_names(axes, members)
    return figure


def _draw_map(axes: Axes, bounds: tuple[float, float, float, float]) -> None:
    """Draw land and borders within `bounds` (west, south, east, north), true to scale in the middle."""
    west, south, east, north = bounds
    middle = 0.0 if bounds == _WORLD else (south + north) / 2
    axes.set_facecolor(_SEA)
    land = PolyCollection([*_rings()], facecolor=_LAND, edgecolor=_BORDER, linewidth=0.4)
    axes.add_collection(land, autolim=False)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1 / math.cos(math.radians(middle)), adjustable="box")
    axes.tick_params(labelsize=_FONT)
    axes.xaxis.set_major_formatter("{x:g}°")
    axes.yaxis.set_major_formatter("{x:g}°")


def _rings() -> Iterator[NDArray[np.float64]]:
    """Yield the outer rings of all countries; enclaves are countries of their own."""
    for shape in outlines().geometry:
        for part in shapely.get_parts(shape):
            yield shapely.get_coordinates(part.exterior)


def _bounds(regions: Sequence[RegionSummary]) -> tuple[float, float, float, float]:
    """Bound the map of a country: its regions with a margin, as wide on the ground as high."""
    west, east = min(region.lon for region in regions), max(region.lon for region in regions)
    south, north = min(region.lat for region in regions), max(region.lat for region in regions)
    lon, lat = (west + east) / 2, (south + north) / 2
    narrowing = math.cos(math.radians(lat))
    half = max(_MARGIN * max((east - west) * narrowing, north - south), _LEAST_SPAN) / 2
    return lon - half / narrowing, lat - half, lon + half / narrowing, lat + half


def _write_names(axes: Axes, regions: Sequence[RegionSummary]) -> None:
    """Write the names beside their points, each where it meets no point, name or edge if it can."""
    pixel = axes.figure.dpi / 72
    frame = axes.get_window_extent()
    points = axes.transData.transform([(region.lon, region.lat) for region in regions])
    taken = [Bbox.from_extents(x - 3 * pixel, y - 3 * pixel, x + 3 * pixel, y + 3 * pixel) for x, y in points]
    for region, (x, y) in zip(regions, points, strict=True):
        half_width, half_height = len(region.name) * _FONT * 0.3 * pixel, _FONT * 0.55 * pixel
        boxes = []
        for right, up in _LABEL_SIDES:
            left = x + right * (half_width + 4 * pixel) - half_width
            low = y + up * (half_height + 4 * pixel) - half_height
            boxes.append(Bbox.from_bounds(left, low, 2 * half_width, 2 * half_height))
        inside = [box for box in boxes if _holds(frame, box)]
        box = next((box for box in inside if not box.count_overlaps(taken)), boxes[0])
        taken.append(box)
        lon, lat = axes.transData.inverted().transform((box.x0, box.y0 + half_height))
        axes.text(lon, lat, region.name, fontsize=_FONT, va="center", zorder=4, parse_math=False)


def _holds(outer: Bbox, inner: Bbox) -> bool:
    return outer.contains(inner.x0, inner.y0) and outer.contains(inner.x1, inner.y1)


def _tiles(region: RegionSummary) -> int:
    return sum(region.tiles.values())


def _name(country: str) -> str:
    """Find the English name of a country by its code; the code where it has none."""
    frame = outlines()
    names = frame.loc[frame["country"] == country, "name"]
    return str(names.iloc[0]) if len(names) else country
