"""What a network sees: an ordered list of named inputs, such as `sar+optical`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from oemsar.errors import InputError

Kind = Literal["radar", "optical"]
"""What the values of an input are, which decides how they are read and how they are changed in training."""


@dataclass(frozen=True)
class Input:
    """One image that a network sees.

    Attributes:
        name: Name, such as `sar`.
        kind: What the values are.
        channels: Number of channels.
    """

    name: str
    kind: Kind
    channels: int


RADAR_IMAGE = Input("sar", "radar", 1)
ORTHOPHOTO = Input("optical", "optical", 3)

_KNOWN = {known.name: known for known in (RADAR_IMAGE, ORTHOPHOTO)}


@dataclass(frozen=True)
class Inputs:
    """Images that a network sees, their channels stacked in the order of the inputs, radar first.

    Attributes:
        parts: Inputs of different names, at least one.
    """

    parts: tuple[Input, ...]

    @classmethod
    def parse(cls, text: str) -> "Inputs":
        """Read names that are joined by a plus, such as `sar+optical`, in any order.

        Raises:
            InputError: A name is not known or comes twice, or a number of channels cannot be.
        """
        parts = [_read(word.strip()) for word in text.split("+")]
        names = [part.name for part in parts]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InputError(f"{text} names {twice} twice; name each input once")
        return cls(tuple(sorted(parts, key=lambda part: [*_KNOWN].index(part.name))))

    @property
    def channels(self) -> int:
        """Number of channels of all inputs together."""
        return sum(part.channels for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs in their order."""
        return tuple(part.name for part in self.parts)

    def slice_of(self, name: str) -> slice:
        """Find the channels of the input of a name among those of all."""
        position = self.names.index(name)
        start = sum(part.channels for part in self.parts[:position])
        return slice(start, start + self.parts[position].channels)

    def only(self, name: str) -> "Inputs":
        """Take the input of a name alone."""
        return Inputs((self.parts[self.names.index(name)],))

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[Input]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __str__(self) -> str:
        return "+".join(_written(part) for part in self.parts)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 (pydantic's signature)
        """Read a field from its text, and write it as text."""
        written = core_schema.plain_serializer_function_ser_schema(str)
        return core_schema.no_info_plain_validator_function(_field, serialization=written)


def _field(value: object) -> Inputs:
    if isinstance(value, Inputs):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("inputs", "names belong here, such as sar+optical")
    try:
        return Inputs.parse(value)
    except InputError as error:
        raise PydanticCustomError("inputs", "{sentence}", {"sentence": error.sentence}) from error


def _read(word: str) -> Input:
    """Read one input from its name, and its number of channels behind a colon."""
    name, colon, number = word.partition(":")
    if name not in _KNOWN:
        raise InputError(f"{name or 'nothing'} is not known; choose from {', '.join(_KNOWN)}, joined by +")
    known = _KNOWN[name]
    if not colon:
        return known
    channels = int(number) if number.isascii() and number.isdigit() else 0
    if channels != known.channels:
        raise InputError(f"{word} cannot be; {name} has {known.channels} channel(s)")
    return replace(known, channels=channels)


def _written(part: Input) -> str:
    return part.name if part.channels == _KNOWN[part.name].channels else f"{part.name}:{part.channels}"


SAR = Inputs((RADAR_IMAGE,))
OPTICAL = Inputs((ORTHOPHOTO,))
SAR_OPTICAL = Inputs((RADAR_IMAGE, ORTHOPHOTO))
PUBLISHED = (SAR, OPTICAL, SAR_OPTICAL)
"""What the networks of the paper see."""
