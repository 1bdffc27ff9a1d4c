"""The contract of a reader of radar products."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from oemsar.errors import InputError
from oemsar.products.registry import READERS
from oemsar.raster.read import Extent
from oemsar.testing.expect import expect

_PATCH = 64
"""Side of the corner of a product that is read, in pixels."""


def check_reader(name: str, sample: Path) -> None:
    """Check that a registered reader keeps the contract.

    It recognises a product of its kind, refuses files that are no product, opens the product as often as it
    is needed with the same pixels, and turns them into amplitudes of which some are finite and
    none is negative.

    Args:
        name: Name in `oemsar.products.registry.READERS`.
        sample: File of a product of that kind.

    Raises:
        AssertionError: The reader breaks the contract; the sentence says how.
        InputError: The reader is not known, or cannot read the sample.
    """
    reader = READERS.find(name)
    expect(reader.name == name, f"reader {reader.name} is registered under the name {name}")
    expect(bool(reader.summary.strip()), f"reader {name} has no summary")
    expect(reader.recognises(sample), f"reader {name} does not recognise {sample}")
    _check_other_files(name)
    opened = reader.read(sample, None)
    expect(opened.path == sample, f"reader {name} opens {opened.path} instead of {sample}")
    expect(opened.band >= 1, f"reader {name} reads band {opened.band}; bands are counted from 1")
    first, second = (_corner(name, sample), _corner(name, sample))
    expect(np.array_equal(first, second, equal_nan=True), f"reader {name} reads other pixels again")
    values = np.abs(first) if np.iscomplexobj(first) else first
    amplitude = opened.product.scale * opened.product.encoding.amplitude(values.astype(np.float64))
    finite = amplitude[np.isfinite(amplitude)]
    expect(finite.size > 0, f"reader {name} gives no amplitude that is finite")
    expect(bool((finite >= 0).all()), f"reader {name} gives amplitudes below zero")


def _corner(name: str, sample: Path) -> np.ndarray:
    """Read the pixels of the upper left corner of a product, in the file's own type."""
    with READERS.find(name).read(sample, None).opener() as pixels:
        height, width = pixels.shape
        extent = Extent(0, 0, min(_PATCH, height), min(_PATCH, width))
        values, valid = pixels.read(extent)
    expected = (pixels.count, extent.height, extent.width)
    expect(
        values.shape == expected,
        f"reader {name} gives pixels of shape {values.shape} for a rectangle of shape {expected}",
    )
    known = valid is None or valid.shape == expected[1:] or valid.shape == expected
    expect(known, f"reader {name} gives a mask of another shape than its pixels")
    return values


def _check_other_files(name: str) -> None:
    reader = READERS.find(name)
    with tempfile.TemporaryDirectory() as folder:
        text, empty, missing = (Path(folder) / file for file in ("notes.txt", "empty.tif", "missing.tif"))
        text.write_text("no product\n", encoding="utf-8")
        empty.touch()
        for file in (text, empty, missing):
            expect(
                not _accepts(reader.recognises, file),
                f"reader {name} recognises {file.name}, which is no product",
            )
            opens = _accepts(lambda path: reader.read(path, None), file)
            expect(not opens, f"reader {name} opens {file.name}, which is no product")


def _accepts(takes: Callable[[Path], object], file: Path) -> bool:
    """Tell whether a file is taken; an `InputError` refuses it."""
    try:
        return bool(takes(file))
    except InputError:
        return False
