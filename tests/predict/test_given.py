"""Maps of a network that takes any subset of its inputs: what is given, and gaps pixel by pixel."""

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from odc.geo.geobox import GeoBox
from rasterio import Affine
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.predict.array import predict_array
from oemsar.predict.config import PredictConfig, SubmissionConfig
from oemsar.predict.contest import predict_submission
from oemsar.predict.run import predict_scene
from oemsar.predict.summary import LandCoverMap
from oemsar.raster.geotiff import write_raster

GRID = GeoBox((60, 90), Affine(0.5, 0.1, 4e5, 0.1, -0.5, 5e6), "EPSG:32631")
SMALL = {"window": 40, "overlap": 10, "engine": "torch", "device": "cpu"}
INPUTS = "sar+optical+height"


class _Names(nn.Module):
    """A body that says which inputs carry data: class 1 + the number of the subset."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.inputs, self.channels = inputs, channels

    def forward(self, images: Tensor) -> Tensor:
        there = images[:, self.channels :]
        number = (there * 2 ** torch.arange(self.inputs).view(1, -1, 1, 1)).sum(1, keepdim=True)
        return -9.0 * (number - torch.arange(8).view(1, 8, 1, 1)).abs()


def network(modalities: str = INPUTS, fusion: Any = "any") -> LandCoverNetwork:
    inputs = Inputs.parse(modalities)
    spec = ModelSpec(
        architecture="unet",
        encoder="none",
        modalities=inputs,
        mean=(9.0,) * inputs.channels,
        std=(4.0,) * inputs.channels,
        fusion=fusion,
    )
    return LandCoverNetwork(spec, _Names(len(inputs), inputs.channels), 8).eval()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Radar without its first columns, an orthophoto without its first rows, heights with a hole."""
    draws = np.random.default_rng(0)
    sar, optical = (draws.integers(1, 256, (bands, *GRID.shape), np.uint8) for bands in (1, 3))
    sar[:, :, :30] = 0
    optical[:, :20] = 0
    heights = draws.uniform(0, 20, (1, *GRID.shape)).astype(np.float32)
    heights[:, 40:, 50:] = -9999
    heights[:, :10, :30] = -9999
    for name, pixels, nodata in (("sar", sar, 0), ("optical", optical, 0), ("height", heights, -9999)):
        profile = {"driver": "GTiff", "count": len(pixels), "height": 60, "width": 90, "dtype": pixels.dtype}
        place = {"crs": GRID.crs.to_wkt(), "transform": GRID.affine, "nodata": nodata}
        with rasterio.open(tmp_path / f"{name}.tif", "w", **profile, **place) as dataset:
            dataset.write(pixels)
    return tmp_path


def has(*, sar: bool = True, optical: bool = True, height: bool = True) -> np.ndarray:
    """Number of the subset that carries data at each pixel."""
    there = np.ones((3, *GRID.shape), int)
    there[0, :, :30] = there[1, :20] = there[2, 40:, 50:] = there[2, :10, :30] = 0
    there *= np.array([sar, optical, height])[:, None, None]
    return (there * [[[1]], [[2]], [[4]]]).sum(0)


def predict(images: Path, scene: str = "sar", model: Any = None, **options: Any) -> LandCoverMap:
    config = PredictConfig(**{**SMALL, **options})
    return predict_scene(model or network(), images / f"{scene}.tif", images / "map.tif", config=config)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def expected_shares(numbers: np.ndarray) -> dict[str, float]:
    names = ("", "sar", "optical", "sar+optical", "height", "sar+height", "optical+height", INPUTS)
    mapped = np.count_nonzero(numbers)
    return {names[n]: np.count_nonzero(numbers == n) / mapped for n in np.unique(numbers) if n}


