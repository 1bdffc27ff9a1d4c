"""JSON files of metadata beside a product, read whole within a limit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from oemsar.config_file import parse_json
from oemsar.errors import InputError
from oemsar.limits import read_text

Document: TypeAlias = Mapping[str, Any]
"""JSON object as it was read."""

DOCUMENT_FAULTS = (
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)
"""Errors of taking a value out of a document that lacks it or holds another kind there."""


def read_document(path: Path) -> Document:
    """Read the JSON object in `path`.

    Raises:
        InputError: It cannot be read or is no JSON object.
    """
    try:
        document = parse_json(read_text(path, encoding="utf-8-sig"))
    except (InputError, ValueError) as error:
        raise InputError(f"{path} is not a JSON file that can be read; fetch it again") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} holds no JSON object; fetch it again")
    return document
