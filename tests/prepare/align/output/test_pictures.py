"""Pictures of an alignment show photo and radar where they lie."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from oemsar.prepare.align.output.pictures import draw_pictures
from oemsar.prepare.align.output.tie_points import TiePoints

from ..pairs import write

SHAPE = (120, 280)
ROWS, COLUMNS = np.indices(SHAPE)
PHOTO, RADAR = COLUMNS * 2.0 + 100, ROWS * 3.0 + 50


def points(x: list[float], y: list[float], used: list[bool], residual: list[float]) -> TiePoints:
    columns, rows = np.array(x), np.array(y)
    return TiePoints(columns, rows, columns, rows, np.array(used), np.array(residual))


def drawn(folder: Path, ties: TiePoints) -> dict[str, NDArray[np.float64]]:
    """Red, green and blue of the pictures, 0 to 255, by the stem of their names."""
    photo = np.stack([PHOTO - 20, PHOTO, PHOTO + 20]).astype(np.uint16)
    optical = write(folder / "optical.tif", photo)
    aligned = write(folder / "aligned.tif", RADAR.astype(np.float32))
    names = draw_pictures(optical, aligned, ties, folder)
    assert names == ["checkerboard.png", "magenta_green.png", "tie_points.png"]
    return {Path(name).stem: 255.0 * imread(folder / name)[..., :3] for name in names}


def stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.percentile(values, (1, 99))
    return np.clip((values - low) / (high - low), 0, 1) * 255


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.float64]]:
    ties = points([200.0, 40.0, 240.0], [30.0, 70.0, 90.0], [True, False, True], [0.0, np.nan, 9.0])
    return drawn(tmp_path_factory.mktemp("pictures"), ties)


def test_a_pixel_of_the_picture_is_one_of_the_orthophoto(pictures: dict[str, NDArray[np.float64]]) -> None:
    assert {image.shape for image in pictures.values()} == {(*SHAPE, 3)}


def test_photo_is_magenta_and_radar_green_between_their_percentiles(
    pictures: dict[str, NDArray[np.float64]],
) -> None:
    red, green, blue = np.moveaxis(pictures["magenta_green"], 2, 0)
    np.testing.assert_allclose(red, stretched(PHOTO), atol=2)
    np.testing.assert_allclose(green, stretched(RADAR), atol=2)
    np.testing.assert_array_equal(red, blue)


def test_the_first_square_of_the_board_is_photo_and_its_neighbours_radar(
    pictures: dict[str, NDArray[np.float64]],
) -> None:
    """Ten squares along the longer side."""
    board = (ROWS // 28 + COLUMNS // 28) % 2 == 0
    expected = np.where(board, stretched(PHOTO), stretched(RADAR))
    np.testing.assert_allclose(pictures["checkerboard"][..., 0], expected, atol=2)


def test_tie_points_lie_where_they_are_and_those_left_out_are_grey(
    pictures: dict[str, NDArray[np.float64]],
) -> None:
    colour = np.ptp(pictures["tie_points"], axis=2)
    assert colour[30, 200] > 60
    assert colour[90, 240] > 60
    assert colour[68:73, 38:43].max() < 10
    dark, bright = pictures["tie_points"][90, 240], pictures["tie_points"][30, 200]
    assert dark.sum() < bright.sum()  # viridis reversed: large errors are dark


def test_large_images_are_reduced_and_points_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oemsar.prepare.align.output.pictures._LONGEST_SIDE", 140)
    pictures = drawn(tmp_path, points([200.0], [30.0], [True], [0.5]))
    assert pictures["magenta_green"].shape == (60, 140, 3)
    assert np.ptp(pictures["tie_points"], axis=2)[15, 100] > 60
