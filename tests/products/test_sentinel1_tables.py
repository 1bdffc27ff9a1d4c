"""Tables of a GRD: planes come back exactly, hold beyond their ends, and damage is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from oemsar.errors import InputError
from oemsar.products.sentinel1_tables import VectorTable, read_calibration, read_noise, table_at
from oemsar.raster.read import Extent

from .conftest import SHAPE, Safe, azimuth_factor, calibration, positions, range_noise

NUMBERS = np.full(SHAPE, 100, np.uint16)


@pytest.fixture
def safe(write_safe: Callable[..., Safe]) -> Safe:
    return write_safe({"VV": NUMBERS})


def test_bilinear_interpolation_is_that_of_scipy_on_a_regular_grid() -> None:
    rng = np.random.default_rng(0)
    lines, pixels = np.array([0.0, 7.0, 19.0]), np.array([0.0, 4.0, 5.0, 30.0])
    values = rng.uniform(1, 2, (3, 4))
    table = VectorTable(lines, (pixels,) * 3, tuple(values))
    rows, columns = np.arange(20.0), np.arange(31.0)
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
    expected = RegularGridInterpolator((lines, pixels), values)(grid)
    np.testing.assert_allclose(table.at(rows, columns), expected)


def test_beyond_its_ends_a_table_holds_its_last_values() -> None:
    table = VectorTable(
        np.array([5.0, 9.0]), (np.array([2.0, 4.0]),) * 2, (np.array([1.0, 3.0]), np.array([5.0, 9.0]))
    )
    np.testing.assert_array_equal(table.at(np.array([0.0, 20.0]), np.array([0.0, 9.0])), [[1, 3], [5, 9]])


def test_one_vector_and_two_of_one_line_are_a_table() -> None:
    one = VectorTable(np.array([5.0]), (np.array([2.0, 4.0]),), (np.array([1.0, 3.0]),))
    np.testing.assert_array_equal(one.at(np.array([0.0, 7.0]), np.array([3.0])), [[2], [2]])
    twice = VectorTable(
        np.array([5.0, 5.0, 7.0]), (np.array([0.0]),) * 3, tuple(np.array([[1.0], [2.0], [4.0]]))
    )
    np.testing.assert_array_equal(twice.at(np.array([5.0, 6.0]), np.array([0.0])), [[2], [3]])


def test_calibration_and_noise_come_back_from_their_files(safe: Safe) -> None:
    lines, pixels = positions()
    extent = Extent(20, 33, 35, 50)
    part = np.s_[20:55, 33:83]
    table, number = read_calibration(safe.table("calibration", "VV"))
    np.testing.assert_allclose(table_at(table, extent), calibration(lines, pixels)[part])
    assert number == 0.5
    expected = (range_noise(lines, pixels) * azimuth_factor(lines, pixels))[part]
    np.testing.assert_allclose(read_noise(safe.table("noise", "VV")).at(extent), expected)
    np.testing.assert_allclose(read_noise(safe.table("noise", "VV"), 3.0).at(extent), 3 * expected)


def test_noise_of_old_processors_has_no_factor_in_azimuth(write_safe: Callable[..., Safe]) -> None:
    noise = read_noise(write_safe({"VV": NUMBERS}, version="002.84").table("noise", "VV"))
    np.testing.assert_allclose(noise.at(Extent(0, 0, *SHAPE)), range_noise(*positions()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</sigmaNought>", " nan</sigmaNought>"),
        ("</sigmaNought>", " 5</sigmaNought>"),
        ('<pixel count="3">0 31 89', '<pixel count="3">0 89 31'),
        ("<line>25</line>", "<line>x</line>"),
        ("<line>25</line>", ""),
        ("calibrationVector>", "vector>"),
        ("<dn", "<dm"),
        ("e+02", "e-999"),
        ("e+02", "e+99"),
        ("e+02", "e-99"),
        ("<calibration>", "<calibration"),
        ("<calibration>", '<!DOCTYPE a [<!ENTITY b "c">]><calibration>'),
    ],
)
def test_damaged_calibration_is_refused(safe: Safe, old: str, new: str) -> None:
    path: Path = safe.table("calibration", "VV")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=r"calibration-.*\.xml .*; fetch it again"):
        read_calibration(path)


@pytest.mark.parametrize("old", ["noiseRangeVector>", "<lastRangeSample>89", "noiseAzimuthLut "])
def test_damaged_noise_is_refused(safe: Safe, old: str) -> None:
    path = safe.table("noise", "VV")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, old.replace("e", "q").replace("89", "x")))
    with pytest.raises(InputError, match=r"noise-.*\.xml .*; fetch it again"):
        read_noise(path)


def test_a_missing_table_is_named(safe: Safe) -> None:
    path = safe.table("noise", "VV")
    path.unlink()
    with pytest.raises(InputError, match=r"noise-.*\.xml does not exist"):
        read_noise(path)