@pytest.mark.parametrize(
    ("given", "scene", "options"),
    [
        ({}, "sar", {"optical": "optical", "input": "height"}),
        ({"height": False}, "sar", {"optical": "optical"}),
        ({"optical": False, "height": False}, "sar", {}),
        ({"sar": False, "height": False}, "optical", {"inputs": "optical"}),
        ({"sar": False}, "optical", {"inputs": "height+optical", "input": "height"}),
        ({"sar": False, "optical": False}, "height", {"inputs": "height"}),
    ],
)
def test_each_pixel_is_mapped_from_what_carries_data_there(
    images: Path, given: dict[str, bool], scene: str, options: dict[str, str]
) -> None:
    files = {key: images / f"{value}.tif" if key == "optical" else value for key, value in options.items()}
    if "input" in files:
        files["input"] = {"height": str(images / "height.tif")}
    summary = predict(images, scene, **files)
    numbers = has(**given)
    np.testing.assert_array_equal(read(images / "map.tif"), np.where(numbers, numbers + 1, 0))
    assert summary.subsets == pytest.approx(expected_shares(numbers))
    assert summary.modalities == INPUTS
    assert summary.nodata_share == pytest.approx(np.mean(numbers == 0))
    stored = json.loads((images / "map.json").read_text())
    assert stored["subsets"] == pytest.approx(summary.subsets)


def test_a_layer_tells_which_inputs_carry_data(images: Path) -> None:
    options = {"optical": images / "optical.tif", "input": {"height": str(images / "height.tif")}}
    summary = predict(images, inputs_layer=True, **options)
    assert summary.inputs == str(images / "map_inputs.tif")
    np.testing.assert_array_equal(read(images / "map_inputs.tif"), has())
    with rasterio.open(images / "map_inputs.tif") as dataset:
        assert dataset.descriptions == ("inputs with data: 1 = sar, 2 = optical, 4 = height",)
        assert (dataset.nodata, dataset.dtypes, dataset.transform) == (0, ("uint8",), GRID.affine)
    shown = read(images / "map.tif")
    # a later map without the layer does not leave it beside it
    assert predict(images, **options).inputs is None
    assert not (images / "map_inputs.tif").exists()
    np.testing.assert_array_equal(read(images / "map.tif"), shown)
    (images / "map_inputs.tif").write_bytes((images / "sar.tif").read_bytes())
    with pytest.raises(InputError, match=r"map_inputs.tif is there and is not the inputs of a map"):
        predict(images, inputs_layer=True, **options)


class _Sum(nn.Module):
    """A body whose class depends on the values of both inputs."""

    def forward(self, images: Tensor) -> Tensor:
        return -(images.sum(1, keepdim=True) / 20 - torch.arange(8).view(1, 8, 1, 1)).abs()


