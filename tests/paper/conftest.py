"""Tiles of three countries, with files and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.dataset.regions import assign_regions
from oemsar.dataset.tile import Tile

PLACES = {"FRA": (31, 450_000, 5_410_000), "JPN": (54, 390_000, 3_940_000), "USA": (18, 590_000, 4_500_000)}
"""UTM zone, easting and northing of Paris, Tokyo and New York."""

SHAPE = (32, 44)


def tile(name: str, country: str, shift: float = 0.0) -> Tile:
    zone, east, north = PLACES[country]
    affine = Affine(0.5, 0, east + shift, 0, -0.5, north)
    return Tile(name, "train", SHAPE, GeoBox(SHAPE, affine, f"EPSG:{32600 + zone}"))


@pytest.fixture(scope="session")
def placed() -> list[Tile]:
    """Two regions in France, 60 km apart, and one in each of the other countries; two tiles in each."""
    places = [("FRA", 0.0), ("FRA", 60_000.0), ("JPN", 0.0), ("USA", 0.0)]
    tiles = [
        tile(f"tile_{number}_{half}", country, shift + 100 * half)
        for number, (country, shift) in enumerate(places)
        for half in (0, 1)
    ]
    return assign_regions(tiles)


def with_files(placed: list[Tile], folder: Path) -> list[Tile]:
    """The tiles with radar and pseudo label, and every other one with optical and real label too."""
    random = np.random.default_rng(0)
    found = []
    for number, one in enumerate(placed):
        files = {}
        for column, bands in (("sar", 1), ("optical", 3), ("pseudo_label", 1), ("real_label", 1)):
            if number % 2 and column in ("optical", "real_label"):
                continue
            pixels = random.integers(0, 9, (bands, *SHAPE), np.uint8)
            files[column] = folder / f"{one.name}_{column}.tif"
            with rasterio.open(
                files[column],
                "w",
                driver="GTiff",
                dtype="uint8",
                count=bands,
                height=SHAPE[0],
                width=SHAPE[1],
            ) as file:
                file.write(pixels)
        found.append(replace(one, **files))
    return found
