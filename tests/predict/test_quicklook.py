"""The quick look: reduced pictures, colours of the legend, and shares of what was mapped."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from oemsar import legend
from oemsar.predict.quicklook import _display, _draw, write_quicklook
from oemsar.raster.cog import write_cog


def test_shares_are_those_of_the_map_and_not_of_the_reduced_picture() -> None:
    ids = np.zeros((20, 50), np.uint8)
    ids[:, :30] = 3
    ids[:5, 30:40] = 8
    given = {**dict.fromkeys(legend.NAMES, 0.0), legend.NAMES[2]: 0.9, legend.NAMES[7]: 0.1}
    figure = _draw(np.zeros((20, 50), np.uint8), ids, "scene.tif", "map.tif", given)
    shown = {text.get_text() for text in figure.legends[0].get_texts()}
    shares = {3: "90.0%", 8: "10.0%"}
    assert shown == {
        *(f"{entry.name} {shares.get(entry.id, '0.0%')}" for entry in legend.CLASSES),
        "No data",
    }
    picture = np.asarray(figure.axes[1].images[0].get_array())
    assert picture.shape == (20, 50, 3)
    assert picture[2, 35].tolist() == list(legend.CLASSES[7].colour)
    assert picture[19, 49].tolist() == [255, 255, 255]


def test_a_scene_is_stretched_by_what_was_mapped() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(100, 200, (3, 30, 40)).astype(np.float32)
    valid = np.zeros((30, 40), bool)
    valid[4:20, 7:35] = True
    image[:, ~valid] = 1e6
    shown = _display(image, valid)
    assert shown.shape == (30, 40, 3)
    assert (shown[~valid] == 255).all()
    low, high = np.percentile(image[:, valid], (1, 98))
    expected = np.clip((image - low) / (high - low) * 255, 0, 255).transpose(1, 2, 0)[valid]
    assert np.abs(shown[valid] - expected).max() <= 1
    assert _display(np.zeros((1, 3, 5), np.uint8), np.zeros((3, 5), bool)).tolist() == [[255] * 5] * 3


@pytest.mark.parametrize("shape", [(90, 240), (240, 90)])
def test_it_is_as_wide_as_two_panels_and_as_high_as_the_scene_is(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    write_cog(tmp_path / "map.tif", np.ones(shape, np.uint8), None)
    write_cog(tmp_path / "scene.tif", np.ones(shape, np.uint8), None)
    shares = dict.fromkeys(legend.NAMES, 0.125)
    write_quicklook(tmp_path / "map.tif", tmp_path / "scene.tif", tmp_path / "map.png", (1,), shares)
    with Image.open(tmp_path / "map.png") as image:
        assert image.width == 2100
        assert image.height == pytest.approx(1050 * shape[0] / shape[1] + 180, abs=2)
