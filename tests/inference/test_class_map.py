"""Class maps from class probabilities."""

import torch

from oemsar.inference.class_map import class_ids


def test_the_class_of_a_pixel_is_the_most_probable_one() -> None:
    probabilities = torch.zeros(8, 2, 3)
    for number, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]):
        probabilities[number + 2, row, column] = 0.6
    assert class_ids(probabilities.numpy()).tolist() == [[3, 4, 5], [6, 7, 8]]
