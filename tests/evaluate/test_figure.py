"""The figure: colours by meaning, columns by what the tiles have."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from oemsar import legend
from oemsar.evaluate.figure import Comparison, colour_errors, draw_comparisons, write_figure
from oemsar.figures import stretch

IDS = np.arange(64, dtype=np.uint8).reshape(8, 8) % 8 + 1


def _comparison(name: str = "tile", *, optical: bool = True, sar: bool = True) -> Comparison:
    noise = np.random.default_rng(0).integers(0, 256, (4, 8, 8), dtype=np.uint8)
    return Comparison(name, noise[1:] if optical else None, noise[:1] if sar else None, IDS, IDS)


def _images(comparisons: list[Comparison]) -> dict[str, NDArray[np.uint8]]:
    """The pictures of the first row by column title."""
    axes = draw_comparisons(comparisons).axes
    columns = [axis for axis in axes if axis.get_title()]
    return {axis.get_title(): np.asarray(axis.images[0].get_array()) for axis in columns if axis.images}


def test_errors_are_red_correct_is_grey_and_unknown_black() -> None:
    truth, prediction = np.array([[0, 1, 2]], dtype=np.uint8), np.array([[5, 1, 3]], dtype=np.uint8)
    unknown, correct, wrong = colour_errors(truth, prediction)[0].tolist()
    assert unknown == [0, 0, 0]
    assert correct[0] == correct[1] == correct[2] > 180
    assert wrong[0] > 200
    assert max(wrong[1:]) < 60


def test_class_maps_are_drawn_in_the_colours_of_the_legend() -> None:
    truth = IDS.copy()
    truth[0, 0] = 0
    images = _images([Comparison("tile", None, np.zeros((1, 8, 8), dtype=np.uint8), truth, IDS)])
    for entry in (legend.UNKNOWN, *legend.CLASSES):
        assert (images["Truth"][truth == entry.id] == entry.colour).all()
        assert (images["Prediction"][entry.id == IDS] == entry.colour).all()


@pytest.mark.parametrize(
    ("comparisons", "titles"),
    [
        ([_comparison()], ["Optical", "SAR", "Truth", "Prediction", "Errors"]),
        ([_comparison(optical=False)], ["SAR", "Truth", "Prediction", "Errors"]),
        ([_comparison(sar=False)], ["Optical", "Truth", "Prediction", "Errors"]),
        (
            [_comparison("a", sar=False), _comparison("b", optical=False)],
            ["Optical", "SAR", "Truth", "Prediction", "Errors"],
        ),
    ],
)
def test_a_column_is_there_for_what_some_tile_has(comparisons: list[Comparison], titles: list[str]) -> None:
    axes = draw_comparisons(comparisons).axes
    assert [axis.get_title() for axis in axes if axis.get_title()] == titles
    assert [axis.get_ylabel() for axis in axes if axis.get_ylabel()] == [entry.name for entry in comparisons]
    assert len(axes) == len(titles) * len(comparisons)


def test_the_legend_names_every_class() -> None:
    (strip,) = draw_comparisons([_comparison()]).legends
    assert {text.get_text() for text in strip.get_texts()} >= set(legend.NAMES)


def test_the_stretch_spans_the_valid_pixels_and_keeps_their_order() -> None:
    image = np.arange(256, dtype=np.uint8).clip(90, 110).reshape(16, 16)
    image[0] = 0
    stretched = stretch(image)
    assert (stretched.min(), stretched.max()) == (0, 255)
    assert (np.diff(stretched.ravel().astype(int)) >= 0).all()
    assert stretch(np.zeros((2, 2), dtype=np.uint8)).max() == 0


def test_a_name_is_printed_and_not_read_as_mathematics(tmp_path: Path) -> None:
    write_figure([_comparison("tile_$x^$\\frac"), _comparison("b")], tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as image:
        assert image.format == "PNG"
        assert image.width == 5 * 360
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]
