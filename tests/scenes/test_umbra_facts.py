"""Metadata of either version say the same in their own words."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oemsar.scenes.stac import Item
from oemsar.scenes.umbra_facts import Facts, facts_of_item, facts_of_metadata

from .umbra_bucket import HERE, item, legacy


def test_recorded_metadata_are_read() -> None:
    folder = Path(os.environ.get("OEMSAR_REAL_DATA") or "absent") / "protocol"
    if not (folder / "umbra_legacy_METADATA.json").is_file():
        pytest.skip("OEMSAR_REAL_DATA names no folder with recorded answers")
    facts = facts_of_metadata((folder / "umbra_legacy_METADATA.json").read_bytes())
    assert facts is not None
    assert facts.outline is not None
    assert facts.outline.bounds == pytest.approx((-79.60, 8.95, -79.55, 9.00))
    assert facts.start == datetime(2023, 7, 18, 2, 30, 33, tzinfo=UTC)
    assert (facts.gsd, facts.incidence, facts.polarisation) == (0.55, 47.4, "VV")


def test_both_versions_of_the_properties_give_the_incidence() -> None:
    for name in ("umbra:grazing_angle_degrees", "umbra:grazing_angle"):
        assert facts_of_item(Item(id="a", properties={name: 42.5})).incidence == 47.5
    both = {"umbra:grazing_angle_degrees": 10.0, "view:incidence_angle": 47.0}
    assert facts_of_item(Item(id="a", properties=both)).incidence == 47
    resolutions = {"sar:resolution_range": 0.3, "sar:resolution_azimuth": 0.51}
    assert facts_of_item(Item(id="a", properties=resolutions)).gsd == 0.51


def test_an_item_and_the_older_file_are_told_apart() -> None:
    facts = facts_of_metadata(json.dumps(item("a", "2024-01-15T03:04:05Z", 8)).encode())
    assert facts is not None
    assert facts.start == datetime(2024, 1, 15, 3, 4, 5, tzinfo=UTC)
    older = facts_of_metadata(json.dumps(legacy("2023-07-18T02:30:33+00:00")).encode())
    assert older is not None
    assert older.outline is not None
    assert older.outline.bounds == HERE
    assert not older.outline.has_z
    for wrong in (b"", b"{}", b"[]", b'{"collects": []}', b"\xff"):
        assert facts_of_metadata(wrong) is None


def test_facts_of_more_weight_go_before() -> None:
    assert Facts(gsd=0.5).over(Facts(gsd=0.7, incidence=40)) == Facts(gsd=0.5, incidence=40)
