import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from oemsar.errors import InputError
from oemsar.prepare.pair.config import PairRegion
from oemsar.prepare.pair.region_file import naming, read_region
from oemsar.prepare.radiometry.config import RemapOptions


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


def test_a_remap_is_known_however_it_is_spelt(folder: Path) -> None:
    region = read_region(write(folder, remap={"name": "dB clip", "db": [-20, 3]}))
    assert region.remap.options() == RemapOptions(remap="db-clip", db=(-20, 3))


def test_a_region_made_in_python_is_the_one_of_its_file(folder: Path) -> None:
    values = {"name": "a", "sar": folder / "sar.tif", "optical": {"path": folder / "optical.tif"}, "gsd": 0.5}
    assert PairRegion.model_validate({**values, "sar": str(values["sar"])}) == read_region(write(folder))


def test_plain_values_name_files_without_their_folders(folder: Path) -> None:
    plain = read_region(write(folder, dem="dem.tif", crs=32654)).plain()
    assert plain["dem"] == "dem.tif"
    assert plain["crs"] == "EPSG:32654"
    assert isinstance(plain["optical"], dict)
    assert list(plain["optical"])[:3] == ["path", "profile", "meaning"]
    assert plain["optical"]["path"] == "optical.tif"
    assert str(folder) not in str(plain)


def test_a_number_is_a_code_of_epsg(folder: Path) -> None:
    assert read_region(write(folder, crs=32654)).crs == "EPSG:32654"


def test_reflectance_is_declared(folder: Path) -> None:
    optical = {"path": "optical.tif", "meaning": "calibrated", "gain": 0.0001}
    region = read_region(write(folder, optical=optical))
    assert (region.optical.meaning, region.optical.gain, region.optical.offset) == (
        "calibrated",
        0.0001,
        None,
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"gds": 0.5}, "gds: is not known; choose from name, sar"),
        (
            {"optical": {"path": "optical.tif", "proflie": "naip"}},
            "optical.proflie: is not known; choose from path",
        ),
        ({"sar": {"band": 1}}, "sar.path: is missing"),
        ({"sar": {"path": "sar.tif", "band": 0}}, "sar.band: "),
        ({"gsd": None}, "gsd: is missing"),
        ({"gsd": 0}, "gsd: "),
        ({"gsd": -0.5}, "gsd: "),
        ({"gsd": "half a metre"}, "gsd: "),
        ({"gsd": float("nan")}, "gsd: "),
        ({"name": "../up"}, "name: "),
        ({"dem_datum": "sea"}, "dem_datum: "),
        ({"dsm": "dsm.tif"}, "dem: surface model and geoid go with"),
        ({"extent": [10, 0, 5, 9]}, "extent: the extent is not left, bottom, right, top"),
        ({"extent": [10, 0, 5]}, "extent.3: is missing"),
        (
            {"optical": {"path": "optical.tif", "gain": 2}},
            "optical.gain, optical.offset: .* calibrated pixels",
        ),
        ({"optical": {"path": "optical.tif", "meaning": "calibrated"}}, "optical.gain: .* need a gain"),
        ({"optical": {"path": "optical.tif", "profile": "nap"}}, "optical.profile: .* naip, bd-ortho, gsi"),
        ({"optical": {"path": "optical.tif", "nodata": "black"}}, "optical.nodata: black is not known"),
        ({"remap": {"name": "pedf", "percentiles": [99, 1]}}, "remap.percentiles: .* 99 1"),
        ({"remap": {"name": "db-clip", "db": [0, -20]}}, "remap.db: .* do not rise"),
        ({"remap": "magic"}, "remap: remap magic is not known"),
        ({"optical": 5}, "optical: write path, or keys"),
        ({"remap": ["pedf"]}, "remap: write name, or keys"),
        ({"accept": "perhaps"}, "accept: "),
    ],
)
def test_what_is_wrong_is_told_by_its_key(folder: Path, changes: dict[str, Any], sentence: str) -> None:
    path = write(folder, **changes)
    with pytest.raises(InputError, match=sentence) as error:
        read_region(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_errors_of_other_verbs_name_the_file_and_the_key() -> None:
    path = Path("region.yaml")
    with pytest.raises(InputError, match=r"^region\.yaml: dem_datum: state it$"), naming(path):
        raise InputError("state it", option="dem_datum")
    with pytest.raises(InputError, match=r"^region\.yaml: sar\.tif is empty$"), naming(path):
        raise InputError("sar.tif is empty")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "name: [\n", "just words"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "region.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="region"):
        read_region(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_region(tmp_path / "none.yaml")


def test_a_region_is_described_without_numpy_and_rasterio() -> None:
    probe = (
        "import sys, oemsar.prepare.pair.config; "
        "print([name for name in ('numpy', 'rasterio', 'pyproj') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
