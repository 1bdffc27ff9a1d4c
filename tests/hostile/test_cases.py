"""Files as public bug reports describe them: the right value or one sentence from every verb.

The files are made by scripts in a folder beside the real samples, from a simulated world.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from pyproj import Geod
from rasterio.warp import transform

from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

from ..commands import Ended
from .attacks import Attack

pytestmark = pytest.mark.slow

SECONDS = 120.0
"""Longest time of a command, on a machine with other work."""
OPTIONS = ("--engine", "torch", "--window", "512", "--overlap", "32")
RASTERS = {".tif", ".jp2", ".img", ".png", ".zip"}


@dataclass(frozen=True)
class Cases:
    """The files, and models that map them.

    Attributes:
        folder: Folder of the files.
        models: Saved model of each modality.
    """

    folder: Path
    models: dict[str, Path]

    def images(self) -> list[Path]:
        """List the images, elevation models among them."""
        return sorted(path for path in self.folder.iterdir() if path.suffix in RASTERS)


@pytest.fixture(scope="session")
def cases(case_scripts: Path, case_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """The files, and a model of each modality with random weights."""
    root = tmp_path_factory.mktemp("cases")
    subprocess.run(
        [sys.executable, case_scripts / "make.py", case_world, root / "files"],
        check=True,
        capture_output=True,
    )
    models = {}
    for modalities, channels in (("sar", 1), ("optical", 3), ("sar+optical", 4)):
        torch.manual_seed(1)
        spec = ModelSpec(
            architecture="unet",
            encoder="tu-test_efficientnet",
            modalities=modalities,
            mean=(60.0,) * channels,
            std=(40.0,) * channels,
        )
        models[modalities] = root / modalities
        saved.save_model(build(spec), models[modalities], {})
    return Cases(root / "files", models)


@pytest.fixture(autouse=True)
def _cases_unchanged(cases: Cases) -> Iterator[None]:
    before = _digests(cases.folder)
    yield
    assert _digests(cases.folder) == before


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def _require_ended(ended: Ended, name: str, *, others: tuple[int, ...] = ()) -> None:
    """Check that a command did its work, or refused it in one sentence."""
    about = f"{name}: exit code {ended.code}\n{ended.stderr[-2000:]}"
    assert "Traceback" not in ended.stderr + ended.stdout, about
    assert ended.code in (0, 2, *others), about
    sentences = [line for line in ended.stderr.splitlines() if line.startswith("oemsar: ")]
    sentences += [line for line in ended.stdout.splitlines() if line.startswith("I cannot align ")]
    assert len(sentences) == (ended.code not in (0, 3)), about


@pytest.mark.parametrize("modality", ["sar", "optical"])
def test_every_case_is_mapped_or_refused(modality: str, cases: Cases, attack: Attack, tmp_path: Path) -> None:
    for path in cases.images():
        out = tmp_path / f"{path.name}.tif"
        ended = attack("predict", cases.models[modality], path, "--out", out, *OPTIONS, seconds=SECONDS)
        _require_ended(ended, path.name)
        assert out.exists() == (ended.code == 0)


def test_every_case_is_remapped_or_refused(cases: Cases, attack: Attack, tmp_path: Path) -> None:
    for path in cases.images():
        out = tmp_path / f"{path.name}.tif"
        ended = attack("prepare", "radiometry", path, "--out", out, seconds=SECONDS)
        _require_ended(ended, path.name)
        assert out.exists() == (ended.code == 0)


@pytest.mark.parametrize("side", ["sar", "optical"])
@pytest.mark.parametrize("verb", ["align", "pair"])
def test_every_case_is_aligned_or_refused(
    side: str, verb: str, cases: Cases, attack: Attack, tmp_path: Path
) -> None:
    """Exit code 3 asks a person to look, 1 says that the two cannot be aligned."""
    for path in cases.images():
        images = {
            "sar": cases.folder / "plain_sar.tif",
            "optical": cases.folder / "plain_opt.tif",
            side: path,
        }
        if verb == "align":
            argv = ["prepare", "align", *images.values(), "--out", tmp_path / path.name]
        else:
            region = tmp_path / f"{path.name}.yaml"
            named = {name: str(image) for name, image in images.items()}
            content = {"name": "place", "gsd": 0.5, "crs": "EPSG:32654", **named}
            region.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            argv = ["prepare", "pair", region, "--out", tmp_path / path.name]
        _require_ended(attack(*argv, seconds=SECONDS), path.name, others=(1, 3) if verb == "align" else (1,))


def test_a_folder_of_scenes_is_no_dataset(cases: Cases, attack: Attack, tmp_path: Path) -> None:
    ended = attack("data", "index", cases.folder, "--out", tmp_path / "tiles.parquet")
    assert ended.code == 2
    _require_ended(ended, "data index")


@dataclass(frozen=True)
class Map:
    """A map and what its summary says."""

    ids: NDArray[np.uint8]
    summary: dict[str, Any]
    said: str
    gcps: int
    affine: tuple[float, ...]

    @property
    def hectares(self) -> float | None:
        """Area of all classes."""
        areas = [area["hectares"] for area in self.summary["classes"].values()]
        return None if None in areas else sum(areas)


@pytest.fixture
def mapped(cases: Cases, attack: Attack, tmp_path: Path) -> Any:
    """Maps a case by a model of a modality."""

    def run(name: str, modality: str = "sar", *options: str | Path) -> Map:
        out = tmp_path / "map.tif"
        scene = name if "://" in name else cases.folder / name
        argv = ["predict", cases.models[modality], scene, "--out", out, *OPTIONS, *options]
        ended = attack(*argv, seconds=SECONDS)
        assert ended.code == 0, ended.stderr
        with rasterio.open(out) as dataset:
            return Map(
                dataset.read(1),
                json.loads(out.with_suffix(".json").read_text()),
                ended.stderr,
                len(dataset.gcps[0]),
                tuple(dataset.transform[:6]),
            )

    return run


def _ground(path: Path) -> float:
    """Area of the frame of a raster on the ellipsoid, in hectares."""
    with rasterio.open(path) as dataset:
        width, height = dataset.width, dataset.height
        edge = [(c, 0) for c in range(width)] + [(width, r) for r in range(height)]
        edge += [(c, height) for c in range(width, 0, -1)] + [(0, r) for r in range(height, 0, -1)]
        column, row = np.array(edge).T
        a, b, c, d, e, f = dataset.transform[:6]
        x, y = a * column + b * row + c, d * column + e * row + f
        lon, lat = transform(dataset.crs, "EPSG:4326", x, y)
    return abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]) / 1e4


@pytest.mark.parametrize(
    "name",
    ["c01_flipped.tif", "c01_southup.tif", "c03_mercator60.tif", "c03_degrees.tif", "c17_nonsquare.tif"],
)
def test_maps_keep_the_affine_and_count_the_ground(name: str, cases: Cases, mapped: Any) -> None:
    """Affines to the west and south-up; Web Mercator at 60 degrees north, whose metres are half as long."""
    made = mapped(name)
    with rasterio.open(cases.folder / name) as dataset:
        assert made.affine == tuple(dataset.transform[:6])
    assert made.summary["nodata_share"] == 0
    assert made.hectares == pytest.approx(_ground(cases.folder / name), rel=1e-4)
    if name == "c03_mercator60.tif":
        assert made.hectares == pytest.approx(2.57, abs=0.01)


def test_control_points_go_into_the_map(mapped: Any) -> None:
    made = mapped("c02_grd.tif")
    assert made.gcps == 36
    assert made.hectares is None
    assert "36 control points" in made.said


@pytest.mark.parametrize(
    ("name", "modality", "share"),
    [
        ("c06_db_tagged.tif", "sar", 0.25),
        ("c07_nan_and_zero.tif", "sar", 84 / 320),
        ("c07_umbra_like.tif", "sar", 0.25),
        ("c08_sar_alpha.tif", "sar", 0.25),
        ("c08_float_alpha.tif", "sar", 0.25),
        ("c09_rgba.tif", "optical", 0.25),
        ("c09_msk.tif", "optical", 0.25),
        ("c09_ycbcr_mask.tif", "optical", 0.25),
        ("c09_black_untagged.tif", "optical", 0.25),
        ("c19_naip_alpha.tif", "optical", 0.0),
    ],
)
def test_pixels_without_data_are_those_of_the_file(
    name: str, modality: str, share: float, mapped: Any
) -> None:
    made = mapped(name, modality)
    assert made.summary["nodata_share"] == pytest.approx(share, abs=0.001)
    columns = round(share * 320)
    assert not made.ids[:, :columns].any()


@pytest.mark.parametrize(
    ("name", "options", "modality", "same"),
    [
        ("c05_db_scaled.tif", (), "sar", "c05_db_float.tif"),
        ("c06_db_untagged.tif", ("--nodata", "-32768"), "sar", "c06_db_tagged.tif"),
        ("c06_u16_65535.tif", ("--nodata", "65535"), "sar", "c06_u16_tagged.tif"),
        ("c10_ortho.jp2", (), "optical", "t_fr.tif"),
        ("c11_compound.tif", (), "optical", "plain_opt.tif"),
        ("c13 Szene überall #1 [\N{GREEK SMALL LETTER ALPHA}].tif", (), "sar", "plain_sar.tif"),
        ("c13_world.png", (), "sar", "plain_sar.tif"),
        ("c13_envi.img", (), "sar", "plain_sar.tif"),
        ("c15_sar01.tif", ("--range", "0", "1"), "sar", "plain_sar.tif"),
        ("c19_naip_alpha.tif", (), "optical", "c19_opt3.tif"),
        ("c19_naip_undef.tif", ("--bands", "1,2,3"), "optical", "c19_opt3.tif"),
        ("c22_opt_u16.tif", ("--range", "0", "10200"), "optical", "plain_opt.tif"),
    ],
)
def test_one_image_in_two_files_is_one_map(
    name: str, options: tuple[str, ...], modality: str, same: str, mapped: Any
) -> None:
    """All but some pixels, where 16 bits, hundredths of decibels or 32-bit floats round."""
    assert (mapped(name, modality, *options).ids == mapped(same, modality).ids).mean() > 0.98


def test_hundredths_of_decibels_are_not_made_amplitude(cases: Cases, attack: Attack, tmp_path: Path) -> None:
    scene = cases.folder / "c06_db_tagged.tif"
    ended = attack("prepare", "radiometry", scene, "--out", tmp_path / "out.tif")
    assert ended.code == 2
    assert "no decibels (hundredths of them?)" in ended.stderr


def test_an_image_in_a_zip_is_mapped_by_its_address(cases: Cases, mapped: Any) -> None:
    inside = f"zip://{cases.folder / 'c14.zip'}!S1/measurement/plain_sar.tif"
    assert np.array_equal(mapped(inside).ids, mapped("plain_sar.tif").ids)


@pytest.mark.parametrize(
    ("name", "value"),
    [("c06_db_untagged.tif", "-32768"), ("c06_db_9999.tif", "-9999"), ("c06_u16_65535.tif", "65535")],
)
def test_a_value_that_is_likely_nodata_is_told(name: str, value: str, mapped: Any) -> None:
    assert value in mapped(name).said


def test_an_orthophoto_of_the_other_side_of_the_antimeridian_covers_the_scene(
    cases: Cases, mapped: Any
) -> None:
    optical = cases.folder / "c12_opt_utm60.tif"
    made = mapped("c12_sar_utm1.tif", "sar+optical", "--optical", optical)
    assert made.summary["nodata_share"] == 0


def test_each_image_has_a_range_of_its_own(cases: Cases, mapped: Any) -> None:
    ranges = ("--range", "-30", "5", "--optical-range", "0", "10200")
    optical = cases.folder / "c22_opt_u16.tif"
    made = mapped("c22_sar_db.tif", "sar+optical", "--optical", optical, *ranges)
    plain = cases.folder / "plain_opt.tif"
    again = mapped("c22_sar_db.tif", "sar+optical", "--optical", plain, *ranges[:3])
    assert (made.ids == again.ids).mean() > 0.99
