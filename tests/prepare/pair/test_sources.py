import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.geometry.datum import Datum
from oemsar.geometry.look import Look
from oemsar.prepare.pair.region_file import read_region
from oemsar.prepare.pair.run import make_pair
from oemsar.prepare.pair.sources import inspect_region
from oemsar.raster.state import InputState

from .conftest import Built, Scene, Write, rewritten

EXTENT = 150.0
"""Metres of the pairs made here, which then are small."""


@pytest.fixture
def extent(built: Built) -> list[float]:
    left, top = built.pair.grid.affine[2], built.pair.grid.affine[5]
    return [left + 50, top - 50 - EXTENT, left + 50 + EXTENT, top - 50]


def phases(pixels: NDArray[Any]) -> NDArray[Any]:
    turns = np.random.default_rng(1).uniform(0, 2 * np.pi, pixels.shape)
    return (pixels * np.exp(1j * turns)).astype(np.complex64)


def grey(out: Path) -> NDArray[np.float64]:
    with rasterio.open(out / "town_sar.tif") as dataset:
        return np.asarray(dataset.read(1), np.float64)


def test_complex_pixels_and_decibels_become_the_same_pair_as_amplitude(
    scene: Scene, region: Write, extent: list[float], tmp_path: Path
) -> None:
    def decibels(pixels: NDArray[Any]) -> NDArray[Any]:
        return (20 * np.log10(np.maximum(pixels, 1e-3) / 255)).astype(np.float32)

    kinds = {"amplitude": lambda pixels: pixels, "complex": phases, "db": decibels}
    images, states = {}, {}
    for kind, change in kinds.items():
        sar = rewritten(scene, tmp_path / f"{kind}.tif", change)
        states[kind] = make_pair(region(sar=sar, extent=extent), tmp_path / kind).stages
        images[kind] = grey(tmp_path / kind)
    assert "amplitude" not in states["amplitude"]
    assert states["complex"]["amplitude"] == states["db"]["amplitude"] == "done"
    np.testing.assert_allclose(images["complex"], images["amplitude"], atol=1)
    inner = images["amplitude"] > 3
    np.testing.assert_allclose(images["db"][inner], images["amplitude"][inner], atol=2)


def test_a_scale_factor_is_part_of_the_amplitude(
    scene: Scene, region: Write, extent: list[float], tmp_path: Path
) -> None:
    """Statistics are those of the product's amplitude, though its pixels are resampled as they came."""
    sar = rewritten(scene, tmp_path / "sar.tif", lambda pixels: pixels.astype(np.uint16))
    image = {"collect": {"image": {"scale_factor": 0.01, "data_type": "uint16"}, "mode": "spotlight"}}
    with rasterio.open(sar, "r+") as dataset:
        dataset.update_tags(TIFFTAG_IMAGEDESCRIPTION=json.dumps(image))
    make_pair(region(sar=sar, extent=extent), tmp_path / "scaled")
    plain = rewritten(scene, tmp_path / "plain.tif", lambda pixels: pixels.astype(np.uint16))
    make_pair(region(sar=plain, extent=extent), tmp_path / "plain")
    means = {}
    for name in ("scaled", "plain"):
        record = json.loads((tmp_path / name / "town.json").read_text())["sar"]
        means[name] = record["statistics"]["mean"]
        if name == "scaled":
            assert record["product"].startswith("capella")
            assert record["attribution"] == "Capella Space"
    assert means["scaled"] == pytest.approx(0.01 * means["plain"], rel=1e-3)
    np.testing.assert_allclose(grey(tmp_path / "scaled"), grey(tmp_path / "plain"), atol=1)


def test_identity_keeps_bytes_and_refuses_others(
    scene: Scene, built: Built, region: Write, extent: list[float], tmp_path: Path
) -> None:
    make_pair(region(remap="identity", extent=extent), built.again(tmp_path))
    with rasterio.open(scene.folder / "sar.tif") as dataset:
        raw = dataset.read(1)
    found = grey(tmp_path / "out")
    assert found[found > 0].mean() == pytest.approx(raw[raw > 0].mean(), rel=0.1)
    sar = rewritten(scene, tmp_path / "sar.tif", lambda pixels: pixels.astype(np.float32))
    with pytest.raises(InputError, match="identity keeps bytes"):
        make_pair(region(sar=sar, remap="identity"), tmp_path / "none")


