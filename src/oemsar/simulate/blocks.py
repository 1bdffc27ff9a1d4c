"""What stands on a block of built-up land: houses, apartments, town blocks, halls and yards."""

from oemsar.simulate.materials import DEVELOPED, ROOFS
from oemsar.simulate.polygon import Polygon, area, contains, extent_along, inset, longest_edge, rectangle
from oemsar.simulate.site import Site, fitted, scattered
from oemsar.simulate.streets import subdivide

_LOT = {"FRA": 360.0, "JPN": 165.0, "USA": 520.0}
"""Area of the lot of a family house in square metres."""


def houses(site: Site, block: Polygon) -> None:
    """Lots with a family house each: gabled or hipped, half of them with a wing; gardens, drives, hedges."""
    country = site.region.country
    site.ground(block, "lawn")
    for lot in _lots(site, block, _LOT[country]):
        _house(site, lot)


def apartments(site: Site, block: Polygon) -> None:
    """Slabs of flats among lawns, trees and parked cars."""
    rng = site.rng
    site.ground(block, "lawn" if rng.random() < 0.55 else "paving")
    for lot in _lots(site, block, 2100.0):
        centre, axis, half_length, half_width = fitted(lot, 3.0)
        if half_width < 6:
            continue
        depth = rng.uniform(5.5, 7.5)
        side = axis * 1j * (half_width - depth)
        eaves = rng.uniform(0.45, 1.0) * site.region.tallest
        roof = rng.choice(ROOFS[country_of(site)]["flat"])
        slab = centre + side
        if site.build(slab, axis, half_length * rng.uniform(0.7, 1), depth, eaves, roof):
            _roof_units(site, slab, axis, half_length * 0.6, depth * 0.6, eaves)
        if half_width > 20 and rng.random() < 0.6:
            site.build(centre - side, axis, half_length * 0.7, depth, eaves * 0.9, roof)
        elif half_width > 11:
            parking = rectangle(centre - side * 0.8, axis, half_length * 0.8, half_width * 0.33)
            site.ground(parking, "parking")
            _parked_cars(site, parking, 0.6)
        for point in scattered(lot, 11.0, rng):
            if rng.random() < 0.4:
                site.plant(point, rng.uniform(1.8, 4.2), rng.uniform(5, 10))


def town(site: Site, block: Polygon) -> None:
    """Buildings wall to wall around courts, as in the centre of a town."""
    rng = site.rng
    site.ground(block, "paving" if rng.random() < 0.7 else "concrete")
    roofs = ROOFS[country_of(site)]
    level = rng.uniform(0.35, 0.9) * site.region.tallest
    for lot in _lots(site, block, rng.uniform(240, 560)):
        centre, axis, half_length, half_width = fitted(lot, float(rng.choice([0.0, 0.4, 0.8])))
        if half_width < 2.5:
            continue
        if rng.random() < 0.1:
            if rng.random() < 0.5:
                site.ground(lot, "parking")
                _parked_cars(site, lot, 0.7)
            continue
        eaves = min(level * rng.uniform(0.6, 1.35), site.region.tallest)
        depth = min(half_width, rng.uniform(5, 9))
        side = axis * 1j * (half_width - depth) * (1 if rng.random() < 0.5 else -1)
        if half_width < 8 and country_of(site) == "FRA":
            site.build(centre + side, axis, half_length, depth, eaves, rng.choice(roofs["pitched"]), 0.4)
        elif site.build(centre + side, axis, half_length, depth, eaves, rng.choice(roofs["flat"])):
            _roof_units(site, centre + side, axis, half_length * 0.7, depth * 0.7, eaves)
        if half_width - depth > 5 and rng.random() < 0.5:
            site.build(centre - side, axis, half_length * 0.6, (half_width - depth) * 0.5, eaves * 0.5, "zinc")


