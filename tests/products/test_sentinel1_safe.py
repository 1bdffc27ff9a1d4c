"""A SAFE folder is found by its manifest or by a measurement; names of copies are read, damage is refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.sentinel1_safe import polarisation_of, read_facts, safe_files, safe_folder

from .conftest import SHAPE, Safe

NUMBERS = np.full(SHAPE, 100, np.uint16)


@pytest.fixture
def safe(write_safe: Callable[..., Safe]) -> Safe:
    return write_safe({"HV": NUMBERS, "HH": NUMBERS})


@pytest.mark.parametrize(
    ("name", "polarisation"),
    [
        ("s1a-iw-grd-vv-20240506t070809-20240506t070834-053000-066e0a-001.tiff", "VV"),
        ("s1a-iw-grd-vh-20240506t070809-20240506t070834-053000-066e0a-002-cog.tiff", "VH"),
        ("iw-hv.tiff", "HV"),
        ("ew-hh.tiff", "HH"),
        ("iw-vv.rtc.tiff", ""),
        ("quick-look.tiff", ""),
    ],
)
def test_the_polarisation_is_a_part_of_the_name(name: str, polarisation: str) -> None:
    assert polarisation_of(Path(name)) == polarisation


def test_names_of_copies_on_aws_are_read(safe: Safe) -> None:
    measurement = safe.measurement("HH")
    for path in (safe.table("noise", "HH"), safe.table("calibration", "HH"), safe.annotation("HH")):
        path.rename(path.with_name(path.name.replace(measurement.stem, "iw-hh")))
    renamed = measurement.rename(measurement.with_name("iw-hh.tiff"))
    files = safe_files(renamed, None)
    assert files == safe_files(safe.folder, 1)
    assert all(path.is_file() for path in files.metadata)


def test_the_annotation_of_a_cog_may_lack_its_ending(safe: Safe) -> None:
    measurement = safe.measurement("HH")
    renamed = measurement.rename(measurement.with_name(f"{measurement.stem}-cog.tiff"))
    files = safe_files(safe.folder, None)
    assert files.measurement == renamed
    assert all(path.is_file() for path in files.metadata)
    assert safe_folder(renamed) == safe.folder


def test_a_folder_without_manifest_is_known_by_its_measurements(safe: Safe) -> None:
    (safe.folder / "manifest.safe").unlink()
    assert safe_folder(safe.folder) is None
    files = safe_files(safe.measurement("HV"), None)
    assert files.manifest is None
    assert read_facts(files).version is None


def test_a_folder_without_measurements_is_refused(safe: Safe) -> None:
    for path in (safe.folder / "measurement").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="holds no measurement"):
        safe_files(safe.folder, None)


def test_facts_are_those_of_annotation_and_manifest(safe: Safe) -> None:
    """The radar looks to the right of its flight; points of the grid are centres of pixels, from 0."""
    facts = read_facts(safe_files(safe.folder, None))
    assert facts.look == Look(77.5, 38.75)
    assert (facts.polarisation, facts.mode, facts.shape, facts.version) == ("HH", "IW", SHAPE, 3.31)
    assert facts.time == datetime(2024, 5, 6, 7, 8, 9, 500000, UTC)
    last = facts.georeference.gcps[-1]
    assert (last.row, last.col) == (59.5, 89.5)
    assert (last.x, last.y, last.z) == pytest.approx((10.089, 49.941, 7))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (">38.75<", ">98.75<", "lacks facts of a GRD .*incidence angle 98.75"),
        (">-12.5<", ">nan<", "lacks facts of a GRD .*heading nan"),
        ("<numberOfLines>60", "<numberOfLines>many", "lacks facts of a GRD"),
        ("imageInformation>", "information>", "no imageInformation"),
        ("startTime>", "start>", "no adsHeader/startTime"),
        ("<line>0<", "<line>first<", "lacks facts of a GRD"),
        ("productType>", "type>", "a Sentinel-1 product without a type, not a GRD"),
        ("</product>", "", "is not an XML file that can be read"),
    ],
)
def test_damaged_annotations_are_refused(safe: Safe, old: str, new: str, message: str) -> None:
    path = safe.annotation("HH")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message):
        read_facts(safe_files(safe.folder, None))


def test_angles_that_are_not_stated_give_no_look(safe: Safe) -> None:
    path = safe.annotation("HH")
    path.write_text(path.read_text().replace("platformHeading", "heading"))
    assert read_facts(safe_files(safe.folder, None)).look is None


@pytest.mark.parametrize("version", ["", "old"])
def test_a_version_that_is_no_number_is_unknown(safe: Safe, version: str) -> None:
    manifest = safe.folder / "manifest.safe"
    manifest.write_text(manifest.read_text().replace("003.31", version))
    assert read_facts(safe_files(safe.folder, None)).version is None
