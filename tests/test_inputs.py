"""What a network sees: names read and written, channels in their order, and what cannot be meant."""

import pickle

import pytest

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.inputs import OPTICAL, PUBLISHED, SAR, SAR_OPTICAL, Inputs


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


def test_channels_are_found_by_name() -> None:
    assert SAR_OPTICAL.slice_of("sar") == slice(0, 1)
    assert SAR_OPTICAL.slice_of("optical") == slice(1, 4)
    assert SAR_OPTICAL.only("optical") == OPTICAL
    assert ("sar" in OPTICAL, "optical" in OPTICAL, "opt" in OPTICAL) == (False, True, False)
    assert [part.name for part in SAR_OPTICAL] == list(SAR_OPTICAL.names) == ["sar", "optical"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lidar", "lidar is not known; choose from sar, optical, joined by"),
        ("", "nothing is not known"),
        ("sar+", "nothing is not known"),
        ("SAR", "SAR is not known"),
        ("sar+optical+sar", "names sar twice"),
        ("optical:4", r"optical:4 cannot be; optical has 3 channel"),
        ("sar:", "sar: cannot be"),
        ("sar:one", "sar:one cannot be"),
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


@pytest.mark.parametrize("given", [3, None, b"sar", ["sar"], object()])
def test_a_field_of_another_type_is_told(given: object) -> None:
    with pytest.raises(InputError, match="modalities: names belong here, such as sar"):
        Record(modalities=given)
