"""The contract of an input."""

import tempfile
from pathlib import Path

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from oemsar.dataset.pixels import read_images
from oemsar.dataset.tile import Tile
from oemsar.inputs import INPUTS, Inputs
from oemsar.raster.geotiff import write_raster
from oemsar.testing.expect import expect
from oemsar.train.normalisation import estimate_normalisation

_SHAPE = (40, 56)


def check_input(name: str, *, channels: int | None = None) -> None:
    """Check that a registered input keeps the contract.

    It bears the name of its entry; its text is read back; values of its valid range are read as they were
    written, and others as no data where the input is measured; and its channels can be normalised.

    Args:
        name: Name in `oemsar.inputs.INPUTS`.
        channels: Number of channels to try; by default the usual, or 3 where there is none.

    Raises:
        AssertionError: The input breaks the contract; the sentence says how.
        InputError: The input is not known.
    """
    declared = INPUTS.find(name)
    expect(declared.name == name, f"input {name} calls itself {declared.name}")
    number = channels or declared.channels or min(3, declared.most)
    inputs = Inputs.parse(f"{name}:{number}")
    expect(Inputs.parse(str(inputs)) == inputs, f"{inputs} is read back as {Inputs.parse(str(inputs))}")
    low, high = declared.valid_range
    kind = np.uint8 if declared.is_bytes else np.float32
    values = np.random.default_rng(0).uniform(low, high, (number, *_SHAPE)).astype(kind)
    if not declared.is_bytes:
        values[:, 3, 5] = high + abs(high) + 1
    with tempfile.TemporaryDirectory() as folder:
        grid = GeoBox(_SHAPE, Affine(0.5, 0, 500_000, 0, -0.5, 4_000_000), "EPSG:32631")
        path = Path(folder) / "tile.tif"
        write_raster(path, values, grid)
        tile = Tile(
            name="tile",
            split="train",
            shape=_SHAPE,
            grid=grid,
            sar=path if name == "sar" else None,
            optical=path if name == "optical" else None,
            further={} if name in ("sar", "optical") else {name: path},
        )
        read = read_images(tile, inputs)
        mean, std = estimate_normalisation([tile], inputs, 0)
    if not declared.is_bytes:
        expect(bool(np.isnan(read[:, 3, 5]).all()), f"{name} reads a value beyond {high:g} as data")
        values[:, 3, 5] = read[:, 3, 5] = 0
    expect(bool((read == values).all()), f"{name} reads other values than were written")
    expect(len(mean) == len(std) == number, f"{name} has {len(mean)} means for {number} channels")
    expect(all(low <= each <= high for each in mean), f"{name} has means outside its valid range")
