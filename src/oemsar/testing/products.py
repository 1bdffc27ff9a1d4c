"""The contract of a reader of radar products."""

import tempfile
from pathlib import Path

import numpy as np

from oemsar.errors import InputError
from oemsar.products.reader import Reader
from oemsar.products.registry import READERS
from oemsar.raster.read import Extent
from oemsar.testing.expect import expect

_PATCH = 64
"""Side of the corner of a product that is read, in pixels."""


def check_reader(name: str, sample: Path) -> None:
    """Check that a registered reader keeps the contract.

    It recognises a product of its kind and says by what, raises nothing over files that cannot be opened,
    refuses them when it is to read them, opens the product as often as it
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
    reason = reader.recognises(sample)
    expect(reason is not None, f"reader {name} does not recognise {sample}")
    expect(
        isinstance(reason, str) and bool(reason.strip()),
        f"reader {name} does not say what tells {sample}: it gives {reason!r}",
    )
    _check_other_files(name)
    opened = reader.read(sample, None)
    own = opened.path == sample or sample in opened.path.parents or sample in opened.metadata
    expect(own, f"reader {name} opens {opened.path} instead of {sample}")
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
        names = ("notes.txt", "empty.tif", "missing.tif", "folder.tif", "cut.tif")
        text, empty, missing, inner, cut = (Path(folder) / file for file in names)
        text.write_text("no product\n", encoding="utf-8")
        empty.touch()
        inner.mkdir()
        cut.write_bytes(b"II*\x00\x08\x00\x00\x00\x0f\x00")
        for file in (text, empty, missing, inner, cut):
            expect(
                _recognised(reader, file) is None,
                f"reader {name} recognises {file.name}, which is no product",
            )
            expect(not _opens(reader, file), f"reader {name} opens {file.name}, which is no product")


def _recognised(reader: Reader, file: Path) -> object:
    """Give what tells the kind of a file; an error of the reader breaks the contract."""
    try:
        return reader.recognises(file)
    except Exception as error:
        raise AssertionError(f"reader {reader.name} raises {error!r} over {file.name}") from error


def _opens(reader: Reader, file: Path) -> bool:
    """Tell whether a file is opened; an `InputError` refuses it."""
    try:
        reader.read(file, None)
    except InputError:
        return False
    return True