def test_sixteen_bits_are_stretched_between_percentiles_and_bands_are_chosen(
    scene: Scene, region: Write, extent: list[float], tmp_path: Path
) -> None:
    path = tmp_path / "optical.tif"
    with rasterio.open(scene.folder / "optical.tif") as source:
        profile, colours = source.profile, source.read().astype(np.uint16)
    with rasterio.open(
        path, "w", **{**profile, "dtype": "uint16", "count": 4, "photometric": None}
    ) as dataset:
        dataset.write(np.concatenate([np.full_like(colours[:1], 7), colours * 40]))
    optical = {"path": str(path), "bands": [2, 3, 4], "percentiles": [2, 98], "attribution": "A. Nother"}
    make_pair(region(optical=optical, extent=extent), tmp_path / "out")
    with rasterio.open(tmp_path / "out" / "town_optical.tif") as dataset:
        pixels, tags = dataset.read(), dataset.tags()
    assert tags["OEMSAR_ATTRIBUTION"] == "A. Nother"
    stretch = json.loads(tags["OEMSAR_STRETCH"])
    assert (pixels == 1).mean() == pytest.approx(0.02, abs=0.01)
    assert stretch["high"] > stretch["low"] > 7


def test_coarse_pairs_are_averaged(
    scene: Scene, built: Built, region: Write, extent: list[float], tmp_path: Path
) -> None:
    """Mean colour over the ground stays; the noise of single pixels goes."""
    out = built.again(tmp_path)
    make_pair(region(gsd=4, extent=extent), out)
    with (
        rasterio.open(out / "town_optical.tif") as dataset,
        rasterio.open(scene.folder / "optical.tif") as fine,
    ):
        coarse = dataset.read(1)
        window = fine.window(*dataset.bounds)
        pixels = fine.read(1, window=window)
    assert coarse.mean() == pytest.approx(pixels.mean(), rel=0.03)
    assert coarse.std() < pixels.std()


