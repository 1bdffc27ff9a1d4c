"""Maps of images in memory."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.models.saved import load_model
from oemsar.predict.array import predict_array
from oemsar.predict.config import PredictConfig
from oemsar.predict.run import predict_scene

SMALL = PredictConfig(window=96, overlap=20, engine="torch", device="cpu")


def _speckle(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, shape, np.uint8)


def test_a_mask_of_another_size_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(
        InputError, match=r"valid: a mask of shape \(9, 8\) does not fit an image of \(8, 9\)"
    ):
        predict_array(models["sar"], _speckle(1, 8, 9), valid=np.ones((9, 8), bool))


@pytest.mark.parametrize("flips", [False, True])
def test_a_map_of_an_array_is_that_of_the_same_scene(
    models: dict[str, Path], tmp_path: Path, flips: bool
) -> None:
    image = _speckle(1, 150, 230)
    config = SMALL.model_copy(update={"flips": flips, "nodata": "none"})
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", count=1, dtype="uint8", height=150, width=230
    ) as dataset:
        dataset.write(image)
    predict_scene(models["sar"], tmp_path / "a.tif", tmp_path / "map.tif", config=config)
    made = predict_array(load_model(models["sar"]), image, config=config)
    for name, layer in (("map", made.classes), ("map_confidence", made.confidence)):
        with rasterio.open(tmp_path / f"{name}.tif") as dataset:
            np.testing.assert_array_equal(layer, dataset.read(1))


def test_pixels_of_an_array_without_data_are_not_mapped(models: dict[str, Path]) -> None:
    valid = np.zeros((60, 90), bool)
    valid[10:50, 5:30] = True
    made = predict_array(models["sar"], _speckle(1, 60, 90), valid=valid, config=SMALL)
    np.testing.assert_array_equal(made.classes > 0, valid)
    np.testing.assert_array_equal(made.confidence > 0, valid)


def test_what_lies_where_there_is_no_data_changes_nothing_beside_it(models: dict[str, Path]) -> None:
    """The network sees 0 there, as it does in a scene on disk."""
    valid = np.ones((60, 90), bool)
    valid[10:50, 25:30] = False
    image = _speckle(1, 60, 90)
    maps = [predict_array(models["sar"], image * keep, valid=valid, config=SMALL) for keep in (1, valid)]
    for one, other in ((maps[0].classes, maps[1].classes), (maps[0].confidence, maps[1].confidence)):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "image", [np.zeros((3, 8, 8), np.uint8), np.zeros((1, 8, 8)), np.zeros((8, 8), np.uint8)]
)
def test_an_array_of_other_channels_or_type_is_refused(models: dict[str, Path], image: NDArray[Any]) -> None:
    with pytest.raises(InputError, match="give uint8 of shape"):
        predict_array(models["sar"], image)
