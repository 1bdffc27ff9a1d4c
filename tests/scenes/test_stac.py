"""Items as services publish them, the odd ones included, and catalogues with broken links."""

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely

from oemsar.scenes.source import Query
from oemsar.scenes.stac import Item, absolute, parse_item, read_outline, takes_folder
from oemsar.web.client import open_web
from oemsar.web.retry import RetryPolicy

from .server import Server
from .static import Bucket, catalogue

BOX = {"type": "Polygon", "coordinates": [[[1, 2, 9], [3, 2, 9], [3, 5, 9], [1, 5, 9], [1, 2, 9]]]}


def test_published_items_are_read() -> None:
    folder = os.environ.get("OEMSAR_REAL_DATA")
    if not folder or not (Path(folder) / "protocol" / "naip_items.json").is_file():
        pytest.skip("OEMSAR_REAL_DATA names no folder with recorded answers")
    features = json.loads((Path(folder) / "protocol" / "naip_items.json").read_text())["features"]
    first, second, third = (parse_item(feature) for feature in features)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.outlines()[0].bounds == (-97.753936, 30.184639, -97.683024, 30.253346)
    assert second.outlines()[0].bounds == pytest.approx((-84.44157, 33.621853, -84.370894, 33.690654))
    assert third.outlines() == []
    assert second.number("naip:year") == 2021
    assert second.time("datetime") == datetime(2021, 11, 14, 16, tzinfo=UTC)
    assert first.assets["image"].href is not None


def test_outlines_without_heights_and_none_where_there_is_none() -> None:
    outline = read_outline(BOX)
    assert outline is not None
    assert outline.bounds == (1, 2, 3, 5)
    assert not outline.has_z
    for wrong in (
        None,
        {},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[1]]},
    ):
        assert read_outline(wrong) is None  # type: ignore[arg-type]
    far = {"type": "Polygon", "coordinates": [[[1e3, 0], [2e3, 0], [2e3, 9], [1e3, 0]]]}
    assert read_outline(far) is None  # type: ignore[arg-type]


def test_boxes_with_heights_and_across_the_antimeridian() -> None:
    assert Item(id="a", bbox=(1, 2, -5, 3, 5, 80)).outlines()[0].bounds == (1, 2, 3, 5)
    across = Item(id="a", bbox=(179, -18, -178, -16)).outlines()[0]
    assert across.covers(shapely.Point(-179, -17))
    assert across.area == pytest.approx(6)
    assert Item(id="a", bbox=(0, 9, 0, 1)).outlines() == []


def test_links_are_resolved_with_blanks_and_commas() -> None:
    base = "https://a.example/stac/catalog.json"
    assert absolute(base, "./ad hoc/Washington, DC /i.json") == (
        "https://a.example/stac/ad%20hoc/Washington,%20DC%20/i.json"
    )
    assert absolute(base, "../b%20c.json") == "https://a.example/b%20c.json"
    assert absolute(base, "https://b.example/x?sig=1%2B") == "https://b.example/x?sig=1%2B"


def test_folders_of_years_months_and_days_are_left_out_by_the_time() -> None:
    area = shapely.box(0, 0, 1, 1)
    takes = takes_folder(Query(area, datetime(2023, 5, 2, tzinfo=UTC), datetime(2023, 5, 4, tzinfo=UTC)))
    wanted = {"2023", "2023-05", "2023-05-02", "2023-05-03", "2023-05-01", "by-name", "2023-99"}
    others = {"2022", "2024", "2023-03", "2023-07", "2023-05-09", "2023-04-29"}
    assert {name for name in wanted | others if takes(f"https://a/stac/{name}/catalog.json")} == wanted
    assert all(map(takes_folder(Query(area)), wanted | others))


def test_a_broken_link_is_left_out_with_a_warning(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from oemsar.scenes.stac import crawl

    bucket = Bucket("b")
    catalogue(bucket, {"2023-05-02": [{"id": "good"}, {"id": "bad"}, {"id": "gone"}], "2023-06-01": []})
    root = "stac/2023/2023-05/2023-05-02"
    bucket.files[f"{root}/bad/bad.json"] = b"{"
    del bucket.files[f"{root}/gone/gone.json"]
    bucket.files["stac/2023/2023-06/catalog.json"] = b"[]"
    server.routes.append(bucket)
    policy = RetryPolicy(tries=2, first_wait=0.01)
    with (
        caplog.at_level(logging.WARNING, "oemsar"),
        open_web(policy=policy, timeout=3, rate=1000, at_once=2, cache=tmp_path) as web,
    ):
        found = list(crawl(web, f"{server.address}/b/stac/catalog.json", lambda _: True))
    assert [item.id for _, item in found] == ["good"]
    assert len(caplog.records) == 3
    assert all("is left out" in record.message for record in caplog.records)
