"""Scenes that a search takes: by area, time and sampling distance."""

from datetime import UTC, datetime
from typing import Any

import pytest
import shapely

from oemsar.scenes.scene import Scene
from oemsar.scenes.source import Query

MARCH, APRIL, MAY = (datetime(2024, month, 1, tzinfo=UTC) for month in (3, 4, 5))
AREA = shapely.box(2, 48, 3, 49)


def scene(**facts: Any) -> Scene:
    outline = {"footprint": "POLYGON ((2.5 48.5, 4 48.5, 4 50, 2.5 48.5))"}
    plain = {"name": "a", "source": "naip", "licence": "public", "attribution": "USDA", "assets": ()}
    return Scene.model_validate({**plain, **outline, **facts})


@pytest.mark.parametrize(
    ("facts", "taken"),
    [
        ({"start": MARCH, "end": APRIL}, True),  # ends as the time begins
        ({"start": MAY}, False),
        ({"start": APRIL, "year": 1999}, True),  # the day says more than the year
        ({"year": 2024}, True),
        ({"year": 2023}, False),
        ({}, False),
        ({"start": APRIL, "gsd": 0.6}, False),
        ({"start": APRIL, "gsd": 0.5}, True),
        ({"start": APRIL, "footprint": "POLYGON ((5 48, 6 48, 6 49, 5 48))"}, False),
    ],
)
def test_a_scene_is_taken_that_meets_area_time_and_sampling_distance(
    facts: dict[str, Any], taken: bool
) -> None:
    assert Query(AREA, APRIL, MAY, 0.5).takes(scene(**facts)) is taken


def test_a_scene_of_unknown_time_is_taken_where_any_will_do() -> None:
    assert Query(AREA).takes(scene())
