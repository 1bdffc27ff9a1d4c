"""Typed configuration and records: checked when made, read from YAML and JSON, refused with a sentence."""

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import ErrorDetails

from oemsar.errors import InputError
from oemsar.limits import read_text

LARGEST_SEED = 2**63 - 1
"""Largest seed: random generators take 64 bits."""
MOST_PROCESSES = 1024
"""Largest number of processes or threads that an option asks for."""
MOST_STEPS = 10**9
"""Largest number of training steps that an option asks for."""

Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]


class Value(BaseModel):
    """A frozen typed value whose fields are described by the docstrings below them.

    Numbers are finite, and true and false are no numbers.

    Raises:
        InputError: A field is unknown, missing or wrong; it is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_in_a_sentence(cls, fields: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 (anything may be given)
        cls._refuse_truth_for_numbers(fields)
        try:
            return handler(fields)
        except ValidationError as error:
            raise input_error(error, tuple(cls.model_fields)) from error
        except RecursionError as error:
            raise InputError("it is nested too deeply; write it flat") from error

    @classmethod
    def _refuse_truth_for_numbers(cls, fields: object) -> None:
        """Refuse `true` where a number belongs, which Python takes for 1."""
        for name, value in fields.items() if isinstance(fields, dict) else ():
            info = cls.model_fields.get(name)
            if isinstance(value, bool) and info is not None and info.annotation in _NUMBERS:
                raise InputError(f"{str(value).lower()} is no number; give one", option=name)


class Config(Value):
    """Options of a verb: one field an option, its default, and its help as the field's docstring."""


class Foreign(Value):
    """A part of a file of another program: its further fields are passed over."""

    model_config = ConfigDict(extra="ignore")


_NUMBERS = (int, float, int | None, float | None)
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
"""Kinds of pydantic's faults about a limit: the words for it, and where the fault holds it."""
_LONGEST_SHOWN = 60
_BRACKET = re.compile(r"[][{}]")
_MOST_LEVELS = 200
_MOST_VALUES = 100_000
"""Values in a file, those that aliases repeat counted each time."""

AnyValue = TypeVar("AnyValue", bound=Value)


def split_numbers(given: Any, option: str, example: str) -> Any:  # noqa: ANN401 (anything may be given)
    """Split numbers that are written in one word, such as `0.75,1`; anything else is given back.

    Args:
        given: Value of the option.
        option: Python name of the option.
        example: Numbers to show in the sentence.

    Raises:
        InputError: A part of a text is no number.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        return (given,)
    try:
        return tuple(map(float, given.replace(",", " ").split())) if isinstance(given, str) else given
    except ValueError as error:
        raise InputError(
            f"{given} is no list of {option}; give numbers, such as {example}", option=option
        ) from error


def input_error(error: ValidationError, known: tuple[str, ...] = ()) -> InputError:
    """Say the first fault of a validation in a sentence that names the option.

    Args:
        error: Faults that pydantic found.
        known: Names to choose from where one is not known.
    """
    first = error.errors()[0]
    name = ".".join(_shown(part) for part in first["loc"])
    if first["type"] == "missing":
        return InputError("is missing; give it a value", option=name)
    if first["type"] == "extra_forbidden":
        return InputError(f"is not known; choose from {', '.join(known)}", option=name)
    return InputError(_sentence(first), option=name or ())


def _sentence(fault: ErrorDetails) -> str:
    """Say a wrong value and what would be right."""
    given, context = _shown(fault["input"]), fault.get("ctx", {})
    if fault["type"] in _LIMITS:
        words, key = _LIMITS[fault["type"]]
        limit = context[key]
        return f"{given} is out of range; give {words} {limit if isinstance(limit, int) else f'{limit:g}'}"
    if fault["type"] == "finite_number":
        return f"{given} is not a finite number; give one"
    if fault["type"] in ("literal_error", "enum"):
        return f"{given} is not known; choose one of {context['expected'].replace(' or ', ', ')}"
    message = fault["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _shown(value: object) -> str:
    """Write a value on one line that is not long."""
    try:
        text = str(value)
    except (ValueError, RecursionError):  # numbers of more digits than Python writes, and endless nesting
        return f"a {type(value).__name__} too long to be shown"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping of options from a YAML file; an empty file holds none.

    Raises:
        InputError: It cannot be read, is no mapping of names, or names an option twice.
    """
    try:
        options = _load(read_text(path, "yaml_bytes", "utf-8-sig"))
    except (InputError, ValueError, RecursionError, OverflowError, yaml.YAMLError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else _first_line(error)
        raise InputError(f"{path} cannot be read as a YAML file of options ({reason})") from error
    if options is None:
        return {}
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise InputError(f"{path} is not a YAML file of options; write one `option: value` per line")
    return options


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _load(text: str) -> Any:  # noqa: ANN401 (any nesting of plain values)
    """Construct the values of a document once it is known that they are few and end."""
    if _deepest(text) > _MOST_LEVELS:  # else the time to find it out grows with the square of the depth
        raise RecursionError
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, {}, set())
        return loader.construct_document(node)
    except (KeyError, AttributeError, TypeError) as error:  # a value that is not what its tag says
        raise ValueError("a value is not of the kind that its tag `!!` names") from error
    finally:
        loader.dispose()


