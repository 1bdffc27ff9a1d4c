"""Capella's catalogue is walked by time alone, and its products are fetched under their own names."""

from pathlib import Path
from typing import Any

import pytest

from oemsar.errors import InputError
from oemsar.scenes.config import FetchConfig, FindConfig
from oemsar.scenes.fetch import fetch_scenes
from oemsar.scenes.find import find_scenes
from oemsar.testing.scene_sources import check_source

from .server import Server
from .static import Bucket
from .umbra_bucket import HERE, gec, polygon

FAST: dict[str, Any] = {"rate": 1000, "tries": 2, "first_wait": 0.01, "timeout": 5}
AREA = "2.2,48.8,2.3,48.85"
GEO = "CAPELLA_C14_SP_GEO_HH_20240709040329_20240709040358"
SLC = "CAPELLA_C14_SP_SLC_HH_20240709040329_20240709040358"
LATER = "CAPELLA_C13_SP_GEO_HH_20250101000000_20250101000030"


def item(name: str) -> dict[str, Any]:
    start, end = (f"{t[:4]}-{t[4:6]}-{t[6:8]}T{t[8:10]}:{t[10:12]}:{t[12:]}Z" for t in name.split("_")[-2:])
    return {
        "type": "Feature",
        "id": name,
        "bbox": list(HERE),
        "geometry": polygon(HERE),
        "properties": {
            "datetime": start,
            "start_datetime": start,
            "end_datetime": end,
            "sar:product_type": name.split("_")[3],
            "sar:polarizations": ["HH"],
            "sar:resolution_range": 0.5,
            "sar:resolution_azimuth": 0.46,
            "view:incidence_angle": 41.5,
        },
        "assets": {
            "HH": {"href": f"../../../data/{name}/{name}.tif", "type": "image/tiff"},
            "metadata": {"href": f"../../../data/{name}/{name}_extended.json"},
            "thumbnail": {"href": "t.png"},
        },
    }


@pytest.fixture
def bucket(server: Server) -> Bucket:
    bucket = Bucket("capella-open-data")
    child, leaf = {"rel": "child"}, {"rel": "item"}
    root = [
        {**child, "href": f"./by-{each}/catalog.json"} for each in ("capital", "datetime", "product-type")
    ]
    bucket.put_json("stac/catalog.json", {"id": "root", "links": root})
    for each in ("capital", "datetime", "product-type"):
        links = [{**leaf, "href": f"./{name}/{name}.json"} for name in (GEO, SLC, LATER)]
        bucket.put_json(f"stac/by-{each}/catalog.json", {"id": each, "links": links})
        for seed, name in enumerate((GEO, SLC, LATER)):
            bucket.put_json(f"stac/by-{each}/{name}/{name}.json", item(name))
            bucket.files[f"data/{name}/{name}.tif"] = gec(seed)
            bucket.put_json(f"data/{name}/{name}_extended.json", {"collect": {}})
    server.routes.append(bucket)
    return bucket


def config(server: Server, **options: Any) -> FindConfig:
    address = f"capella_catalog={server.address}/capella-open-data/stac/catalog.json"
    return FindConfig(source="capella", endpoint=(address,), **FAST, **options)


@pytest.mark.usefixtures("bucket")
def test_one_grouping_is_walked_and_items_of_another_time_are_not_asked_for(
    server: Server, tmp_path: Path
) -> None:
    found = find_scenes(AREA, tmp_path / "s.parquet", config=config(server, to="2024-12-31")).scenes
    assert {scene.name for scene in found} == {GEO, SLC}
    scene = found[0]
    assert (scene.gsd, scene.incidence, scene.polarisation, scene.year) == (0.5, 41.5, "HH", 2024)
    assert not server.asked("by-capital/")
    assert not server.asked(LATER)
    everything = find_scenes(AREA, tmp_path / "all.parquet", config=config(server)).scenes
    assert [each.name for each in everything] == [GEO, SLC, LATER]


def test_products_on_a_grid_and_metadata_are_fetched_by_themselves(
    server: Server, bucket: Bucket, tmp_path: Path
) -> None:
    find_scenes(AREA, tmp_path / "s.parquet", config=config(server))
    files = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=FetchConfig(**FAST)).files
    assert {file.path.name for file in files} == {
        *(f"{name}_extended.json" for name in (GEO, SLC, LATER)),
        *(f"{name}.tif" for name in (GEO, LATER)),
    }
    asked = FetchConfig(asset=("SLC",), **FAST)
    (slc,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "slc", config=asked).files
    assert slc.path.read_bytes() == bucket.files[f"data/{SLC}/{SLC}.tif"]
    with pytest.raises(InputError, match="no scene has a file CPHD; they have GEO, metadata, SLC"):
        fetch_scenes(tmp_path / "s.parquet", tmp_path / "x", config=FetchConfig(asset=("CPHD",), **FAST))


@pytest.mark.usefixtures("bucket")
def test_the_contract_is_kept(server: Server) -> None:
    check_source("capella", AREA, config(server))
