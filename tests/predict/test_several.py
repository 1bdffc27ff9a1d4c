"""Maps of several networks as one, and of several sizes of each window."""

import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from PIL import Image
from rasterio import Affine
from torch import nn

from oemsar.errors import InputError
from oemsar.inference.resize import Size, resize, resize_image
from oemsar.inference.select import open_model
from oemsar.inputs import SAR, Inputs
from oemsar.models.joint import JointSpec
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import load_model
from oemsar.models.spec import ModelSpec
from oemsar.predict.array import predict_array
from oemsar.predict.config import PredictConfig, SubmissionConfig
from oemsar.predict.contest import predict_submission
from oemsar.predict.given import tell_of_missing
from oemsar.predict.run import predict_scene
from oemsar.raster.geotiff import write_raster

GRID = GeoBox((60, 90), Affine(0.5, 0.1, 4e5, 0.1, -0.5, 5e6), "EPSG:32631")
WHOLE = {"engine": "torch", "device": "cpu"}
SMALL = {"window": 40, "overlap": 10, **WHOLE}


def small(modalities: str, seed: int) -> LandCoverNetwork:
    """One convolution over the inputs, with random weights of a seed."""
    torch.manual_seed(seed)
    inputs = Inputs.parse(modalities)
    numbers = {"mean": (70.0,) * inputs.channels, "std": (50.0,) * inputs.channels}
    spec = ModelSpec(architecture="unet", encoder="none", modalities=inputs, **numbers)
    return LandCoverNetwork(spec, nn.Conv2d(inputs.channels, 8, 3, padding=1), 8).eval()


def alone(network: LandCoverNetwork, image: NDArray[Any]) -> NDArray[np.float32]:
    with torch.inference_mode():
        probabilities: NDArray[np.float32] = network(torch.from_numpy(image)[None])[0].softmax(0).numpy()
    return probabilities


def read(path: Path) -> NDArray[Any]:
    with rasterio.open(path) as dataset:
        pixels: NDArray[Any] = dataset.read()
    return pixels


