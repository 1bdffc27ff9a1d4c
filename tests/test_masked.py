"""Masks of inputs and subsets of them."""

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage, all_subsets, mask_gaps, spread, subset_by_number, subset_of

INPUTS = Inputs.parse("sar:2+optical+height")


def test_gaps_are_where_any_channel_of_an_input_is_nan() -> None:
    pixels = np.ones((6, 3, 4), np.float32)
    pixels[1, 0, 2] = pixels[5, 2, 3] = np.nan
    expected = np.ones((3, 3, 4), bool)
    expected[0, 0, 2] = expected[2, 2, 3] = False
    np.testing.assert_array_equal(mask_gaps(pixels, INPUTS), expected)
    assert mask_gaps(np.zeros((4, 3, 5), np.uint8), Inputs.parse("sar+optical")).all()


def test_channels_of_some_inputs_are_put_where_the_network_has_them() -> None:
    given = Inputs.parse("height+sar:2")
    pixels = np.arange(24, dtype=np.float32).reshape(3, 2, 4)
    valid = np.zeros((2, 2, 4), bool)
    valid[0, 0] = valid[1, 1] = True
    made = spread(pixels, given, INPUTS, valid)
    np.testing.assert_array_equal(made.pixels[:2], pixels[:2])
    np.testing.assert_array_equal(made.pixels[5], pixels[2])
    np.testing.assert_array_equal(made.valid, np.stack([valid[0], np.zeros((2, 4), bool), valid[1]]))
    np.testing.assert_array_equal(made.subsets(), [[1] * 4, [4] * 4])
    assert str(subset_by_number(INPUTS, 5)) == "sar:2+height"
    assert spread(pixels[:2], Inputs.parse("sar:2"), INPUTS, valid[:1]).pixels.dtype == np.float32
    kind = Inputs.parse("sar+optical")
    grey = np.full((1, 2, 4), 7, np.uint8)
    assert spread(grey, Inputs.parse("sar"), kind, valid[:1]).pixels.dtype == np.uint8


def test_data_of_other_inputs_is_taken_away() -> None:
    image = MaskedImage(np.zeros((6, 2, 3), np.float32), np.ones((3, 2, 3), bool))
    left = image.only(INPUTS, Inputs.parse("optical"))
    assert left.valid.any((1, 2)).tolist() == [False, True, False]
    assert image.valid.all()


def test_every_subset_is_listed_once_the_smaller_first() -> None:
    assert [str(subset) for subset in all_subsets(INPUTS)] == [
        "sar:2",
        "optical",
        "height",
        "sar:2+optical",
        "sar:2+height",
        "optical+height",
        "sar:2+optical+height",
    ]


@pytest.mark.parametrize(
    ("names", "found"), [("height+sar", "sar:2+height"), (" optical ", "optical"), ("sar:1", "sar:2")]
)
def test_a_subset_is_found_by_its_names(names: str, found: str) -> None:
    assert str(subset_of(INPUTS, names, any_subset=True)) == found


@pytest.mark.parametrize(
    ("names", "any_subset", "sentence"),
    [
        ("sar+nir", True, r"inputs: the model sees sar:2\+optical\+height and was not trained on nir"),
        ("", True, "was not trained on nothing; name some of its inputs"),
        ("sar+sar", True, "names sar twice"),
        ("sar+height", False, "needs all of .*, and optical is not named; a model of fusion any takes a"),
    ],
)
def test_a_subset_that_cannot_be_is_refused(names: str, any_subset: bool, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        subset_of(INPUTS, names, any_subset=any_subset)
    assert subset_of(INPUTS, "sar+optical+height", any_subset=False) == INPUTS
