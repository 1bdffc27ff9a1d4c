from pathlib import Path
from typing import Any

import pytest
import yaml

from oemsar.errors import InputError
from oemsar.prepare.pair.region_file import read_region
from oemsar.prepare.radiometry.optical import Calibrated


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("sar.tif", "optical.tif", "dem.tif", "dsm.tif"):
        (tmp_path / name).touch()
    return tmp_path


def write(folder: Path, **changes: Any) -> Path:
    values = {"name": "a", "sar": "sar.tif", "optical": "optical.tif", "gsd": 0.5, **changes}
    path = folder / "region.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in values.items() if value is not None}))
    return path


def test_paths_count_from_the_folder_of_the_file(folder: Path) -> None:
    region = read_region(write(folder, dem="dem.tif", dsm=str(folder / "dsm.tif")))
    assert region.sar.path == folder / "sar.tif"
    assert region.optical.path == folder / "optical.tif"
    assert (region.dem, region.dsm) == (folder / "dem.tif", folder / "dsm.tif")


def test_a_section_of_one_word_is_the_same_as_one_with_keys(folder: Path) -> None:
    short = read_region(write(folder, remap="pedf"))
    long = read_region(
        write(folder, sar={"path": "sar.tif"}, optical={"path": "optical.tif"}, remap={"name": "pedf"})
    )
    assert short == long


def test_a_number_is_a_code_of_epsg(folder: Path) -> None:
    assert read_region(write(folder, crs=32654)).crs == "EPSG:32654"


def test_reflectance_is_declared(folder: Path) -> None:
    optical = {"path": "optical.tif", "meaning": "calibrated", "gain": 0.0001}
    assert read_region(write(folder, optical=optical)).optical.config().meaning == Calibrated(0.0001, 0.0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"gds": 0.5}, "unknown key gds; choose from name, sar"),
        (
            {"optical": {"path": "optical.tif", "proflie": "naip"}},
            "unknown key optical.proflie; choose from path",
        ),
        ({"gsd": None}, "lacks the key gsd"),
        ({"gsd": 0}, "gsd is wrong"),
        ({"gsd": -0.5}, "gsd is wrong"),
        ({"gsd": "half a metre"}, "gsd is wrong"),
        ({"gsd": float("nan")}, "gsd is wrong"),
        ({"name": "../up"}, "name is wrong"),
        ({"sar": "missing.tif"}, "sar is .*missing.tif, which is no file"),
        ({"dem": "dem"}, "dem is .*, which is no file"),
        ({"dem_datum": "sea"}, "dem_datum is wrong"),
        ({"dsm": "dsm.tif"}, "go with dem"),
        ({"extent": [10, 0, 5, 9]}, "left, bottom, right, top"),
        ({"extent": [10, 0, 5]}, "extent has too few values"),
        ({"optical": {"path": "optical.tif", "gain": 2}}, "belong to meaning calibrated"),
        ({"optical": {"path": "optical.tif", "meaning": "calibrated"}}, "needs gain"),
        ({"remap": {"name": "pedf", "percentiles": [99, 1]}}, "99 1"),
        ({"remap": {"name": "db-clip", "db": [0, -20]}}, "dB limits"),
        ({"optical": 5}, "optical is wrong: write path or keys"),
        ({"remap": ["pedf"]}, "remap is wrong: write name or keys"),
        ({"accept": "perhaps"}, "accept is wrong"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(folder: Path, changes: dict[str, Any], sentence: str) -> None:
    path = write(folder, **changes)
    with pytest.raises(InputError, match=sentence) as error:
        read_region(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "name: [\n", "just words"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "region.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="region"):
        read_region(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_region(tmp_path / "none.yaml")
