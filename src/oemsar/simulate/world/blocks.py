"""Blocks of built-up land: houses, apartments, town blocks, halls and yards."""

from oemsar.simulate.world.canvas_plan import CanvasPlan, fitted, scattered
from oemsar.simulate.world.materials import DEVELOPED, ROOFS
from oemsar.simulate.world.polygon import (
    Polygon,
    Rectangle,
    area,
    contains,
    extent_along,
    inset,
    longest_edge,
)

_LOT = {"FRA": 360.0, "JPN": 165.0, "USA": 520.0}
"""Area of the lot of a family house in square metres."""

_PAVED = {"FRA": 0.25, "JPN": 0.75, "USA": 0.12}
"""Share of family houses whose lot is paved."""

_GARDEN_TREES = {"FRA": 0.40, "JPN": 0.16, "USA": 0.34}
"""Share of garden spots, one in some forty square metres, with a tree."""

_HOUSE_SIZE = {"FRA": 1.05, "JPN": 1.0, "USA": 1.4}
"""Size of family houses relative to each other."""


def houses(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw lots with a family house each: gabled or hipped, half with a wing; gardens, drives, hedges."""
    canvas.ground(block, "lawn")
    for lot in canvas.lots(block, _LOT[canvas.region.country]):
        _house(canvas, lot)


def apartments(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw slabs of flats among lawns, trees and parked cars."""
    rng = canvas.rng
    canvas.ground(block, "lawn" if rng.random() < 0.55 else "paving")
    for lot in canvas.lots(block, 2100.0):
        plot = fitted(lot, 3.0)
        if plot.half_width < 6:
            continue
        depth = 2 * rng.uniform(5.5, 7.5) / plot.half_width
        length = rng.uniform(0.7, 1)
        eaves = rng.uniform(0.45, 1.0) * canvas.region.tallest
        roof = rng.choice(ROOFS[canvas.region.country]["flat"])
        slab = plot.part((-length, length), (1 - depth, 1))
        if canvas.build(slab, eaves, roof):
            _roof_units(canvas, slab, eaves)
        if plot.half_width > 20 and rng.random() < 0.6:
            canvas.build(plot.part((-0.7, 0.7), (-1, depth - 1)), eaves * 0.9, roof)
        elif plot.half_width > 11:
            parking = plot.part((-0.8, 0.8), (-1, -0.35)).outline
            canvas.ground(parking, "parking")
            _parked_cars(canvas, parking, 0.6)
        for point in scattered(lot, 11.0, rng):
            if rng.random() < 0.4:
                canvas.plant(point, rng.uniform(1.8, 4.2), rng.uniform(5, 10))


def town(canvas: CanvasPlan, block: Polygon) -> None:
    """Set buildings wall to wall around courts, as in the centre of a town."""
    rng = canvas.rng
    country = canvas.region.country
    canvas.ground(block, "paving" if rng.random() < 0.7 else "concrete")
    level = rng.uniform(0.35, 0.9) * canvas.region.tallest
    for lot in canvas.lots(block, rng.uniform(240, 560)):
        plot = fitted(lot, float(rng.choice([0.0, 0.4, 0.8])))
        if plot.half_width < 2.5:
            continue
        if rng.random() < 0.1:
            if rng.random() < 0.5:
                canvas.ground(lot, "parking")
                _parked_cars(canvas, lot, 0.7)
            continue
        eaves = min(level * rng.uniform(0.6, 1.35), canvas.region.tallest)
        share = min(1.0, rng.uniform(5, 9) / plot.half_width)
        side = 1 if rng.random() < 0.5 else -1
        front = plot.part((-1, 1), (side * (1 - 2 * share), side))
        if country == "FRA" and plot.half_width < 8:
            canvas.build(front, eaves, rng.choice(ROOFS[country]["pitched"]), pitch=0.4)
        elif canvas.build(front, eaves, rng.choice(ROOFS[country]["flat"])):
            _roof_units(canvas, front, eaves)
        if share < 0.6 and rng.random() < 0.5:
            canvas.build(plot.part((-0.6, 0.6), (-side, side * (0.3 - share))), eaves * 0.5, "zinc")


def halls(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw commerce and industry: large flat halls, parking areas with rows of cars, sheds."""
    rng = canvas.rng
    canvas.ground(block, "concrete" if rng.random() < 0.5 else "parking")
    _pavements(canvas, block)
    for lot in canvas.lots(block, 3600.0):
        plot = fitted(lot, 4.0)
        if plot.half_width < 7:
            continue
        share = rng.uniform(0.35, 0.8)
        eaves = rng.uniform(5, 11)
        hall = plot.part((1 - 2 * share, 1), (-1, 1))
        roof = rng.choice(ROOFS[canvas.region.country]["flat"])
        if canvas.build(hall, eaves, roof, pitch=0.08 if rng.random() < 0.4 else 0.0):
            _roof_units(canvas, hall, eaves)
        parking = plot.part((-1, 0.9 - 2 * share), (-1, 1)).outline
        canvas.ground(parking, "parking")
        _parked_cars(canvas, parking, rng.uniform(0.2, 0.8))


def yard(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw paved or gravelled open space: squares, school yards, storage, large car parks."""
    rng = canvas.rng
    kind = rng.choice(["parking", "concrete", "paving", "gravel", "pitch"], p=[0.34, 0.2, 0.16, 0.16, 0.14])
    canvas.ground(block, kind)
    _pavements(canvas, block)
    if kind == "parking":
        _parked_cars(canvas, block, rng.uniform(0.3, 0.9))
    elif kind == "pitch":
        canvas.ground(inset(block, rng.uniform(6, 14)), "pitch")
    plot = fitted(block, 6.0)
    if plot.half_width > 12 and rng.random() < 0.7:
        length, depth = rng.uniform(0.4, 0.9), 2 * rng.uniform(6, 9) / plot.half_width
        material = rng.choice(ROOFS[canvas.region.country]["flat"])
        canvas.build(plot.part((-length, length), (1 - depth, 1)), rng.uniform(5, 12), material)
    for point in scattered(block, 16.0, rng):
        if rng.random() < 0.22:
            canvas.plant(point, rng.uniform(1.5, 3.5), rng.uniform(4, 8))


def _house(canvas: CanvasPlan, lot: Polygon) -> None:
    rng = canvas.rng
    country = canvas.region.country
    if rng.random() < _PAVED[country]:
        canvas.ground(lot, rng.choice(["paving", "concrete", "gravel"]))
    elif rng.random() < 0.6:
        canvas.ground(lot, rng.choice(["lawn", "lawn", "grass"]))
    plot = fitted(lot, 1.0)
    if plot.half_width < 2.4:
        return
    if country == "FRA" and rng.random() < 0.5:
        _hedge(canvas, lot)
    if rng.random() < 0.3:
        plot = plot.turned()
    length = min(plot.half_length, rng.uniform(5.0, 8.0) * _HOUSE_SIZE[country])
    width = min(plot.half_width, rng.uniform(4.0, 5.6) * _HOUSE_SIZE[country])
    along, across = 1 - length / plot.half_length, 1 - width / plot.half_width
    centre = plot.at(along * rng.uniform(-0.8, 0.8), across * rng.uniform(-0.8, 0.8))
    house = Rectangle(centre, plot.axis, length, width)
    street = 1 if rng.random() < 0.5 else -1
    out = plot.axis * 1j * street
    drive = centre + out * (width + 3)
    canvas.ground(Rectangle(drive, out, 4.5, 1.6).outline, "concrete")
    if rng.random() < 0.45:
        canvas.park_car(drive, out, DEVELOPED)
    material = rng.choice(ROOFS[country]["pitched"])
    eaves = rng.choice([3.0, 5.6]) + rng.uniform(-0.3, 0.5)
    pitch, hipped = rng.uniform(0.35, 0.75), bool(rng.random() < 0.4)
    if not canvas.build(house, eaves, material, pitch=pitch, hipped=hipped):
        return
    if rng.random() < 0.5 and plot.half_width - width > 1.5:
        wing = house.at(rng.choice([-1, 1]) * (1 - 0.7 * width / length), -0.9 * street)
        canvas.build(
            Rectangle(wing, out, width * 1.1, width * 0.62), eaves, material, pitch=pitch, hipped=hipped
        )
    if country == "USA" and rng.random() < 0.18:
        canvas.ground(Rectangle(centre - out * (width + 4), plot.axis, 3.4, 1.7).outline, "pool")
    for point in scattered(lot, 6.5, rng):
        if rng.random() < _GARDEN_TREES[country] and abs(point - centre) > width:
            radius = rng.uniform(1.1, 3.8)
            canvas.plant(point, radius, 1.5 + radius * rng.uniform(1.2, 2.0))


def _hedge(canvas: CanvasPlan, lot: Polygon) -> None:
    """Plant bushes along the longest edge of a lot."""
    start, end = longest_edge(lot)
    steps = int(abs(end - start) / 1.1)
    for step in range(steps):
        canvas.plant(start + (end - start) * (step + 0.5) / steps, canvas.rng.uniform(0.65, 0.95), 1.7)


def _pavements(canvas: CanvasPlan, block: Polygon) -> None:
    """Draw patches of other pavement, lawn islands and sheds: open ground is seldom uniform."""
    rng = canvas.rng
    for patch in canvas.lots(block, 700.0):
        draw = rng.random()
        if draw < 0.3:
            canvas.ground(patch, rng.choice(["parking", "concrete", "paving", "gravel"]))
        elif draw < 0.4:
            canvas.ground(inset(patch, rng.uniform(0.5, 4)), rng.choice(["lawn", "grass"]))
        elif draw < 0.48:
            plot = fitted(patch, 4.0)
            if plot.half_width > 2:
                roof = rng.choice(ROOFS[canvas.region.country]["flat"])
                canvas.build(plot.part((-0.6, 0.6), (-0.5, 0.5)), rng.uniform(2.6, 5), roof)


def _parked_cars(canvas: CanvasPlan, outline: Polygon, occupied: float) -> None:
    """Rows of cars, two to an aisle, along the longest edge; `occupied` is the share of taken bays."""
    rng = canvas.rng
    inner = inset(outline, 2.8)
    if not inner or area(inner) < 60:
        return
    start, end = longest_edge(outline)
    axis = (end - start) / abs(end - start)
    along, across = extent_along(inner, axis), extent_along(inner, axis * 1j)
    row, number = across[0], 0
    while row < across[1]:
        position = along[0]
        while position < along[1]:
            point = axis * complex(position, row)
            if rng.random() < occupied and contains(inner, point):
                canvas.park_car(point, axis * complex(rng.normal(0, 0.02), 1), DEVELOPED)
            position += 2.6
        row += 5.0 if number % 2 == 0 else 11.0
        number += 1


def _roof_units(canvas: CanvasPlan, roof: Rectangle, height: float) -> None:
    """Air conditioners and stair heads on a flat roof: small boxes that shine in the radar."""
    rng = canvas.rng
    for _ in range(rng.integers(0, 5)):
        centre = roof.at(rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.7))
        box = Rectangle(centre, roof.axis, rng.uniform(0.6, 2.2), rng.uniform(0.6, 1.4))
        canvas.build(box, height + 1.6, "unit")
