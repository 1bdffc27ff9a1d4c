"""What a network sees: names read and written, channels in their order, and what cannot be meant."""

import pickle
from dataclasses import replace
from typing import Any

import pytest

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.inputs import HEIGHT, OPTICAL, PUBLISHED, SAR, SAR_OPTICAL, Inputs, by_input


class Record(Value):
    """A stored value that names inputs."""

    modalities: Inputs = SAR


@pytest.mark.parametrize(("text", "channels"), [("sar", 1), ("optical", 3), ("sar+optical", 4)])
def test_the_papers_inputs_have_their_channels_and_their_text(text: str, channels: int) -> None:
    inputs = Inputs.parse(text)
    assert (str(inputs), inputs.channels) == (text, channels)
    assert inputs in PUBLISHED


def test_the_order_is_radar_first_however_it_is_written() -> None:
    assert Inputs.parse(" optical + sar ") == SAR_OPTICAL
    assert Inputs.parse("sar:1") == SAR
    assert hash(Inputs.parse("optical+sar")) == hash(SAR_OPTICAL)


def test_the_order_is_that_of_the_registry() -> None:
    inputs = Inputs.parse("height+multispectral:6+sar:2+nir+optical")
    assert str(inputs) == "sar:2+optical+nir+multispectral:6+height"
    assert Inputs.parse(str(inputs)) == inputs
    assert inputs.channels == 13
    assert inputs.slice_of("multispectral") == slice(6, 12)
    assert str(inputs.only("height")) == "height"
    assert (SAR_OPTICAL.are_bytes, Inputs.parse("sar:2").are_bytes, inputs.are_bytes) == (True, True, False)


def test_channels_are_found_by_name() -> None:
    assert SAR_OPTICAL.slice_of("sar") == slice(0, 1)
    assert SAR_OPTICAL.slice_of("optical") == slice(1, 4)
    assert SAR_OPTICAL.only("optical") == OPTICAL
    assert ("sar" in OPTICAL, "optical" in OPTICAL, "opt" in OPTICAL) == (False, True, False)
    assert [part.name for part in SAR_OPTICAL] == list(SAR_OPTICAL.names) == ["sar", "optical"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lidar", r"lidar is not known; choose from sar, optical, nir, multispectral, height, joined by \+"),
        ("sar+hight", "hight is not known, did you mean height"),
        ("", "nothing is not known"),
        ("sar+", "nothing is not known"),
        ("SAR", "SAR is not known"),
        ("sar+optical+sar", "names sar twice"),
        ("optical:4", r"optical:4 cannot be; optical has 3 channel"),
        ("sar:", "sar: cannot be"),
        ("sar:one", "sar:one cannot be"),
        ("sar:3", r"sar:3 cannot be; sar has 1 to 2 channel"),
        ("sar:1000000000000", "cannot be"),
        ("height:0", "height:0 cannot be; height has 1 channel"),
        ("multispectral", "multispectral has any number of channels; say how many, such as multispectral:6"),
        ("multispectral:257", "multispectral has 1 to 256 channel"),
    ],
)
def test_what_is_no_list_of_inputs_is_told(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Inputs.parse(text)


def test_a_record_holds_the_text_and_gives_the_inputs_back() -> None:
    record = Record(modalities="sar+optical")
    assert record.model_dump(mode="json") == {"modalities": "sar+optical"}
    assert record.model_dump() == {"modalities": "sar+optical"}
    assert Record.model_validate_json(record.model_dump_json()) == record
    assert Record.model_validate(record.model_dump()) == record
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 (written by the line itself)


def test_values_are_given_by_name() -> None:
    assert by_input(["height=a=b.tif", "nir=n.tif"]) == {"height": "a=b.tif", "nir": "n.tif"}


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        (["dsm.tif"], r"input: dsm\.tif does not say which input it is; write it as height=dsm\.tif"),
        (["height="], "does not say which input"),
        (["hight=a.tif"], r"hight is not known, did you mean height\? choose from sar, .*, height$"),
        (["nir=a.tif", "nir=b.tif"], "nir is given twice"),
    ],
)
def test_values_without_a_known_name_are_told(pairs: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        by_input(pairs)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "Height m"}, "is no name of an input"),
        ({"kind": "lidar"}, "is no kind of input"),
        ({"channels": 5, "most": 3}, "channels cannot be"),
        ({"valid_range": (1, 1)}, "is empty"),
    ],
)
def test_an_input_that_cannot_be_is_an_error_of_its_package(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(HEIGHT, **changed)


@pytest.mark.parametrize("given", [3, None, b"sar", ["sar"], object()])
def test_a_field_of_another_type_is_told(given: object) -> None:
    with pytest.raises(InputError, match="modalities: names belong here, such as sar"):
        Record(modalities=given)


def test_joined_inputs_come_once_in_the_order_of_the_registry() -> None:
    each = [Inputs.parse(text) for text in ("height+optical", "sar", "optical+nir")]
    assert str(Inputs.joined(each)) == "sar+optical+nir+height"
    with pytest.raises(InputError, match="see sar with 1 and 2 channels"):
        Inputs.joined([Inputs.parse("sar"), Inputs.parse("sar:2+optical")])