@pytest.mark.parametrize("scales", [(1.0,), (0.5, 1.0)])
def test_the_layer_of_a_network_that_needs_all_tells_of_gaps(images: Path, scales: tuple[float, ...]) -> None:
    """Its map is the same with the layer and without."""
    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar+height", mean=(9, 5), std=(4, 2))
    model = LandCoverNetwork(spec, _Sum(), 8).eval()
    options = {"input": {"height": str(images / "height.tif")}, "model": model, "scales": scales}
    assert predict(images, **options).subsets is None
    plain = read(images / "map.tif")
    summary = predict(images, inputs_layer=True, **options)
    np.testing.assert_array_equal(read(images / "map.tif"), plain)
    sar, height = has(optical=False) & 1, has(optical=False) & 4
    np.testing.assert_array_equal(read(images / "map_inputs.tif"), sar * (1 + height // 2))
    shares = {"sar": np.sum((sar > 0) & (height == 0)), "sar+height": np.sum((sar > 0) & (height > 0))}
    assert summary.subsets == pytest.approx({name: n / sar.sum() for name, n in shares.items() if n})


def test_more_inputs_than_bits_have_no_layer(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.predict.order._BITS", 2)
    with pytest.raises(InputError, match="inputs_layer: the model sees 3 inputs, and the layer has 2 bits"):
        predict(images, inputs_layer=True)


def test_what_is_missing_is_told(images: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    predict(images, optical=images / "optical.tif")
    assert f"The model sees {INPUTS} and is given sar+optical: it maps without height" in caplog.text
    caplog.clear()
    predict(images, optical=images / "optical.tif", input={"height": str(images / "height.tif")})
    assert "maps without" not in caplog.text
    assert "height.tif leaves about" in caplog.text
    assert "there the model does without it" in caplog.text


def test_an_interrupted_map_goes_on_with_its_counts(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"optical": images / "optical.tif"}
    whole = predict(images, **options)
    for file in images.glob("map*"):
        file.unlink()

    def interrupt(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    model, config = network(), PredictConfig(**SMALL, **options)
    with pytest.raises(KeyboardInterrupt):
        predict_scene(model, images / "sar.tif", images / "map.tif", config=config, report=interrupt)
    assert (images / ".map.tif.partial" / "state.json").is_file()
    assert predict(images, **options).subsets == whole.subsets


@pytest.mark.parametrize(
    ("model", "options", "sentence"),
    [
        (
            network(),
            {"inputs": "nir"},
            "inputs: .*height and was not trained on nir",
        ),
        (
            network(),
            {"inputs": "sar", "optical": "o.tif"},
            "inputs, optical: an image of optical is",
        ),
        (
            network(),
            {"input": {"nir": "n.tif"}},
            r"input: the model sees sar\+.*height, no nir; leave",
        ),
        (network(), {"inputs": "sar+height"}, "give the height of"),
        (network(fusion="stack"), {"inputs": "sar"}, "inputs: the model needs all of .*, and optical is not"),
        (network(), {"inputs": "optical", "optical": "o.tif"}, "optical: the scene itself is the optical"),
        (network(), {"input": {"sar": "s.tif"}}, "input: the scene itself is the sar image; leave it out"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    images: Path, model: LandCoverNetwork, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        predict(images, model=model, **options)
    assert not (images / "map.tif").exists()


@pytest.mark.parametrize("given", ["sar+height", "height", None])
def test_an_array_is_mapped_from_what_carries_data(given: str | None) -> None:
    inputs = Inputs.parse(given or INPUTS)
    names = Inputs.parse(INPUTS).names
    image = np.random.default_rng(0).uniform(1, 20, (inputs.channels, 50, 70)).astype(np.float32)
    image[-1, 5:15] = np.nan
    valid = np.random.default_rng(1).random((len(inputs), 50, 70)) > 0.4
    made = predict_array(network(), image, valid=valid, inputs=given, config=PredictConfig(**SMALL))
    known = valid.copy()
    known[-1, 5:15] = False
    bits = np.array([1 << names.index(name) for name in inputs.names])
    numbers = (known * bits[:, None, None]).sum(0)
    np.testing.assert_array_equal(made.classes, np.where(numbers, numbers + 1, 0))
    plane = valid[0]
    made = predict_array(network(), image, valid=plane, inputs=given, config=PredictConfig(**SMALL))
    np.testing.assert_array_equal(
        made.classes > 0, plane & ~np.isnan(image).all(0) if len(inputs) == 1 else plane
    )
    with pytest.raises(InputError, match="valid: a mask of shape"):
        predict_array(network(), image, valid=valid[:, :-1], inputs=given)


def test_a_network_that_needs_all_inputs_takes_no_part_of_an_array() -> None:
    image = np.zeros((1, 20, 30), np.uint8)
    with pytest.raises(InputError, match="inputs: the model needs all of"):
        predict_array(network("sar+optical", "stack"), image, inputs="sar")


def test_a_submission_is_made_from_radar_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "tiles").mkdir()
    write_raster(tmp_path / "tiles" / "TestArea_1.tif", np.full((1, 30, 40), 7, np.uint8), None)
    config = SubmissionConfig(engine="torch", device="cpu")
    made = predict_submission(network(), tmp_path / "tiles", tmp_path / "out.zip", config=config)
    assert made.tiles == 1
    assert "is given sar: it maps without optical and height" in caplog.text
    from io import BytesIO

    from PIL import Image

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        ids = np.asarray(Image.open(BytesIO(archive.read("TestArea_1.png"))))
    assert ids.shape == (30, 40)
    assert (ids == 2).all()
    with pytest.raises(InputError, match="the tiles of the contest are radar alone"):
        predict_submission(network("sar:2+height"), tmp_path / "tiles", tmp_path / "b.zip", config=config)
