"""Objects of Umbra's bucket become collects, whatever layout they are in."""

from oemsar.scenes.s3_listing import S3Object
from oemsar.scenes.umbra_bucket import group

STAMP = "2023-04-30-14-49-27_UMBRA-05"


def names(*keys: str) -> list[tuple[str, str, set[str]]]:
    found = group(S3Object(key, 1, None) for key in keys)
    return [(collect.folder, collect.stamp, set(collect.files)) for collect in found]


def test_products_are_named_by_their_ends() -> None:
    folder = f"sar-data/tasks/ad hoc/Washington, DC /672a/{STAMP}/"
    ends = ("GEC.tif", "CSI.tif", "SIDD.nitf", "SICD.nitf", "CPHD.cphd", "METADATA.json")
    kinds = {"GEC", "CSI", "SIDD", "SICD", "CPHD", "METADATA"}
    assert names(*(f"{folder}{STAMP}_{end}" for end in ends)) == [(folder, STAMP, kinds)]


def test_an_image_without_an_end_is_the_gec() -> None:
    folder = "sar-data/tasks/Panama Canal, Panama/2222/"
    second = "2023-02-12-12-00-00_UMBRA-04"
    assert names(f"{folder}{STAMP}.tif", f"{folder}{second}.tif") == [
        (folder, second, {"GEC"}),
        (folder, STAMP, {"GEC"}),
    ]


def test_metadata_of_any_name_belong_to_the_only_collect_of_a_folder() -> None:
    folder = f"sar-data/task-data/1111/{STAMP}/"
    image = f"{folder}{STAMP}_GEC.tif"
    assert names(image, f"{folder}5d7c.stac.v2.json") == [(folder, STAMP, {"GEC", "METADATA"})]
    other = f"{folder}2023-02-12-12-00-00_UMBRA-04.tif"
    assert {frozenset(files) for *_, files in names(image, other, f"{folder}5d7c.stac.v2.json")} == {
        frozenset({"GEC"})
    }
    (collect,) = group([S3Object(image, 5, None), S3Object(f"{folder}5d7c.stac.v2.json", 2, None)])
    files = {asset.name: asset.file for asset in collect.assets("https://b.example")}
    assert files == {"GEC": f"{STAMP}_GEC.tif", "METADATA": f"{STAMP}.stac.v2.json"}


def test_time_and_satellite_are_those_of_the_stamp() -> None:
    (collect,) = group([S3Object(f"sar-data/a b/{STAMP}_GEC.tif", 5, "0" * 32)])
    assert collect.start.isoformat() == "2023-04-30T14:49:27+00:00"
    assert collect.satellite == 5
    (asset,) = collect.assets("https://b.example")
    assert asset.address == f"https://b.example/sar-data/a%20b/{STAMP}_GEC.tif"
    assert names("sar-data/readme.txt", "sar-data/tasks/notes_2023.tif") == []
