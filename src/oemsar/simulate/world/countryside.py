"""Blocks of open land: parks, fields, meadows, woods and bare ground."""

import math

import numpy as np

from oemsar.simulate.world.blocks import yard
from oemsar.simulate.world.canvas_plan import CanvasPlan, fitted, scattered
from oemsar.simulate.world.materials import CROPS, ROOFS
from oemsar.simulate.world.polygon import Polygon, Rectangle, area, centroid, inset, longest_edge, unit

_ROWS = {"crop": 1.5, "ripe": 2.4, "ploughed": 1.8, "paddy": 0.9, "vine": 2.4}
"""Distance between crop rows or tractor passes in metres, as far as tiles of this resolution show them."""


def park(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw a park: lawns, groves, paths, a playground or a sports pitch."""
    rng = canvas.rng
    canvas.ground(block, rng.choice(["lawn", "grass"]))
    plot = fitted(block, 2.0)
    for _ in range(rng.integers(1, 4)):
        middle = plot.at(rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6))
        path = Rectangle(middle, unit(rng.uniform(0, math.pi)), plot.half_width * 1.2, 1.1)
        canvas.ground(path.outline, rng.choice(["gravel", "paving"]))
    if rng.random() < 0.5 and plot.half_width > 14:
        radius = rng.uniform(9, min(plot.half_width, 24))
        pitch = plot.at(rng.uniform(-0.5, 0.5), 0)
        disc = [pitch + radius * unit(2 * math.pi * step / 16) for step in range(16)]
        canvas.ground(disc, rng.choice(["pitch", "pitch", "soil"]))
    density = rng.uniform(0.15, 0.75)
    grove = rng.uniform(18, 40)
    phase, drift = rng.uniform(0, 2 * math.pi, 2)
    for point in scattered(block, 6.5, rng):
        wooded = math.sin(point.real / grove + phase) * math.sin(point.imag / grove + drift)
        if rng.random() < density * (1 + 1.3 * wooded):
            radius = rng.uniform(1.8, 4.6)
            canvas.plant(point, radius, 3 + 1.7 * radius)


def field(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw parcels of one crop each, rows along their longer side, with hedges or grass strips between."""
    rng = canvas.rng
    country = canvas.region.country
    canvas.ground(block, "meadow")
    size = {"FRA": 9000.0, "JPN": 1300.0, "USA": 14000.0}[country]
    parcels = canvas.lots(block, size, canvas.region.skew * 0.3)
    usual = rng.choice(CROPS[country])
    for parcel in parcels:
        crop = usual if rng.random() < 0.5 else str(rng.choice(CROPS[country]))
        start, end = longest_edge(parcel)
        tilled = inset(parcel, rng.uniform(0.4, 1.6))
        if not tilled:
            continue
        spacing = _ROWS[crop] * rng.uniform(0.85, 1.3)
        canvas.ground(tilled, crop, (end - start) / abs(end - start), spacing)
        if country != "JPN" and rng.random() < 0.4:
            _field_hedge(canvas, start, end)
    if rng.random() < 0.25:
        _farmstead(canvas, block)


def meadow(canvas: CanvasPlan, block: Polygon) -> None:
    """Rough grass and scrub with bushes and worn patches."""
    rng = canvas.rng
    canvas.ground(block, rng.choice(["meadow", "meadow", "grass", "scrub"]))
    for patch in canvas.lots(block, 3500.0, 0.5):
        if rng.random() < 0.3:
            canvas.ground(patch, rng.choice(["meadow", "scrub", "grass"]))
        if rng.random() < 0.08:
            canvas.ground(_worn_place(centroid(patch), rng), "soil")
    density = rng.uniform(0.03, 0.16)
    for point in scattered(block, 7.0, rng):
        if rng.random() < density:
            radius = rng.uniform(0.9, 3.8)
            canvas.plant(point, radius, 1.5 + 1.5 * radius)


def forest(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw a closed canopy with small clearings."""
    rng = canvas.rng
    canvas.ground(block, "scrub")
    spacing = rng.uniform(4.2, 6.2)
    phase, drift = rng.uniform(0, 2 * math.pi, 2)
    for point in scattered(block, spacing, rng):
        clearing = math.sin(point.real / 17 + phase) * math.sin(point.imag / 23 + drift)
        if clearing < 0.8:
            radius = spacing * rng.uniform(0.62, 0.95)
            canvas.plant(point, radius, rng.uniform(6, 12))


def bare(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw earthworks, construction ground and dry banks."""
    rng = canvas.rng
    canvas.ground(block, "soil" if rng.random() < 0.8 else "sand")
    for patch in canvas.lots(block, 1500.0, 0.4):
        if rng.random() < 0.3:
            canvas.ground(inset(patch, 2.0), rng.choice(["soil", "soil", "scrub", "gravel"]))
    for point in scattered(block, 12.0, rng):
        if rng.random() < 0.06:
            canvas.plant(point, rng.uniform(0.8, 2.0), 2.5)


def _worn_place(centre: complex, rng: np.random.Generator) -> Polygon:
    """Outline a roundish spot without grass, some metres wide."""
    radii = rng.uniform(4, 13) * (1 + 0.35 * np.sin(np.cumsum(rng.uniform(0.2, 1.0, 16))))
    return [centre + radius * unit(2 * math.pi * step / 16) for step, radius in enumerate(radii.tolist())]


def _field_hedge(canvas: CanvasPlan, start: complex, end: complex) -> None:
    """Plant bushes and small trees along a line."""
    rng = canvas.rng
    axis = (end - start) / abs(end - start)
    for position in np.arange(0, abs(end - start), 2.2):
        if rng.random() < 0.8:
            radius = rng.uniform(0.9, 2.2)
            canvas.plant(start + axis * float(position), radius, 2 + 1.5 * radius)


def _farmstead(canvas: CanvasPlan, block: Polygon) -> None:
    """Build a farm at the edge of its field: barn, house, yard."""
    rng = canvas.rng
    if area(block) < 4000:
        return
    start, end = longest_edge(block)
    axis = (end - start) / abs(end - start)
    ground = Rectangle(start + axis * complex(rng.uniform(20, 35), 22), axis, 18, 15)
    if rng.random() < 0.3:
        yard(canvas, ground.outline)
        return
    canvas.ground(ground.outline, rng.choice(["gravel", "lawn", "concrete"]))
    roofs = ROOFS[canvas.region.country]["pitched"]
    barn = Rectangle(ground.at(-0.33, -0.47), axis, rng.uniform(8, 11), 5.5)
    canvas.build(barn, 5.0, rng.choice(roofs), pitch=0.3)
    canvas.build(Rectangle(ground.at(0.5, 0.33), axis * 1j, 6.0, 4.2), 3.4, rng.choice(roofs), pitch=0.55)
    for step in range(8):
        canvas.plant(ground.centre + 21 * unit(step * 0.8), rng.uniform(1.5, 3.5), rng.uniform(4, 8))
