"""Images as four sequences of their pixels, and back."""

import torch

from oemsar.models.vmamba.cross_scan import cross_merge, cross_scan


def test_merging_what_was_scanned_gives_four_times_the_image() -> None:
    image = torch.arange(2 * 3 * 5 * 2.0).reshape(2, 3, 5, 2)
    sequences = cross_scan(image[:, None].expand(-1, 4, -1, -1, -1))
    assert torch.equal(cross_merge(sequences, 3, 5), 4 * image)


def test_the_four_directions() -> None:
    image = torch.tensor([[0.0, 1, 2], [3, 4, 5]])[None, None, :, :, None].expand(1, 4, -1, -1, -1)
    by_rows, by_columns = [0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5]
    expected = [by_rows, by_columns, by_rows[::-1], by_columns[::-1]]
    assert cross_scan(image)[0, :, :, 0].tolist() == expected
