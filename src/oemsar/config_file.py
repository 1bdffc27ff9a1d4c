"""Typed configuration and records: checked when made, read from YAML and JSON, refused with a sentence."""

import json
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import ErrorDetails

from oemsar.errors import InputError
from oemsar.limits import read_text


class Value(BaseModel):
    """A frozen typed value whose fields are described by the docstrings below them.

    Raises:
        InputError: A field is unknown, missing or wrong; it is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_in_a_sentence(cls, fields: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 (anything may be given)
        try:
            return handler(fields)
        except ValidationError as error:
            raise input_error(error, tuple(cls.model_fields)) from error


class Config(Value):
    """Options of a verb: one field an option, its default, and its help as the field's docstring."""


_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
"""Kinds of pydantic's faults about a limit: the words for it, and where the fault holds it."""

AnyValue = TypeVar("AnyValue", bound=Value)


def input_error(error: ValidationError, known: tuple[str, ...] = ()) -> InputError:
    """Say the first fault of a validation in a sentence that names the option.

    Args:
        error: Faults that pydantic found.
        known: Names to choose from where one is not known.
    """
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return InputError("is missing; give it a value", option=name)
    if first["type"] == "extra_forbidden":
        return InputError(f"is not known; choose from {', '.join(known)}", option=name)
    return InputError(_sentence(first), option=name or ())


def _sentence(fault: ErrorDetails) -> str:
    """Say a wrong value and what would be right."""
    given, context = fault["input"], fault.get("ctx", {})
    if fault["type"] in _LIMITS:
        words, key = _LIMITS[fault["type"]]
        return f"{given} is out of range; give {words} {context[key]:g}"
    if fault["type"] in ("literal_error", "enum"):
        return f"{given} is not known; choose one of {context['expected'].replace(' or ', ', ')}"
    message = fault["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping of options from a YAML file; an empty file holds none.

    Raises:
        InputError: It cannot be read or is no mapping of names.
    """
    try:
        options = yaml.safe_load(read_text(path, "yaml_bytes"))
    except (InputError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as a YAML file of options ({reason})") from error
    if options is None:
        return {}
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise InputError(f"{path} is not a YAML file of options; write one `option: value` per line")
    return options


def read_json(path: Path, kind: type[AnyValue], what: str) -> AnyValue:
    """Read a value that was stored as JSON.

    Args:
        path: The file.
        kind: Type of the value.
        what: Noun for the file, such as `record of a run`.

    Raises:
        InputError: It cannot be read, is damaged, or of a newer format.
    """
    try:
        fields = json.loads(read_text(path))
    except InputError as error:
        raise InputError(
            f"{path} cannot be read as a {what}; it is missing or damaged ({error.sentence})"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as a {what}; it is missing or damaged") from error
    try:
        return kind.model_validate(fields)
    except InputError as error:
        raise InputError(f"{path} is not a {what} that this version reads ({error})") from error