def halls(site: Site, block: Polygon) -> None:
    """Commerce and industry: large flat halls, parking areas with marked rows, sheds."""
    rng = site.rng
    site.ground(block, "concrete" if rng.random() < 0.5 else "parking")
    _pavements(site, block)
    for lot in _lots(site, block, 3600.0):
        centre, axis, half_length, half_width = fitted(lot, 4.0)
        if half_width < 7:
            continue
        share = rng.uniform(0.35, 0.8)
        roof = rng.choice(ROOFS[country_of(site)]["flat"])
        eaves = rng.uniform(5, 11)
        hall = centre + axis * half_length * (1 - share)
        pitch = 0.08 if rng.random() < 0.4 else 0.0
        if site.build(hall, axis, half_length * share, half_width, eaves, roof, pitch):
            _roof_units(site, hall, axis, half_length * share * 0.8, half_width * 0.8, eaves)
        yard = rectangle(centre - axis * half_length * share, axis, half_length * (0.95 - share), half_width)
        if share < 0.9:
            site.ground(yard, "parking")
            _parked_cars(site, yard, rng.uniform(0.2, 0.8))


def yard(site: Site, block: Polygon) -> None:
    """Paved or gravelled open space: squares, school yards, storage, railway yards, large car parks."""
    rng = site.rng
    kind = rng.choice(["parking", "concrete", "paving", "gravel", "pitch"], p=[0.34, 0.2, 0.16, 0.16, 0.14])
    site.ground(block, kind)
    _pavements(site, block)
    if kind == "parking":
        _parked_cars(site, block, rng.uniform(0.3, 0.9))
    elif kind == "pitch":
        site.ground(inset(block, rng.uniform(6, 14)), "pitch")
    centre, axis, half_length, half_width = fitted(block, 6.0)
    if half_width > 12 and rng.random() < 0.7:
        depth = rng.uniform(6, 9)
        material = rng.choice(ROOFS[country_of(site)]["flat"])
        place = centre + axis * 1j * (half_width - depth)
        site.build(place, axis, half_length * rng.uniform(0.4, 0.9), depth, rng.uniform(5, 12), material)
    for point in scattered(block, 16.0, rng):
        if rng.random() < 0.22:
            site.plant(point, rng.uniform(1.5, 3.5), rng.uniform(4, 8))


def country_of(site: Site) -> str:
    """ISO 3166 alpha-3 code of the country the site lies in."""
    return site.region.country


def _lots(site: Site, block: Polygon, size: float) -> list[Polygon]:
    return subdivide(block, size, _no_gap, site.region.skew * 0.5, site.rng, site.shows)


def _no_gap(size: float) -> float:  # noqa: ARG001
    return 0.0


def _house(site: Site, lot: Polygon) -> None:
    rng = site.rng
    country = country_of(site)
    paved = {"FRA": 0.25, "JPN": 0.75, "USA": 0.12}[country]
    if rng.random() < paved:
        site.ground(lot, rng.choice(["paving", "concrete", "gravel"]))
    elif rng.random() < 0.6:
        site.ground(lot, rng.choice(["lawn", "lawn", "grass"]))
    centre, axis, half_length, half_width = fitted(lot, 1.0)
    if half_width < 2.4:
        return
    if country == "FRA" and rng.random() < 0.5:
        _hedge(site, lot)
    size = {"FRA": 1.05, "JPN": 1.0, "USA": 1.4}[country]
    long = min(half_length, rng.uniform(5.0, 8.0) * size)
    wide = min(half_width, rng.uniform(4.0, 5.6) * size, long)
    room = complex((half_length - long) * rng.uniform(-0.8, 0.8), (half_width - wide) * rng.uniform(-0.8, 0.8))
    place = centre + axis * room
    if rng.random() < 0.3 and half_length > wide:
        axis, long, wide = axis * 1j, min(long, half_width), min(wide, half_length)
    material = rng.choice(ROOFS[country]["pitched"])
    eaves = rng.choice([3.0, 5.6]) + rng.uniform(-0.3, 0.5)
    pitch, hipped = rng.uniform(0.35, 0.75), bool(rng.random() < 0.4)
    drive = axis * 1j * (1 if rng.random() < 0.5 else -1)
    site.ground(rectangle(place + drive * (wide + 3), drive, 4.5, 1.6), "concrete")
    if rng.random() < 0.45:
        site.park_car(place + drive * (wide + 3.5), drive, DEVELOPED)
    if not site.build(place, axis, long, wide, eaves, material, pitch, hipped):
        return
    if rng.random() < 0.5 and half_width - wide > 1.5:
        wing = place + axis * (long - wide * 0.7) * rng.choice([-1, 1]) - drive * wide * 0.9
        site.build(wing, drive, wide * 1.1, wide * 0.62, eaves, material, pitch, hipped)
    if country == "USA" and rng.random() < 0.18:
        site.ground(rectangle(place - drive * (wide + 4), axis, 3.4, 1.7), "pool")
    for point in scattered(lot, 6.5, rng):
        chance = {"FRA": 0.4, "JPN": 0.16, "USA": 0.34}[country]
        if rng.random() < chance and abs(point - place) > wide:
            radius = rng.uniform(1.1, 3.8)
            site.plant(point, radius, 1.5 + radius * rng.uniform(1.2, 2.0))


