"""Configurations and records are checked when made, and wrong ones refused in a sentence with the option."""

import json
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, ValidationError

from oemsar.config_file import Config, Value, read_json, read_yaml
from oemsar.errors import InputError


class _Config(Config):
    window: int = Field(1024, ge=32)
    """Side of a window, in pixels."""
    engine: Literal["auto", "torch"] = "auto"
    """Library that runs the network."""


class _Record(Value):
    format: Literal[1] = 1
    config: _Config
    miou: float | None


@pytest.mark.parametrize(
    ("fields", "option", "words"),
    [
        ({"window": 8}, "window", "out of range; give at least 32"),
        ({"window": "wide"}, "window", "valid integer"),
        ({"engine": "tpu"}, "engine", "tpu is not known; choose one of 'auto', 'torch'"),
        ({"windw": 64}, "windw", "is not known; choose from window, engine"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_may_be(
    fields: dict[str, object], option: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as raised:
        _Config.model_validate(fields)
    assert raised.value.options == (option,)


def test_a_missing_field_and_one_within_another_are_named() -> None:
    with pytest.raises(InputError, match="is missing") as raised:
        _Record.model_validate({"config": {}})
    assert raised.value.options == ("miou",)
    with pytest.raises(InputError, match="1 is out of range; give at least 32"):
        _Record.model_validate({"config": {"window": 1}, "miou": None})


def test_values_cannot_be_changed_and_their_fields_carry_help() -> None:
    config = _Config(window=64)
    with pytest.raises(ValidationError, match="frozen"):
        config.window = 128  # type: ignore[misc]
    assert _Config.model_fields["window"].description == "Side of a window, in pixels."


def test_yaml_is_a_mapping_of_names(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("window: 64\nengine: torch\n")
    assert _Config(**read_yaml(path)) == _Config(window=64, engine="torch")
    path.write_text("")
    assert read_yaml(path) == {}


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "3: 4\n", "window", "{a: ", "a: \x00"])
def test_other_yaml_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError, match=r"a\.yaml .*YAML file of options"):
        read_yaml(tmp_path / "a.yaml")


def test_a_stored_value_comes_back_and_one_without_a_format_too(tmp_path: Path) -> None:
    record = _Record(config=_Config(window=64), miou=0.5)
    stored = record.model_dump(mode="json")
    path = tmp_path / "a.json"
    path.write_text(json.dumps(stored))
    assert read_json(path, _Record, "record") == record
    del stored["format"]
    path.write_text(json.dumps(stored))
    assert read_json(path, _Record, "record") == record


@pytest.mark.parametrize("text", ["{", '{"format": 2, "config": {}, "miou": 1}', '{"config": {}}', "[]"])
def test_a_damaged_file_and_one_of_a_later_version_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"a\.json .*record"):
        read_json(path, _Record, "record")
    with pytest.raises(InputError, match="missing or damaged"):
        read_json(tmp_path / "absent.json", _Record, "record")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !!bool 'x'", "not of the kind that its tag"),
        ("a: !!timestamp 'x'", "not of the kind that its tag"),
        ("b: &b {c: 1}\na:\n  <<: *b\n  <<: *b", "<< is there twice"),
    ],
)
def test_wrong_tags_and_doubled_merges_are_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "options.yml").write_text(text)
    with pytest.raises(InputError, match=words):
        read_yaml(tmp_path / "options.yml")
