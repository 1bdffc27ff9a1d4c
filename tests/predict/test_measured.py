"""Measured inputs of a scene: on its grid, in their unit, with their gaps; and what a network needs."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from odc.geo.geobox import GeoBox
from rasterio import Affine
from torch import Tensor, nn
from typer.testing import CliRunner

from oemsar.cli.app import app
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models import saved
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.predict.array import predict_array
from oemsar.predict.config import PredictConfig
from oemsar.predict.measured import MeasuredFile, Treatment
from oemsar.predict.run import predict_scene
from oemsar.predict.scene import open_scene
from oemsar.raster.geotiff import write_raster
from oemsar.raster.image import Statement
from oemsar.raster.read import Extent

GRID = GeoBox((60, 90), Affine(0.5, 0.1, 4e5, 0.1, -0.5, 5e6), "EPSG:32631")
FINER = GeoBox((400, 500), Affine(0.2, 0, 399_990, 0, -0.2, 5_000_020), "EPSG:32631")
SMALL = {"window": 64, "overlap": 16, "engine": "torch", "device": "cpu"}


def plane(grid: GeoBox) -> np.ndarray:
    """Heights that rise by 0.2 in a metre to the east and by 0.1 to the north, 10 in the corner of GRID."""
    rows, columns = np.indices(grid.shape)
    east, north = grid.affine @ (columns + 0.5, rows + 0.5)
    return (10 + 0.2 * (east - 4e5) + 0.1 * (north - 5e6)).astype(np.float32)


def speckle(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 256, shape, np.uint8)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Radar, and on a finer grid of another turn heights with a hole and an orthophoto with infrared."""
    write_raster(tmp_path / "sar.tif", speckle(1, *GRID.shape), GRID)
    heights = plane(FINER)
    heights[90:130, 60:110] = -9999
    write_raster(tmp_path / "dsm.tif", heights[None], FINER)
    write_raster(tmp_path / "rgbn.tif", speckle(4, *FINER.shape), FINER)
    return tmp_path


class _Tells(nn.Module):
    """A body whose class tells the height: the second where it is above the mean, else the first."""

    def forward(self, normalised: Tensor) -> Tensor:
        height = normalised[:, -1:]
        return torch.cat([-height, height, *[torch.full_like(height, -9)] * 6], 1)


def network(modalities: str, **numbers: tuple[float, ...]) -> LandCoverNetwork:
    inputs = Inputs.parse(modalities)
    spec = ModelSpec(
        architecture="unet",
        encoder="none",
        modalities=inputs,
        mean=numbers.get("mean", (12.0,) * inputs.channels),
        std=numbers.get("std", (4.0,) * inputs.channels),
    )
    return LandCoverNetwork(spec, _Tells(), 8).eval()


def test_a_finer_raster_is_laid_onto_the_scene_in_its_unit(images: Path) -> None:
    further = {"height": MeasuredFile(images / "dsm.tif")}
    with open_scene(images / "sar.tif", None, Inputs.parse("sar+height"), further=further) as scene:
        pixels, valid = scene.read(Extent(5, 3, 40, 60))
    assert (pixels.dtype, pixels.shape) == (np.float32, (2, 40, 60))
    assert valid.all()
    np.testing.assert_array_equal(pixels[0], speckle(1, *GRID.shape)[0, 5:45, 3:63])
    gap = np.isnan(pixels[1])
    assert 0.05 < gap.mean() < 0.5
    np.testing.assert_allclose(pixels[1][~gap], plane(GRID)[5:45, 3:63][~gap], atol=0.06)