def _hedge(site: Site, lot: Polygon) -> None:
    """Bushes along the longest edge of a lot."""
    start, end = longest_edge(lot)
    steps = int(abs(end - start) / 1.1)
    for step in range(steps):
        site.plant(start + (end - start) * (step + 0.5) / steps, site.rng.uniform(0.65, 0.95), 1.7)


def _pavements(site: Site, block: Polygon) -> None:
    """Patches of other pavement, lawn islands and stored goods: open ground is seldom of one piece."""
    rng = site.rng
    for patch in subdivide(block, 700.0, _no_gap, site.region.skew * 0.5, rng, site.shows):
        draw = rng.random()
        if draw < 0.3:
            site.ground(patch, rng.choice(["parking", "concrete", "paving", "gravel"]))
        elif draw < 0.4:
            site.ground(inset(patch, rng.uniform(0.5, 4)), rng.choice(["lawn", "grass"]))
        elif draw < 0.48:
            centre, axis, half_length, half_width = fitted(patch, 4.0)
            if half_width > 2:
                roof = rng.choice(ROOFS[country_of(site)]["flat"])
                site.build(centre, axis, half_length * 0.6, half_width * 0.5, rng.uniform(2.6, 5), roof)


def _parked_cars(site: Site, outline: Polygon, occupied: float) -> None:
    """Rows of cars, two to an aisle, along the longest edge; `occupied` is the share of taken places."""
    rng = site.rng
    start, end = longest_edge(outline)
    axis = (end - start) / abs(end - start)
    inner = inset(outline, 2.8)
    if not inner or area(inner) < 60:
        return
    along, across = extent_along(inner, axis), extent_along(inner, axis * 1j)
    row, number = across[0], 0
    while row < across[1]:
        place = along[0]
        while place < along[1]:
            point = axis * complex(place, row)
            taken, tilt = rng.random() < occupied, rng.normal(0, 0.02)
            if taken and contains(inner, point):
                site.park_car(point, axis * complex(tilt, 1), DEVELOPED)
            place += 2.6
        row += 5.0 if number % 2 == 0 else 11.0
        number += 1


def _roof_units(
    site: Site, centre: complex, axis: complex, half_length: float, half_width: float, eaves: float
) -> None:
    """Air conditioners and stair heads on a flat roof: small boxes that shine in the radar."""
    rng = site.rng
    for _ in range(rng.integers(0, 5)):
        place = centre + axis * complex(
            half_length * rng.uniform(-1, 1), half_width * rng.uniform(-1, 1)
        )
        site.build(place, axis, rng.uniform(0.6, 2.2), rng.uniform(0.6, 1.4), eaves + 1.6, "unit")
