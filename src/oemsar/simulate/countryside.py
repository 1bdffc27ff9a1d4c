"""What grows or lies open on a block of land: parks, fields, meadows, woods and bare ground."""

import math

from oemsar.simulate.blocks import yard
from oemsar.simulate.materials import CROPS, ROOFS
from oemsar.simulate.polygon import Polygon, area, inset, longest_edge, rectangle, unit
from oemsar.simulate.site import Site, fitted, scattered
from oemsar.simulate.streets import subdivide

_ROWS = {"crop": 1.5, "ripe": 2.4, "ploughed": 1.8, "paddy": 0.9, "vine": 2.4}
"""Distance between crop rows or tractor passes in metres, as far as tiles of this resolution show them."""


def park(site: Site, block: Polygon) -> None:
    """Lawns, groves, paths, a playground or a sports pitch."""
    rng = site.rng
    site.ground(block, rng.choice(["lawn", "grass"]))
    centre, axis, half_length, half_width = fitted(block, 2.0)
    for _ in range(rng.integers(1, 4)):
        path = unit(rng.uniform(0, math.pi))
        offset = axis * complex(half_length * rng.uniform(-0.6, 0.6), half_width * rng.uniform(-0.6, 0.6))
        length = min(half_length, half_width) * 1.2
        site.ground(rectangle(centre + offset, path, length, 1.1), rng.choice(["gravel", "paving"]))
    if rng.random() < 0.5 and half_width > 14:
        radius = rng.uniform(9, min(half_width, 24))
        pitch = centre + axis * (half_length - radius) * rng.uniform(-0.7, 0.7)
        disc = [pitch + radius * unit(2 * math.pi * step / 16) for step in range(16)]
        site.ground(disc, rng.choice(["pitch", "pitch", "soil"]))
    density = rng.uniform(0.15, 0.75)
    grove = rng.uniform(18, 40)
    phase, drift = rng.uniform(0, 2 * math.pi, 2)
    for point in scattered(block, 6.5, rng):
        wooded = math.sin(point.real / grove + phase) * math.sin(point.imag / grove + drift)
        if rng.random() < density * (1 + 1.3 * wooded):
            radius = rng.uniform(1.8, 4.6)
            site.plant(point, radius, 3 + 1.7 * radius)


def field(site: Site, block: Polygon) -> None:
    """Farmed parcels of one crop each with rows along their longer side; hedges or grass strips between."""
    rng = site.rng
    country = site.region.country
    site.ground(block, "meadow")
    size = {"FRA": 9000.0, "JPN": 1300.0, "USA": 14000.0}[country]
    parcels = subdivide(block, size, lambda _: 0.0, site.region.skew * 0.3, rng, site.shows)
    usual = rng.choice(CROPS[country])
    for parcel in parcels:
        crop = usual if rng.random() < 0.5 else str(rng.choice(CROPS[country]))
        start, end = longest_edge(parcel)
        tilled = inset(parcel, rng.uniform(0.4, 1.6))
        if not tilled:
            continue
        spacing = _ROWS[crop] * rng.uniform(0.85, 1.3)
        site.ground(tilled, crop, (end - start) / abs(end - start), spacing)
        if country != "JPN" and rng.random() < 0.4:
            for step in range(int(abs(end - start) / 2.2)):
                if rng.random() < 0.8:
                    radius = rng.uniform(0.9, 2.2)
                    site.plant(start + (end - start) / abs(end - start) * step * 2.2, radius, 2 + 1.5 * radius)
    if rng.random() < 0.25:
        _farmstead(site, block)


def meadow(site: Site, block: Polygon) -> None:
    """Rough grass and scrub with bushes and worn places."""
    rng = site.rng
    site.ground(block, rng.choice(["meadow", "meadow", "grass", "scrub"]))
    for patch in subdivide(block, 3500.0, lambda _: 0.0, 0.5, rng, site.shows):
        if rng.random() < 0.3:
            site.ground(patch, rng.choice(["meadow", "scrub", "grass"]))
        if rng.random() < 0.07:
            site.ground(inset(patch, 12.0), "soil")
    density = rng.uniform(0.03, 0.16)
    for point in scattered(block, 7.0, rng):
        if rng.random() < density:
            radius = rng.uniform(0.9, 3.8)
            site.plant(point, radius, 1.5 + 1.5 * radius)


def forest(site: Site, block: Polygon) -> None:
    """Closed canopy with small clearings."""
    rng = site.rng
    site.ground(block, "scrub")
    spacing = rng.uniform(4.2, 6.2)
    phase, drift = rng.uniform(0, 2 * math.pi, 2)
    for point in scattered(block, spacing, rng):
        clearing = math.sin(point.real / 17 + phase) * math.sin(point.imag / 23 + drift)
        if clearing < 0.8:
            radius = spacing * rng.uniform(0.5, 0.85)
            site.plant(point, radius, rng.uniform(6, 12))


def bare(site: Site, block: Polygon) -> None:
    """Earthworks, construction ground and dry banks."""
    rng = site.rng
    site.ground(block, "soil" if rng.random() < 0.8 else "sand")
    for patch in subdivide(block, 1500.0, lambda _: 0.0, 0.4, rng, site.shows):
        if rng.random() < 0.3:
            site.ground(inset(patch, 2.0), rng.choice(["soil", "soil", "scrub", "gravel"]))
    for point in scattered(block, 12.0, rng):
        if rng.random() < 0.06:
            site.plant(point, rng.uniform(0.8, 2.0), 2.5)


def _farmstead(site: Site, block: Polygon) -> None:
    """A farm at the edge of its field: barn, house, yard."""
    rng = site.rng
    start, end = longest_edge(block)
    axis = (end - start) / abs(end - start)
    if area(block) < 4000:
        return
    corner = start + axis * complex(rng.uniform(20, 35), 22)
    ground = rectangle(corner, axis, 18, 15)
    if rng.random() < 0.3:
        yard(site, ground)
        return
    site.ground(ground, rng.choice(["gravel", "lawn", "concrete"]))
    roofs = ROOFS[site.region.country]["pitched"]
    site.build(corner + axis * complex(-6, -7), axis, rng.uniform(8, 11), 5.5, 5.0, rng.choice(roofs), 0.3)
    site.build(corner + axis * complex(9, 5), axis * 1j, 6.0, 4.2, 3.4, rng.choice(roofs), 0.55)
    for step in range(8):
        site.plant(corner + 21 * unit(step * 0.8), rng.uniform(1.5, 3.5), rng.uniform(4, 8))
