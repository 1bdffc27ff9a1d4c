"""Probabilities, entropy and disagreement are layers of bytes with scale and offset."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene
from oemsar.predict.shares import OFFSET, SCALE, entropy, share_bytes
from oemsar.raster.cog import write_cog

GRID = GeoBox((96, 150), Affine(-0.143, -0.5768, 337934.5, -0.5768, 0.143, 7840518.5), "EPSG:32759")
OPTIONS = {"engine": "torch", "device": "cpu", "window": 64, "overlap": 16, "nodata": "0"}
HALF_STEP = SCALE / 2 + 1e-6


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.predict.publish.write_quicklook", lambda *arguments: arguments[2].touch())


@pytest.fixture(scope="module")
def two(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The model of radar and another one."""
    torch.manual_seed(11)
    folder = tmp_path_factory.mktemp("other") / "model"
    saved.save_model(build(saved.load_model(models["sar"]).spec), folder, {})
    return [models["sar"], folder]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(1, 256, GRID.shape.yx, np.uint8)
    pixels[:10, :20] = 0
    write_cog(tmp_path / "scene.tif", pixels, GRID)
    return tmp_path / "scene.tif"


def read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Shares of a layer by its scale and offset, and where it carries data."""
    with rasterio.open(path) as dataset:
        stored = dataset.read()
        assert (dataset.dtypes[0], dataset.nodata) == ("uint8", 0)
        assert dataset.scales == pytest.approx([SCALE] * dataset.count)
        assert dataset.offsets == pytest.approx([OFFSET] * dataset.count)
        return (stored * dataset.scales[0] + dataset.offsets[0]).astype(np.float32), stored[0] > 0


def test_bytes_keep_shares_to_half_a_step_and_zero_is_no_data() -> None:
    shares = np.linspace(0, 1, 1001, dtype=np.float32)
    stored = share_bytes(shares)
    assert (stored.min(), stored.max()) == (1, 255)
    np.testing.assert_allclose(stored * SCALE + OFFSET, shares, atol=HALF_STEP)


def test_entropy_is_none_where_one_class_is_certain_and_one_where_all_are_equal() -> None:
    probabilities = np.zeros((8, 1, 3), np.float32)
    probabilities[2, 0, 0] = 1
    probabilities[:, 0, 1] = 1 / 8
    probabilities[:2, 0, 2] = 0.5
    np.testing.assert_allclose(entropy(probabilities), [[0, 1, 1 / 3]], atol=1e-6)


def test_layers_are_those_of_the_networks(two: list[Path], scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.tif"
    config = PredictConfig(
        **{**OPTIONS, "window": 150, "overlap": 0}, probabilities=True, entropy=True, disagreement=True
    )
    summary = predict_scene(two, scene, out, config=config)
    with rasterio.open(scene) as dataset:
        image, valid = torch.from_numpy(dataset.read())[None], dataset.read(1) > 0
    with torch.inference_mode():
        each = np.stack([torch.softmax(saved.load_model(m)(image)[0], 0).numpy() for m in two])
    mean = each.mean(0)
    found, data = read(tmp_path / "map_probabilities.tif")
    np.testing.assert_array_equal(data, valid)
    np.testing.assert_allclose(found[:, valid], mean[:, valid], atol=HALF_STEP + 1e-4)
    spread, data = read(tmp_path / "map_entropy.tif")
    np.testing.assert_array_equal(data, valid)
    np.testing.assert_allclose(spread[0][valid], entropy(mean)[valid], atol=HALF_STEP + 1e-4)
    differ, data = read(tmp_path / "map_disagreement.tif")
    np.testing.assert_array_equal(data, valid)
    variation = (np.abs(each - mean).sum(1) / 2).mean(0)
    np.testing.assert_allclose(differ[0][valid], variation[valid], atol=HALF_STEP + 1e-4)
    assert variation[valid].max() > 0.01
    assert summary.disagreement == str(tmp_path / "map_disagreement.tif")
    for name in ("probabilities", "entropy", "disagreement"):
        assert (tmp_path / f"map_{name}.qml").exists()


def test_blended_layers_add_up_and_change_nothing_of_the_map(
    two: list[Path], scene: Path, tmp_path: Path
) -> None:
    plain = predict_scene(two, scene, tmp_path / "plain.tif", config=PredictConfig(**OPTIONS))
    config = PredictConfig(**OPTIONS, probabilities=True, disagreement=True)
    asked = predict_scene(two, scene, tmp_path / "map.tif", config=config)
    assert asked.classes == plain.classes
    found, data = read(tmp_path / "map_probabilities.tif")
    np.testing.assert_allclose(found.sum(0)[data], 1, atol=8 * HALF_STEP)
    with rasterio.open(tmp_path / "map.tif") as one, rasterio.open(tmp_path / "plain.tif") as other:
        np.testing.assert_array_equal(one.read(), other.read())
        chosen = np.take_along_axis(found, np.maximum(one.read(1), 1)[None] - 1, 0)[0]
    assert (chosen[data] >= found.max(0)[data] - SCALE).all()
    # the next map of this name asks for none of them
    predict_scene(two, scene, tmp_path / "map.tif", config=PredictConfig(**OPTIONS))
    assert not list(tmp_path.glob("map_probabilities*"))
    assert not list(tmp_path.glob("map_disagreement*"))


def test_one_model_cannot_disagree_and_layers_of_others_stay(
    two: list[Path], scene: Path, tmp_path: Path
) -> None:
    out = tmp_path / "map.tif"
    with pytest.raises(InputError, match="one model cannot disagree") as caught:
        predict_scene(two[0], scene, out, config=PredictConfig(**OPTIONS, disagreement=True))
    assert caught.value.options == ("disagreement",)
    write_cog(tmp_path / "map_entropy.tif", np.ones((9, 14), np.uint8), GRID[:9, :14])
    with pytest.raises(InputError, match=r"map_entropy\.tif is there and is not the entropy of a map"):
        predict_scene(two[0], scene, out, config=PredictConfig(**OPTIONS, entropy=True))