def require_map(folder: Path, probabilities: NDArray[np.float32], mapped: NDArray[np.bool_] | bool) -> None:
    """Hold a map and its confidence against probabilities; near-equal classes may round alike."""
    ids = (probabilities.argmax(0) + 1) * mapped
    assert (read(folder / "map.tif")[0] == ids).mean() > 0.999
    percent = np.rint(100 * probabilities.max(0)) * mapped
    assert np.abs(read(folder / "map_confidence.tif")[0] - percent).max() <= 1


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Radar without its first columns and an orthophoto without its first rows, on one grid."""
    draws = np.random.default_rng(0)
    for name, bands in (("sar", 1), ("optical", 3)):
        pixels = draws.integers(1, 256, (bands, *GRID.shape), np.uint8)
        pixels[:, :, : 30 if name == "sar" else 0] = 0
        pixels[:, : 20 if name == "optical" else 0] = 0
        profile = {"driver": "GTiff", "count": bands, "height": 60, "width": 90, "dtype": "uint8"}
        place = {"crs": GRID.crs.to_wkt(), "transform": GRID.affine, "nodata": 0}
        with rasterio.open(tmp_path / f"{name}.tif", "w", **profile, **place) as dataset:
            dataset.write(pixels)
    return tmp_path


def test_a_map_is_that_of_the_mean_and_names_all_models(models: dict[str, Path], images: Path) -> None:
    given = [models["sar"], small("sar", 1), models["sar"]]
    config = PredictConfig(**WHOLE)
    summary = predict_scene(given, images / "sar.tif", images / "map.tif", config=config)
    sar = read(images / "sar.tif")
    parts = [alone(network, sar) for network in (load_model(models["sar"]), small("sar", 1))]
    require_map(images, (2 * parts[0] + parts[1]) / 3, sar[0] > 0)
    assert summary.models == (str(models["sar"]), "a network in memory", str(models["sar"]))
    assert json.loads((images / "map.json").read_text())["models"] == [*summary.models]
    assert summary.subsets is None


def test_one_model_twice_maps_as_it_does_alone(models: dict[str, Path], images: Path) -> None:
    for name, given in (("one", models["sar"]), ("two", [models["sar"]] * 2)):
        predict_scene(given, images / "sar.tif", images / f"{name}.tif", config=PredictConfig(**SMALL))
    for name in ("{}.tif", "{}_confidence.tif"):
        one, two = (read(images / name.format(stem)) for stem in ("one", "two"))
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("windows", [WHOLE, SMALL])
def test_networks_of_different_inputs_map_what_each_of_them_sees(
    images: Path, windows: dict[str, Any]
) -> None:
    """A convolution of three pixels sees across windows as within one."""
    networks = [small("sar", 1), small("optical", 2)]
    config = PredictConfig(**windows, optical=images / "optical.tif")
    summary = predict_scene(networks, images / "sar.tif", images / "map.tif", config=config)
    sar, optical = read(images / "sar.tif"), read(images / "optical.tif")
    counts = np.stack([sar[0] > 0, optical[0] > 0]).astype(np.float32)
    parts = np.stack([alone(networks[0], sar), alone(networks[1], optical)]) * counts[:, None]
    mapped = counts.any(0)
    mean = parts.sum(0) / np.maximum(counts.sum(0), 1)
    if windows is WHOLE:
        require_map(images, mean, mapped)
    np.testing.assert_array_equal(read(images / "map.tif")[0] > 0, mapped)
    share = 1 / mapped.sum()
    assert summary.subsets == pytest.approx(
        {"sar": 20 * 60 * share, "optical": 40 * 30 * share, "sar+optical": 40 * 60 * share}
    )
    assert summary.modalities == "sar+optical"
    image = np.concatenate([sar, optical])
    valid = counts.astype(bool)
    made = predict_array(networks, image, valid=valid, config=PredictConfig(**windows))
    np.testing.assert_array_equal(made.classes, read(images / "map.tif")[0])


def test_every_window_is_seen_at_each_scale(models: dict[str, Path], images: Path) -> None:
    scales = (0.5, 1.0, 1.3)
    predict_scene(
        models["sar"],
        images / "sar.tif",
        images / "map.tif",
        config=PredictConfig(**WHOLE, scales=scales),
    )
    sar, network = read(images / "sar.tif"), load_model(models["sar"])
    own = Size(60, 90)
    parts = []
    for size in map(own.scaled, scales):
        seen = np.asarray(resize_image(sar, SAR, size))
        parts.append(resize(alone(network, seen), own))
    require_map(images, np.mean(parts, axis=0), sar[0] > 0)
    record = json.loads((images / "map.json").read_text())["record"]["config"]
    assert record["scales"] == [0.5, 1.0, 1.3]


@pytest.mark.parametrize(
    ("second", "goes_on"),
    [([0, 1], True), ([1, 0], False), ([0], False), ([0, 1, 1], False), ([0, 2], False)],
)
def test_a_map_goes_on_with_the_same_list_of_models_alone(
    images: Path, second: list[int], goes_on: bool
) -> None:
    networks = [small("sar", seed) for seed in range(3)]
    config = PredictConfig(**SMALL)

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    scene, out = images / "sar.tif", images / "map.tif"
    with pytest.raises(KeyboardInterrupt):
        predict_scene(networks[:2], scene, out, config=config, report=stop)
    windows: list[int] = []
    again = [networks[index] for index in second]
    predict_scene(again, scene, out, config=config, report=lambda done, _: windows.append(done))
    assert (windows[0] > 1) == goes_on
    predict_scene(again, scene, images / "fresh.tif", config=config)
    np.testing.assert_array_equal(read(out), read(images / "fresh.tif"))


@pytest.mark.parametrize(
    ("networks", "options", "sentence"),
    [
        (["sar", "sar"], {"sets": 0.9}, "sets: sets of several models promise nothing"),
        (["sar", "optical"], {}, "one of the models needs all of optical, and optical is not given"),
        (["sar", "optical"], {"inputs": "sar"}, "one of the models needs all of optical"),
        (["sar", "optical"], {"input": {"nir": "n.tif"}}, r"input: the model sees sar\+optical, no nir"),
        (["sar", "sar:2"], {}, "the models see sar with 1 and 2 channels"),
    ],
)
def test_models_that_do_not_go_together_are_refused(
    images: Path, networks: list[str], options: dict[str, Any], sentence: str
) -> None:
    given = [small(name, seed) for seed, name in enumerate(networks)]
    with pytest.raises(InputError, match=sentence):
        predict_scene(given, images / "sar.tif", images / "map.tif", config=PredictConfig(**WHOLE, **options))
    assert not (images / "map.tif").exists()


def test_a_submission_is_that_of_the_mean(tmp_path: Path) -> None:
    tiles = tmp_path / "tiles"
    tiles.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (1, 30, 44), np.uint8)
    write_raster(tiles / "TestArea_1.tif", pixels, None)
    networks = [small("sar", 1), small("sar", 2)]
    made = predict_submission(
        networks, tiles, tmp_path / "out.zip", config=SubmissionConfig(engine="torch", device="cpu")
    )
    assert made.models == ("a network in memory",) * 2
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        ids = np.asarray(Image.open(io.BytesIO(archive.read("TestArea_1.png"))))
    mean = (alone(networks[0], pixels) + alone(networks[1], pixels)) / 2
    assert (ids == mean.argmax(0) + 1).mean() > 0.999
    with pytest.raises(InputError, match="the model sees optical imagery, but the tiles of the contest"):
        predict_submission([networks[0], small("optical", 1)], tiles, tmp_path / "b.zip")


def test_the_log_names_each_of_several_models(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "oemsar")
    names = ("runs/a", "runs/b")
    networks = [small("sar", 1), small("sar+optical", 2)]
    spec = JointSpec.of([network.spec for network in networks], names)
    tell_of_missing(spec, SAR)
    assert caplog.messages == ["runs/b sees sar+optical and is given sar: it maps without optical"]
    caplog.clear()
    with open_model(networks, engine="torch", device="cpu", names=names):
        assert [text.split(":")[0] for text in caplog.messages[:2]] == [
            "Inference of runs/a",
            "Inference of runs/b",
        ]
    caplog.clear()
    with open_model(networks[0], engine="torch", device="cpu"):
        assert caplog.messages[0].startswith("Inference: torch")