def test_a_region_without_elevation_knows_no_layover(
    scene: Scene, region: Write, extent: list[float], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pair = make_pair(region(dem=None, dsm=None, extent=extent, accept=True), tmp_path / "out")
    assert "stays where its map has it" in caplog.text
    assert pair.masks.relief_from is None
    assert pair.masks.layover_share is None
    with rasterio.open(tmp_path / "out" / "town_masks.tif") as dataset:
        assert (dataset.read([3, 4]) == 255).all()
        assert (dataset.read(2) == 1).all()


def test_without_a_surface_model_the_bare_ground_serves_and_the_record_says_so(
    region: Write, extent: list[float], tmp_path: Path
) -> None:
    pair = make_pair(region(dsm=None, extent=extent), tmp_path / "out")
    assert pair.masks.relief_from == "dem.tif"
    assert "buildings and trees are not" in pair.masks.relief_kind


def test_a_virtual_raster_changes_with_the_file_behind_it(
    scene: Scene, built: Built, region: Write, extent: list[float], tmp_path: Path
) -> None:
    shutil.copy(scene.folder / "optical.tif", tmp_path / "tile.tif")
    rasterio.shutil.copy(tmp_path / "tile.tif", tmp_path / "optical.vrt", driver="VRT")
    path = region(optical=str(tmp_path / "optical.vrt"), extent=extent)
    make_pair(path, tmp_path / "out")
    assert set(make_pair(path, tmp_path / "out").stages.values()) == {"skipped"}
    with rasterio.open(tmp_path / "tile.tif", "r+") as dataset:
        dataset.write(255 - dataset.read())
    assert make_pair(path, tmp_path / "out").stages["optical"] == "done"
    assert checksum(tmp_path / "out" / "town_optical.tif") != checksum(built.out / "town_optical.tif")


def untold(scene: Scene, folder: Path) -> str:
    """An elevation model that does not say its datum."""
    with rasterio.open(scene.folder / "dem.tif") as source:
        profile, heights = source.profile, source.read()
    with rasterio.open(folder / "untold.tif", "w", **profile) as dataset:
        dataset.write(heights)
    return str(folder / "untold.tif")


def elsewhere(scene: Scene, folder: Path, name: str) -> str:
    """A file of the scene, 5 km further east."""
    path = folder / f"far_{name}"
    shutil.copy(scene.folder / name, path)
    with rasterio.open(path, "r+") as dataset:
        dataset.transform = dataset.transform.translation(5000, 0) @ dataset.transform
    return str(path)


def test_everything_that_moves_the_radar_image_is_an_input_of_its_geometry(region: Write) -> None:
    sources = inspect_region(read_region(region(look_azimuth=91, incidence=41)))
    product = replace(sources.found.product, scale=2.0)
    others = [
        replace(sources, region=sources.region.model_copy(update={"dem_datum": Datum.ORTHOMETRIC})),
        replace(sources, placing=sources.placing.model_copy(update={"incidence": 42.0})),
        replace(sources, placing=sources.placing.model_copy(update={"projection_height": 7.0})),
        replace(sources, found=replace(sources.found, band=2)),
        replace(sources, found=replace(sources.found, product=product)),
        *(
            replace(sources, states={**sources.states, key: InputState(files={}, raster=None)})
            for key in ("sar", "dem", "geoid")
        ),
    ]
    inputs = [each.geometry_inputs() for each in (sources, *others)]
    assert all(inputs[0] != other for other in inputs[1:])
    assert sources.placing.look == Look(91, 41)
    optical = {**sources.states, "optical": InputState(files={}, raster=None)}
    assert replace(sources, states=optical).geometry_inputs() == inputs[0]


def missing(scene: Scene, folder: Path) -> str:
    return str(folder / "missing.tif")


CASES: dict[str, tuple[Callable[[Scene, Path], dict[str, Any]], str]] = {
    "datum": (
        lambda scene, folder: {"dem": untold(scene, folder)},
        r"yaml: dem_datum, geoid: .* does not state its vertical datum",
    ),
    "geoid": (
        lambda scene, folder: {"dem": untold(scene, folder), "dem_datum": "orthometric"},
        r"yaml: geoid: .* give the file of the geoid",
    ),
    "far orthophoto": (
        lambda scene, folder: {"optical": elsewhere(scene, folder, "optical.tif")},
        "overlap|height",
    ),
    "far heights": (lambda scene, folder: {"dem": elsewhere(scene, folder, "dem.tif")}, "has no height for"),
    "no file": (
        lambda scene, folder: {"sar": missing(scene, folder)},
        "sar: .*missing.tif is no file",
    ),
    "no elevation model": (lambda scene, folder: {"dem": "dem"}, "dem: .* is no file"),
    "no such band": (
        lambda scene, folder: {"sar": {"path": str(scene.folder / "sar.tif"), "band": 3}},
        r"yaml: sar.band: .* no band 3",
    ),
    "bands of the orthophoto": (
        lambda scene, folder: {"optical": {"path": str(scene.folder / "optical.tif"), "bands": [1, 2, 4]}},
        "optical.bands: .* choose other bands",
    ),
    "remap": (lambda scene, folder: {"remap": "magic"}, "remap: remap magic is not known"),
    "profile": (
        lambda scene, folder: {"optical": {"path": str(scene.folder / "optical.tif"), "profile": "nap"}},
        "optical.profile: profile nap is not known",
    ),
    "engine": (lambda scene, folder: {"engine": "steam"}, "steam"),
    "half a look": (lambda scene, folder: {"look_azimuth": 90}, r"yaml: look_azimuth, incidence: "),
    "radar as orthophoto": (
        lambda scene, folder: {"optical": str(scene.folder / "sar.tif")},
        "red, green and blue are due",
    ),
    "orthophoto as radar": (
        lambda scene, folder: {"sar": str(scene.folder / "optical.tif")},
        "an optical image",
    ),
    "no raster": (lambda scene, folder: {"sar": str(scene.folder / "scene.json")}, "not a raster"),
    "complex without a sensor model": (
        lambda scene, folder: {"sar": rewritten(scene, folder / "slc.tif", phases, rpc=False)},
        "neither an RPC nor a map projection",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_input_is_told_in_words_of_the_file_and_leaves_nothing(
    scene: Scene, region: Write, tmp_path: Path, case: str
) -> None:
    changes, sentence = CASES[case]
    path = region(**changes(scene, tmp_path))
    with pytest.raises(InputError, match=sentence) as error:
        make_pair(path, tmp_path / "out")
    assert str(path) in str(error.value)
    assert "--" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_input_that_turns_out_wrong_on_the_way_leaves_nothing(
    scene: Scene, region: Write, tmp_path: Path
) -> None:
    sar = rewritten(scene, tmp_path / "sar.tif", lambda pixels: np.full_like(pixels, 9))
    with pytest.raises(InputError, match="one value only"):
        make_pair(region(sar=sar, tie_points=None), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_power_of_sentinel_1_is_told_by_its_name_and_needs_amplitude(
    scene: Scene, region: Write, tmp_path: Path
) -> None:
    sar = rewritten(scene, tmp_path / "iw-vv.rtc.tiff", lambda pixels: (pixels / 255.0) ** 2)
    sources = inspect_region(read_region(region(sar=sar)))
    assert sources.found.product.kind == "sentinel1-rtc"
    assert sources.needs_amplitude
    assert not inspect_region(read_region(region(sar={"path": sar, "product": "amplitude"}))).needs_amplitude


def test_the_metadata_beside_a_product_are_inputs_of_the_pair(
    scene: Scene, region: Write, tmp_path: Path
) -> None:
    """They are recorded with their checksums, and nothing is written over them."""
    sar = Path(rewritten(scene, tmp_path / "a_UMBRA-04_GEC.tif", lambda pixels: pixels))
    item = tmp_path / "a_UMBRA-04.stac.v2.json"
    item.write_text(json.dumps({"properties": {"sar:polarizations": ["VV"]}}))
    found = inspect_region(read_region(region(sar={"path": str(sar), "product": "umbra-gec"})))
    assert found.found.product.polarisation == "VV"
    told = {entry.file: entry.sha256 for entry in found.checksums() if entry.key == "sar"}
    assert told == {sar.name: checksum(sar), item.name: checksum(item)}
    out = tmp_path / "out"
    out.mkdir()
    (out / "town.json").symlink_to(item)
    with pytest.raises(InputError):
        make_pair(region(sar={"path": str(sar), "product": "umbra-gec"}), out)
    assert json.loads(item.read_text())["properties"] == {"sar:polarizations": ["VV"]}


def test_a_black_collar_of_the_orthophoto_is_no_part_of_the_pair(
    scene: Scene, region: Write, extent: list[float], tmp_path: Path
) -> None:
    """A nodata value that no pixel has silences nothing; the radar image is stated to be full of data."""
    edge = extent[0] + 70
    optical = tmp_path / "optical.tif"
    with rasterio.open(scene.folder / "optical.tif") as dataset:
        pixels, profile = np.maximum(dataset.read(), 1), dataset.profile
        east = dataset.transform.c + dataset.transform.a * (np.arange(dataset.width) + 0.5)
    pixels[:, :, east < edge] = 0
    pixels[pixels == 254] = 253
    with rasterio.open(optical, "w", **{**profile, "nodata": 254}) as dataset:
        dataset.write(pixels)
    sar = {"path": str(scene.folder / "sar.tif"), "nodata": "none"}
    out = tmp_path / "out"
    make_pair(region(sar=sar, optical=str(optical), extent=extent), out)
    with rasterio.open(out / "town_masks.tif") as dataset:
        masks = dataset.read()
        east = dataset.transform.c + dataset.transform.a * (np.arange(dataset.width) + 0.5)
    assert masks[0].all()
    assert not masks[1][:, east < edge - 1].any()
    assert masks[1][:, east > edge + 1].all()