def _deepest(text: str) -> int:
    """Count the brackets that are open at once, at most; those in texts count with the others."""
    depth = deepest = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match[0] in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _measure(node: yaml.Node, known: dict[int, int], open_nodes: set[int]) -> int:
    """Count the values below a node, those behind aliases each time.

    Raises:
        ValueError: A node holds itself, a name comes twice, a text cannot be written, or there are too many.
    """
    if id(node) in open_nodes:
        raise ValueError("a value holds itself")
    if id(node) in known:
        return known[id(node)]
    open_nodes.add(id(node))
    size = 1
    if isinstance(node, yaml.MappingNode):
        names = Counter(name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode))
        if twice := next((name for name, count in names.items() if count > 1), None):
            raise ValueError(f"{_shown(twice)} is there twice")
        size += sum(_measure(each, known, open_nodes) for pair in node.value for each in pair)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_measure(each, known, open_nodes) for each in node.value)
    elif "\0" in node.value or not _is_text(node.value):
        raise ValueError("it holds a character that is no text")
    if size > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values")
    open_nodes.discard(id(node))
    known[id(node)] = size
    return size


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_json(path: Path, kind: type[AnyValue], what: str) -> AnyValue:
    """Read a value that was stored as JSON.

    Args:
        path: The file.
        kind: Type of the value.
        what: Noun for the file, such as `record of a run`.

    Raises:
        InputError: It cannot be read, is damaged, or of a newer format.
    """
    return read_value(path, kind, what, read_document(path, what))


def read_value(path: Path, kind: type[AnyValue], what: str, fields: JsonValue) -> AnyValue:
    """Check the content of a JSON file, or a part of it, by its type.

    Args:
        path: The file, for sentences.
        kind: Type of the value.
        what: Noun for the file, such as `record of a run`.
        fields: Content of the file.

    Raises:
        InputError: A field is unknown, missing or wrong; file and field are named.
    """
    try:
        return kind.model_validate(fields)
    except InputError as error:
        raise InputError(f"{path} is not a {what} that this version reads ({error})") from error


def read_document(path: Path, what: str) -> JsonValue:
    """Read a JSON file whose content is checked by its reader.

    Raises:
        InputError: It is missing or damaged.
    """
    try:
        return parse_json(read_text(path, encoding="utf-8-sig"))
    except (InputError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a {what}; it is missing or damaged ({error})") from error


def parse_json(text: str) -> JsonValue:
    """Parse JSON as the standard has it: every number finite, every text writable as UTF-8.

    Raises:
        ValueError: It is no such JSON, or nested more deeply than Python reads.
    """
    try:
        document: JsonValue = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if "\\u" in text:  # the only way to write half a character, or the end of a path in C
        written = json.dumps(document, ensure_ascii=False)
        written.encode()
        if "\\u0000" in written:
            raise ValueError("it holds the character NUL")
    return document


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a finite number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)
