"""The metadata of ICEYE are one model, whether COG, tags, JSON or XML state them."""

import html
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.iceye_metadata import IceyeMetadata, metadata_files, read_metadata, tagged_properties
from oemsar.products.umbra_metadata import azimuth_at_scene

PROPERTIES: dict[str, Any] = {
    "start_datetime": "2025-06-27T11:24:05.785Z",
    "sar:observation_direction": "right",
    "sar:polarizations": ["VV"],
    "sar:product_type": "GRD-COG",
    "view:azimuth": 100.78,
    "view:incidence_angle": 31.94,
    "iceye:range": 689995.3,
    "iceye:calibration_factor": 2.37e-05,
    "proj:centroid": {"lat": 48.38, "lon": -4.5},
    "iceye:orbit_states": [{"time": "x"}],
}
LEGACY = {
    "PRODUCT_LEVEL": "GRD",
    "ACQUISITION_START_UTC": "2019-03-10T18:19:50.316054",
    "CALIBRATION_FACTOR": "1.2341123e-05",
    "INCIDENCE_CENTER": "23.5",
    "HEADING": "190.0",
    "LOOK_SIDE": "LEFT",
    "POLARIZATION": "VV",
    "SATELLITE_NAME": "ICEYE-X2",
}
PATH = Path("ICEYE_X2_GRD_SM_1.tif")


def test_the_properties_of_a_cog_are_read_however_they_are_escaped() -> None:
    """The azimuth is measured below the satellite and carried to the scene."""
    plain = json.dumps(PROPERTIES)
    for text in (plain, html.escape(plain)):
        metadata, beside = read_metadata(PATH, {"ICEYE_PROPERTIES": text})
        assert beside == ()
        assert (metadata.level, metadata.calibration_factor) == ("GRD-COG", 2.37e-05)
        assert metadata.polarisation == "VV"
        assert metadata.time == datetime(2025, 6, 27, 11, 24, 5, 785000, UTC)
        look = metadata.look
        assert look is not None
        assert look.incidence == 31.94
        assert look.azimuth == pytest.approx(azimuth_at_scene(100.78, 48.38, -4.5, 31.94, 689995.3))


@pytest.mark.parametrize(("side", "azimuth"), [("LEFT", 100.0), ("right", 280.0)])
def test_tags_of_older_files_are_read(side: str, azimuth: float) -> None:
    """The radar looks across its flight, to the left or to the right."""
    metadata, _ = read_metadata(PATH, {**LEGACY, "LOOK_SIDE": side})
    assert (metadata.level, metadata.calibration_factor) == ("GRD", 1.2341123e-05)
    assert metadata.look == Look(azimuth, 23.5)
    assert metadata.time == datetime(2019, 3, 10, 18, 19, 50, 316054, UTC)


@pytest.mark.parametrize("missing", ["INCIDENCE_CENTER", "HEADING", "LOOK_SIDE"])
def test_part_of_the_angles_gives_no_look(missing: str) -> None:
    tags = {name: value for name, value in LEGACY.items() if name != missing}
    assert read_metadata(PATH, tags)[0].look is None


def test_the_file_goes_before_json_and_json_before_xml(tmp_path: Path) -> None:
    path = tmp_path / PATH
    item = {"type": "Feature", "properties": {"iceye:calibration_factor": 2.0, "view:incidence_angle": 30}}
    path.with_suffix(".json").write_text(json.dumps(item))
    path.with_suffix(".xml").write_text(
        "<GRD><calibration_factor> 9 </calibration_factor><heading>10</heading><look_side>RIGHT</look_side>"
        "<iceye_list><x>1</x></iceye_list></GRD>"
    )
    metadata, beside = read_metadata(path, {"ICEYE_PROPERTIES": '{"view:incidence_angle": 40}'})
    assert [file.suffix for file in beside] == [".json", ".xml"] == [f.suffix for f in metadata_files(path)]
    assert (metadata.calibration_factor, metadata.look) == (2.0, Look(100.0, 40.0))


def test_of_a_field_that_both_files_state_that_of_the_json_counts(tmp_path: Path) -> None:
    path = tmp_path / PATH
    path.with_suffix(".json").write_text(json.dumps({"calibration_factor": 2.0, "polarization": "HH"}))
    path.with_suffix(".xml").write_text("<GRD><calibration_factor>9</calibration_factor></GRD>")
    metadata, _ = read_metadata(path, {})
    assert (metadata.calibration_factor, metadata.polarisation) == (2.0, "HH")
    assert read_metadata(path, {"CALIBRATION_FACTOR": "5"})[0].calibration_factor == 5.0


def test_damaged_tags_tell_nothing() -> None:
    for text in ("", "{", "[1]", "[" * 9000, "null"):
        assert tagged_properties({"ICEYE_PROPERTIES": text}) == {}
    assert read_metadata(PATH, {})[0] == IceyeMetadata()


@pytest.mark.parametrize(
    "changes",
    [
        {"iceye:calibration_factor": -1},
        {"iceye:calibration_factor": "x"},
        {"iceye:calibration_factor": float("inf")},
        {"view:incidence_angle": 95},
        {"start_datetime": "yesterday"},
        {"sar:observation_direction": "up"},
        {"proj:centroid": {"lat": "north"}},
        {"iceye:amplitude_mapping": "power"},
    ],
)
def test_fields_of_the_wrong_kind_are_refused(changes: dict[str, Any]) -> None:
    tags = {"ICEYE_PROPERTIES": json.dumps({**PROPERTIES, **changes})}
    with pytest.raises(InputError, match="holds no usable ICEYE metadata"):
        read_metadata(PATH, tags)


@pytest.mark.parametrize(
    ("suffix", "text"), [(".json", "{"), (".json", "[]"), (".json", "3"), (".xml", "<a>")]
)
def test_damaged_files_beside_are_refused(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / PATH
    path.with_suffix(suffix).write_text(text)
    with pytest.raises(InputError, match=f"{suffix} .*fetch it again"):
        read_metadata(path, {})
