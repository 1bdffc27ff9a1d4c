"""Blending windows gives what one network call over the whole scene would, in bounded memory."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.predict.blend import Blender, classify
from oemsar.predict.windows import Span, spans

SIZE = (230, 310)


def _probabilities(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).dirichlet(np.ones(8), SIZE).transpose(2, 0, 1).astype(np.float32)


def _blend(
    folder: Path,
    scene: NDArray[np.float32],
    window: int,
    overlap: int,
    skip: set[tuple[int, int]] | None = None,
) -> NDArray[np.float32]:
    rows, columns = spans(SIZE[0], window, overlap), spans(SIZE[1], window, overlap)
    blender = Blender(folder, rows, columns)
    blended = np.zeros_like(scene)
    for row, vertical in enumerate(rows):
        blender.begin_row()
        for column, horizontal in enumerate(columns):
            part = None if skip and (row, column) in skip else _cut(scene, vertical, horizontal)
            complete = blender.add(row, column, part)
            if complete is not None:
                top, left = vertical.first, horizontal.first
                blended[:, top : top + complete.shape[1], left : left + complete.shape[2]] = complete
    return blended


def _cut(scene: NDArray[np.float32], vertical: Span, horizontal: Span) -> NDArray[np.float32]:
    return scene[
        :,
        vertical.start : vertical.start + vertical.size,
        horizontal.start : horizontal.start + horizontal.size,
    ].copy()


@pytest.mark.parametrize(("window", "overlap"), [(64, 21), (100, 16), (128, 0), (400, 100), (229, 76)])
def test_windows_of_one_field_blend_back_to_it(tmp_path: Path, window: int, overlap: int) -> None:
    scene = _probabilities(0)
    np.testing.assert_allclose(_blend(tmp_path, scene, window, overlap), scene, atol=1e-6)


def test_windows_that_disagree_are_weighted_by_their_distance(tmp_path: Path) -> None:
    rows, columns = spans(30, 30, 10), spans(50, 30, 10)
    blender = Blender(tmp_path, rows, columns)
    left = blender.add(0, 0, np.zeros((8, 30, 30), np.float32))
    right = blender.add(0, 1, np.ones((8, 30, 30), np.float32))
    assert left is not None
    assert right is not None
    across = np.concatenate([left[0, 0], right[0, 0]])
    assert (across[:20] == 0).all()
    np.testing.assert_allclose(across[20:30], columns[1].weights()[:10])
    assert (across[30:] == 1).all()


def test_a_window_without_data_leaves_its_neighbours_as_they_are(tmp_path: Path) -> None:
    scene = _probabilities(1)
    rows, columns = spans(SIZE[0], 64, 16), spans(SIZE[1], 64, 16)
    blended = _blend(tmp_path, scene, 64, 16, skip={(1, 2)})
    mask = np.ones(SIZE, bool)
    mask[rows[1].first : rows[1].last, columns[2].first : columns[2].last] = False
    np.testing.assert_allclose(blended[:, mask], scene[:, mask], atol=1e-6)
    assert (
        blended[:, rows[1].ramp_end : rows[1].ramp_start, columns[2].ramp_end : columns[2].ramp_start] == 0
    ).all()


def test_classes_are_the_legend_ids_and_confidence_is_in_percent() -> None:
    probabilities = np.full((8, 1, 2), 0.125, np.float32)
    probabilities[:, 0, 1] = [0, 0, 0.004, 0.996, 0, 0, 0, 0]
    ids, confidence = classify(probabilities)
    assert ids.tolist() == [[1, 4]]
    assert confidence.tolist() == [[12, 100]]