def test_the_model_takes_its_mean_where_an_input_has_a_gap(
    images: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = PredictConfig(input=[f"height={images / 'dsm.tif'}"], input_nodata=["height=-9999"], **SMALL)
    with caplog.at_level(logging.WARNING):
        summary = predict_scene(network("sar+height"), images / "sar.tif", images / "map.tif", config=config)
    assert "of the scene open; there the model takes the mean height of its training" in caplog.text
    with rasterio.open(images / "map.tif") as dataset:
        classes = dataset.read(1)
    expected = np.where(plane(GRID) > 12, 2, 1)
    away = np.abs(plane(GRID) - 12) > 0.2
    right = (classes == expected)[away]
    assert (classes > 0).all()
    assert 0.75 < right.mean() < 1
    assert (summary.modalities, summary.nodata_share) == ("sar+height", 0)
    assert "input" not in json.loads((images / "map.json").read_text())["record"]


def test_three_inputs_are_mapped_from_the_command_line(images: Path) -> None:
    torch.manual_seed(0)
    spec = ModelSpec(
        architecture="unet",
        encoder="tu-test_efficientnet",
        modalities="sar+optical+nir+height",
        mean=(60.0,) * 5 + (10.0,),
        std=(40.0,) * 5 + (4.0,),
    )
    saved.save_model(build(spec).eval(), images / "model", {})
    command = ["predict", str(images / "model"), str(images / "sar.tif"), "--out", str(images / "map.tif")]
    command += ["--optical", str(images / "rgbn.tif"), "--optical-bands", "1,2,3", "--device", "cpu"]
    command += ["--input", f"height={images / 'dsm.tif'}", "--input", f"nir={images / 'rgbn.tif'}"]
    command += ["--input-bands", "nir=4", "--window", "64", "--overlap", "16", "--engine", "torch", "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert '"modalities": "sar+optical+nir+height"' in result.output
    with rasterio.open(images / "map.tif") as dataset:
        assert dataset.shape == (60, 90)
        assert (dataset.read(1) > 0).all()


def test_a_network_of_heights_alone_maps_where_there_are_some(images: Path) -> None:
    config = PredictConfig(nodata="-9999", **SMALL)
    predict_scene(network("height"), images / "dsm.tif", images / "map.tif", config=config)
    with rasterio.open(images / "map.tif") as dataset:
        classes = dataset.read(1)
    hole = np.zeros(FINER.shape, bool)
    hole[90:130, 60:110] = True
    np.testing.assert_array_equal(classes == 0, hole)
    heights = plane(FINER)
    away = ~hole & (np.abs(heights - 12) > 0.1)
    np.testing.assert_array_equal(classes[away], np.where(heights > 12, 2, 1)[away])
    heights[hole] = np.nan
    made = predict_array(network("height"), heights[None], config=PredictConfig(**SMALL))
    np.testing.assert_array_equal(made.classes[away], classes[away])


def test_two_polarisations_are_read_together(tmp_path: Path) -> None:
    pixels = speckle(2, *GRID.shape)
    write_raster(tmp_path / "sar.tif", pixels, GRID)
    with open_scene(tmp_path / "sar.tif", None, Inputs.parse("sar:2")) as scene:
        read, valid = scene.read(Extent(0, 0, *GRID.shape))
    np.testing.assert_array_equal(read, pixels)
    assert (read.dtype, valid.all()) == (np.uint8, True)


ELSEWHERE = GRID.translate_pix(1000, 0)


@pytest.mark.parametrize(
    ("modalities", "given", "sentence"),
    [
        (
            "sar+height",
            {},
            r"input: the model sees sar\+height; give the height of .*sar\.tif, such as height=",
        ),
        ("sar+height", {"input": {"height": "gone.tif"}}, "gone.tif"),
        ("sar+height", {"input": {"height": "dsm.tif", "nir": "rgbn.tif"}}, "no nir; leave it out"),
        ("sar", {"input": {"height": "dsm.tif"}}, "input: the model sees sar, no height; leave it out"),
        ("sar+height", {"input": {"height": "rgbn.tif"}}, r"has [34] band\(s\) where height has 1"),
        ("sar+height", {"input": {"height": "far.tif"}}, "covers no ground of the scene"),
        ("sar+height", {"input": {"height": "feet.tif"}}, "gives heights in a unit of 0.3048 m"),
        ("sar+height", {"input": {"height": "high.tif"}}, "carries no height on the scene"),
        (
            "sar+height",
            {"input": {"height": "dsm.tif", "sar": "sar.tif"}},
            "the scene itself is the sar image",
        ),
        ("sar+height", {"input": {"height": "dsm.tif"}, "optical": "rgbn.tif"}, "leave the orthophoto out"),
        ("sar+optical+height", {"input": {"height": "dsm.tif"}}, "give the orthophoto of"),
        ("height", {"range": (0, 5)}, "height is seen in its own unit, metres above ground"),
        ("height", {"product": "umbra-gec"}, "the model sees height; name no radar product"),
    ],
)
def test_images_that_do_not_fit_are_told_and_nothing_is_written(
    modalities: str, given: dict[str, object], sentence: str, images: Path
) -> None:
    write_raster(images / "far.tif", plane(ELSEWHERE)[None], ELSEWHERE)
    write_raster(images / "high.tif", plane(GRID)[None] + 3000, GRID)
    write_raster(images / "feet.tif", plane(GRID)[None], GRID)
    with rasterio.open(images / "feet.tif", "r+") as dataset:
        dataset.units = ["ft"]
    options = dict(given)
    if "input" in options:
        options["input"] = {name: images / path for name, path in options["input"].items()}  # type: ignore[attr-defined]
    if "optical" in options:
        options["optical"] = images / str(options["optical"])
    scene = images / ("dsm.tif" if modalities == "height" else "sar.tif")
    with pytest.raises(InputError, match=sentence):
        predict_scene(
            network(modalities), scene, images / "map.tif", config=PredictConfig(**options, **SMALL)
        )
    assert not [path.name for path in images.iterdir() if path.name.startswith("map")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"input": ["hight=a.tif"]}, "input: hight is not known, did you mean height"),
        ({"input": ["a.tif"]}, "does not say which input it is"),
        ({"input": ["optical=a.tif"], "optical": "b.tif"}, "optical, input: both name the orthophoto"),
        ({"input_bands": ["nir=4"]}, "input_bands: is about the nir beside the scene, and none is given"),
        ({"input": ["nir=a.tif"], "input_bands": ["nir=four"]}, "input_bands: four is no list of bands"),
        ({"input": ["nir=a.tif"], "input_nodata": ["nir=void"]}, "input_nodata: void is not known"),
    ],
)
def test_options_that_cannot_be_meant_are_told(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        PredictConfig(**options)


def test_the_orthophoto_is_given_by_either_option(images: Path) -> None:
    by_name = PredictConfig(input={"optical": images / "rgbn.tif"}, optical_bands="1,2,3")
    assert by_name.orthophoto == images / "rgbn.tif"
    assert by_name.further == {}
    treatments = Treatment(), Treatment(Statement((1, 2, 3), prefix="optical_"))
    with open_scene(images / "sar.tif", by_name.orthophoto, Inputs.parse("sar+optical"), treatments) as scene:
        assert scene.read(Extent(0, 0, 20, 30))[0].shape == (4, 20, 30)


def test_a_map_begins_anew_where_heights_changed(images: Path) -> None:
    heights = plane(FINER)[None]
    config = PredictConfig(input={"height": images / "dsm.tif"}, **SMALL)
    predict_scene(network("sar+height"), images / "sar.tif", images / "map.tif", config=config)
    before = (images / "map.tif").read_bytes()
    write_raster(images / "dsm.tif", 24 - heights, FINER)
    predict_scene(network("sar+height"), images / "sar.tif", images / "map.tif", config=config)
    assert (images / "map.tif").read_bytes() != before
    with pytest.raises(InputError, match="dsm"):
        predict_scene(network("sar+height"), images / "sar.tif", images / "dsm.tif", config=config)
