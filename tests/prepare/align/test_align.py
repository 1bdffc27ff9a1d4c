import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from scipy import ndimage

from oemsar.config_file import read_json
from oemsar.errors import InputError
from oemsar.geometry.look import Look, look_tags
from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.model.correction import Correction
from oemsar.prepare.align.run import RESULTS, align_images
from oemsar.prepare.align.scene.transform import read_correction
from oemsar.prepare.align.summary import AlignReport

from ...conftest import FileServer
from .pairs import SIDE, corner_error, land, photo, radar, turned, write

ROTATED = Affine.translation(400_000, 5_000_000) @ Affine.rotation(20) @ Affine.scale(0.5, -0.5)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.prepare.align.run.draw_pictures", lambda *_: [])


@pytest.fixture(scope="module")
def fields() -> np.ndarray:
    return land()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, fields: np.ndarray) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    return (
        write(folder / "sar.tif", radar(fields, turned(0.7, 11.4, -17.8))),
        write(folder / "optical.tif", photo(fields)),
    )


@pytest.fixture(scope="module")
def aligned(pair: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AlignReport]:
    """The pair aligned once: the folder of the results, and the report."""
    out = tmp_path_factory.mktemp("aligned") / "out"
    return out, align_images(*pair, out)


def transform(out: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((out / "transform.json").read_text())
    return content


def test_a_known_motion_is_found_in_pixels(aligned: tuple[Path, AlignReport]) -> None:
    out, report = aligned
    assert report.verdict == "accepted", report.reasons
    assert corner_error(transform(out)["affine"], turned(0.7, 11.4, -17.8)) < 0.5
    assert transform(out)["model"] == "affine"
    assert all((out / name).stat().st_size for name in RESULTS)
    assert {path.name for path in out.iterdir()} == set(RESULTS)
    assert read_json(out / "report.json", AlignReport, "report of an alignment") == report
    assert report.residual_px.along_look is None
    assert "pixels" in report.warnings[0]


def test_the_aligned_image_lies_on_the_orthophoto(
    pair: tuple[Path, Path], aligned: tuple[Path, AlignReport], tmp_path: Path, fields: np.ndarray
) -> None:

    def smooth(path: Path) -> np.ndarray:
        with rasterio.open(path) as dataset:
            return np.asarray(ndimage.gaussian_filter(dataset.read(1).astype(float), 3))[
                40:-40, 40:-40
            ].ravel()

    still = smooth(write(tmp_path / "still.tif", radar(fields, Affine.identity())))
    assert np.corrcoef(smooth(aligned[0] / "sar_aligned.tif"), still)[0, 1] > 0.95
    assert np.corrcoef(smooth(pair[0]), still)[0, 1] < 0.6


@pytest.mark.usefixtures("no_pictures")
def test_mutual_information_finds_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.prepare.align.outcome.repeat", lambda _: None)
    fields, motion = land(300, fields=60), turned(0.7, 6.4, -9.8, 300)
    sar = write(tmp_path / "sar.tif", radar(fields, motion))
    optical = write(tmp_path / "optical.tif", photo(fields))
    align_images(sar, optical, tmp_path / "out", config=AlignConfig(engine="mutual-information", search=14))
    assert corner_error(transform(tmp_path / "out")["affine"], motion, 300) < 1.5


@pytest.mark.usefixtures("no_pictures")
def test_on_maps_the_offset_is_along_the_look(tmp_path: Path, fields: np.ndarray) -> None:
    """Both on one rotated grid; the radar shows everything 12 pixels too far along its look."""
    look = Look(110.0, 40.0)
    shift = Affine.translation(12, 0)
    sar = write(tmp_path / "sar.tif", radar(fields, shift), crs="EPSG:32631", transform=ROTATED)
    with rasterio.open(sar, "r+") as dataset:
        dataset.update_tags(**look_tags(look))
    optical = write(tmp_path / "optical.tif", photo(fields), crs="EPSG:32631", transform=ROTATED)
    out = tmp_path / "out"
    report = align_images(sar, optical, out, config=AlignConfig(search=20.0))
    assert report.verdict == "accepted", report.reasons
    assert report.model == "shift"
    assert corner_error(transform(out)["affine"], shift) < 0.5
    assert report.residual_px.along_look is not None
    assert report.look == look
    with rasterio.open(out / "sar_aligned.tif") as dataset:
        assert dataset.transform.almost_equals(ROTATED)
        assert dataset.crs.to_epsg() == 32631
    features = json.loads((out / "tie_points.geojson").read_text())["features"]
    longitude, latitude = features[0]["geometry"]["coordinates"]
    assert 1 < longitude < 3
    assert 44 < latitude < 46


@pytest.mark.usefixtures("no_pictures")
def test_a_displacement_that_grows_with_height_is_found(tmp_path: Path, fields: np.ndarray) -> None:
    """A radar image on a plane, of ground that rises in a bell of 40 m, with a surface model of it."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    height = 40 * np.exp(-((rows - 210) ** 2 + (columns - 210) ** 2) / (2 * 90.0**2))
    affine = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)
    x = np.clip(np.rint(columns + 0.4 * height), 0, SIDE - 1).astype(int)
    bent = fields[rows.astype(int), x]  # a point at x appears 0.4 px a metre to the left
    sar = write(tmp_path / "sar.tif", radar(bent, Affine.identity()), crs="EPSG:32631", transform=affine)
    optical = write(tmp_path / "optical.tif", photo(fields), crs="EPSG:32631", transform=affine)
    true_height = np.zeros_like(height)
    true_height[rows.astype(int), x] = height
    dem = write(tmp_path / "dem.tif", height.astype(np.float32), crs="EPSG:32631", transform=affine)
    config = AlignConfig(dem=dem, search=20.0)
    report = align_images(sar, optical, tmp_path / "out", config=config)
    models = {trial.model: trial for trial in report.trials}
    assert models["affine"].rejected
    assert models["affine+height"].rms_px < models["affine"].rms_px
    assert not (report.verdict == "accepted" and report.model in ("shift", "affine"))


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_different_places_are_never_accepted(tmp_path: Path, fields: np.ndarray, seed: int) -> None:
    optical = write(tmp_path / "optical.tif", photo(fields))
    sar = write(tmp_path / "sar.tif", radar(land(seed=seed + 50), Affine.identity(), seed))
    report = align_images(sar, optical, tmp_path / "out")
    assert report.verdict != "accepted"


def test_water_only_fails_and_leaves_no_result(
    tmp_path: Path, fields: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oemsar.prepare.align.matching.scale_turn._TURNS", [0.0])
    monkeypatch.setattr("oemsar.prepare.align.matching.scale_turn._STEPS", 2)
    out = tmp_path / "out"
    out.mkdir()
    (out / "sar_aligned.tif").write_bytes(b"of an earlier run")
    (out / ".oemsar-report.json").touch()  # which was cut off
    water = write(tmp_path / "sar.tif", radar(np.ones_like(fields), Affine.identity()))
    report = align_images(water, write(tmp_path / "optical.tif", photo(fields)), out)
    assert report.verdict == "failed"
    assert not (out / "sar_aligned.tif").exists()
    assert not (out / "transform.json").exists()
    assert "I cannot align this" in (out / "report.html").read_text()


@pytest.mark.usefixtures("no_pictures")
def test_tie_points_of_a_person_are_gone_on_from(
    pair: tuple[Path, Path], aligned: tuple[Path, AlignReport], tmp_path: Path
) -> None:
    """A point moved by hand moves the result; one switched off does not count."""
    motion = turned(0.7, 11.4, -17.8)
    edited = json.loads((aligned[0] / "tie_points.geojson").read_text())
    rng = np.random.default_rng(0)
    chosen = [edited["features"][number] for number in rng.permutation(len(edited["features"]))[:12]]
    for number, feature in enumerate(chosen):
        properties = feature["properties"]
        place = motion @ (properties["optical_x"] + 5, properties["optical_y"])
        properties["sar_x"], properties["sar_y"] = place  # the person says: 5 pixels more
        properties["used"] = True
        if number == 0:
            properties["sar_x"], properties["used"] = 900.0, False
    path = tmp_path / "edited.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": chosen}))
    out = tmp_path / "second"
    report = align_images(*pair, out, config=AlignConfig(tie_points=path))
    assert report.verdict == "accepted", report.reasons
    assert report.n_tie_points == 11
    assert (
        corner_error(transform(out)["affine"], Affine.translation(0, 0) @ motion @ Affine.translation(5, 0))
        < 0.05
    )


@pytest.mark.usefixtures("no_pictures")
def test_the_points_file_of_qgis_is_read_back(
    pair: tuple[Path, Path], aligned: tuple[Path, AlignReport], tmp_path: Path
) -> None:
    out, first = aligned
    path = out / "tie_points.points"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert sum(row["enable"] == "1" for row in rows) == first.n_tie_points
    second = align_images(*pair, tmp_path / "second", config=AlignConfig(tie_points=path))
    assert second.n_tie_points == first.n_tie_points
    affines = [np.array(transform(folder)["affine"]) for folder in (out, tmp_path / "second")]
    places = np.array([[0, 0, 1], [SIDE, SIDE, 1]]).T
    apart = (affines[0] - affines[1]).reshape(2, 3) @ places
    assert np.abs(apart).max() < 0.3  # the first passed over outliers, the second believes all


def test_the_correction_is_read_back(aligned: tuple[Path, AlignReport], tmp_path: Path) -> None:
    correction = read_correction(aligned[0] / "transform.json")
    assert isinstance(correction, Correction)
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(InputError, match=r"broken\.json is not a transform"):
        read_correction(tmp_path / "broken.json")


def test_what_is_unfit_is_told(tmp_path: Path, fields: np.ndarray) -> None:
    optical = write(tmp_path / "optical.tif", photo(fields))
    sar = radar(fields, Affine.identity())
    cases = {
        "one value only": write(tmp_path / "flat.tif", np.full_like(sar, 7)),
        "complex": write(tmp_path / "complex.tif", sar.astype(np.complex64)),
        "negative values": write(tmp_path / "db.tif", (20 * np.log10(sar.astype(np.float32)) - 40)),
        "no data": write(tmp_path / "nan.tif", np.full(sar.shape, np.nan, np.float32)),
        "does not exist": tmp_path / "missing.tif",
    }
    for sentence, path in cases.items():
        with pytest.raises(InputError, match=sentence):
            align_images(path, optical, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    good = write(tmp_path / "sar.tif", sar)
    with pytest.raises(
        InputError,
        match="engine: engine telepathy is not known; choose one of orientation",
    ):
        align_images(good, optical, tmp_path / "out", config=AlignConfig(engine="telepathy"))
    with pytest.raises(InputError, match="search: -1"):
        align_images(good, optical, tmp_path / "out", config=AlignConfig(search=-1))


def test_far_apart_images_do_not_overlap(tmp_path: Path, fields: np.ndarray) -> None:
    far = Affine.translation(9_000, 0) @ ROTATED
    sar = write(tmp_path / "sar.tif", radar(fields, Affine.identity()), crs="EPSG:32631", transform=far)
    optical = write(tmp_path / "optical.tif", photo(fields), crs="EPSG:32631", transform=ROTATED)
    with pytest.raises(InputError, match="do not overlap"):
        align_images(sar, optical, tmp_path / "out")


def test_no_result_replaces_an_input(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """The edited tie points lie where those of every alignment are written."""
    out = tmp_path / "out"
    out.mkdir()
    points = out / "tie_points.geojson"
    points.write_text("edited")
    with pytest.raises(InputError, match="would replace the input"):
        align_images(*pair, out, config=AlignConfig(tie_points=points))
    assert points.read_text() == "edited"


@pytest.mark.usefixtures("no_pictures")
def test_images_at_addresses_are_aligned_as_those_on_disk(
    pair: tuple[Path, Path], tmp_path: Path, file_server: FileServer
) -> None:
    points = tmp_path / "ties.geojson"
    pixels = [(x, y) for x in range(40, SIDE, 80) for y in range(40, SIDE, 80)]
    corners = [(*(turned(0.7, 11.4, -17.8) @ (x, y)), x, y) for x, y in pixels]
    names = ("sar_x", "sar_y", "optical_x", "optical_y")
    features = [{"properties": dict(zip(names, corner, strict=True))} for corner in corners]
    points.write_text(json.dumps({"features": features}))
    config = AlignConfig(tie_points=points)
    align_images(*pair, tmp_path / "local", config=config)
    for path in pair:
        shutil.copy(path, tmp_path)
    addresses = [Path(f"{file_server.address}/{path.name}") for path in pair]
    report = align_images(*addresses, tmp_path / "remote", config=config)
    assert (report.sar, report.optical) == tuple(f"{file_server.address}/{path.name}" for path in pair)
    assert transform(tmp_path / "remote") == transform(tmp_path / "local")
    images = [tmp_path / name / "sar_aligned.tif" for name in ("local", "remote")]
    assert images[0].read_bytes() == images[1].read_bytes()
