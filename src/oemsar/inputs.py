"""What a network sees: an ordered list of named inputs, such as `sar+optical+height`.

Another package adds an `Input` under the entry point group `oemsar.inputs`, by the name of the entry.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from oemsar.errors import InputError
from oemsar.registry import Registry

Kind = Literal["radar", "optical", "reflectance", "height", "measure"]
"""What the values of an input are, which decides how they are read, normalised and changed in training.

`radar` is an amplitude and `optical` a picture, both as grey values of 8 bits. `reflectance` is light in any
unit, `height` is metres above ground, and `measure` any other quantity.
"""

_JOINED = ", joined by +"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Input:
    """One image that a network sees.

    Attributes:
        name: Name of lower-case letters, digits and underscores, such as `height`.
        kind: What the values are.
        channels: Number of channels; 0 where a person must say it.
        most: Largest number of channels that a person may say.
        unit: Unit of the values, in words.
        valid_range: Smallest and largest value that carries data.
    """

    name: str
    kind: Kind
    channels: int
    most: int
    unit: str
    valid_range: tuple[float, float]

    def __post_init__(self) -> None:
        """Check what other packages declare.

        Raises:
            ValueError: The name, the kind, the channels or the range cannot be.
        """
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of an input; take lower-case letters and digits")
        if self.kind not in get_args(Kind):
            raise ValueError(f"{self.kind!r} is no kind of input; choose from {', '.join(get_args(Kind))}")
        if not 0 <= self.channels <= self.most or self.most < 1:
            raise ValueError(f"{self.channels} of at most {self.most} channels cannot be")
        if self.kind == "optical" and (self.channels, self.most) != (3, 3):
            raise ValueError(
                "an optical input has red, green and blue; of other bands take the kind reflectance"
            )
        if not self.valid_range[0] < self.valid_range[1]:
            raise ValueError(f"the valid range {self.valid_range} is empty")

    @property
    def is_bytes(self) -> bool:
        """Whether values are grey values of 8 bits, which all carry data; others are read as float32."""
        return self.kind in ("radar", "optical")


RADAR_IMAGE = Input("sar", "radar", 1, 2, "grey value", (0, 255))
ORTHOPHOTO = Input("optical", "optical", 3, 3, "grey value", (0, 255))
# The range is that of Landsat's surface reflectance, -2000 to 16000, and up to what 16 bits hold.
NEAR_INFRARED = Input("nir", "reflectance", 1, 1, "as stored", (-2000, 65_535))
MULTISPECTRAL = Input("multispectral", "reflectance", 0, 256, "as stored", (-2000, 65_535))
# The highest building has 828 m; an excavation lies below the ground around it.
HEIGHT = Input("height", "height", 1, 1, "metres above ground", (-100, 1000))

INPUTS: Registry[Input] = Registry(
    "input",
    "oemsar.inputs",
    {
        "sar": "oemsar.inputs:RADAR_IMAGE",
        "optical": "oemsar.inputs:ORTHOPHOTO",
        "nir": "oemsar.inputs:NEAR_INFRARED",
        "multispectral": "oemsar.inputs:MULTISPECTRAL",
        "height": "oemsar.inputs:HEIGHT",
    },
)


def find_input(name: str) -> Input:
    """Find the input of a name.

    Raises:
        InputError: The name is not known; those that are stand in the sentence.
    """
    names = INPUTS.names()
    if name not in names:
        near = get_close_matches(name, names, 1)
        meant = f", did you mean {near[0]}?" if near else ";"
        raise InputError(f"{name or 'nothing'} is not known{meant} choose from {', '.join(names)}{_JOINED}")
    return INPUTS.find(name)


@dataclass(frozen=True)
class Inputs:
    """Images that a network sees, their channels stacked in the order of the inputs.

    The order is that of the registry, whatever the order they were written in: radar first, then optical,
    `nir`, `multispectral`, `height`, and those of other packages by the alphabet.

    Attributes:
        parts: Inputs of different names, at least one, each with the channels that are seen of it.
    """

    parts: tuple[Input, ...]

    @classmethod
    def parse(cls, text: str) -> "Inputs":
        """Read names that are joined by a plus, each with its number of channels where that is not the usual.

        Args:
            text: Such as `sar`, `sar+optical+height`, `sar:2+optical` or `multispectral:6`, in any order.

        Raises:
            InputError: A name is not known or comes twice, or a number of channels is missing or cannot be.
        """
        parts = [_read(word.strip()) for word in text.split("+")]
        names = [part.name for part in parts]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InputError(f"{text} names {twice} twice; name each input once")
        order = INPUTS.names()
        return cls(tuple(sorted(parts, key=lambda part: order.index(part.name))))

    @classmethod
    def joined(cls, each: Iterable["Inputs"]) -> "Inputs":
        """Join the inputs of several networks, each input once, in the order of the registry.

        Raises:
            InputError: Two networks see another number of channels of one input.
        """
        parts: dict[str, Input] = {}
        for part in (part for inputs in each for part in inputs):
            if parts.setdefault(part.name, part) != part:
                pair = f"{parts[part.name].channels} and {part.channels}"
                raise InputError(
                    f"the models see {part.name} with {pair} channels; give models that see the same"
                )
        order = INPUTS.names()
        return cls(tuple(sorted(parts.values(), key=lambda part: order.index(part.name))))

    @property
    def channels(self) -> int:
        """Number of channels of all inputs together."""
        return sum(part.channels for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs in their order."""
        return tuple(part.name for part in self.parts)

    @property
    def are_bytes(self) -> bool:
        """Whether all values are grey values of 8 bits; otherwise images are float32, NaN without data."""
        return all(part.is_bytes for part in self.parts)

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
    known = find_input(name)
    if not colon and known.channels:
        return known
    if not colon:
        raise InputError(
            f"{name} has any number of channels; say how many, such as {name}:{min(6, known.most)}"
        )
    channels = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0
    least = max(1, known.channels)
    if not least <= channels <= known.most:
        allowed = f"{least}" if least == known.most else f"{least} to {known.most}"
        raise InputError(f"{word} cannot be; {name} has {allowed} channel(s)")
    return replace(known, channels=channels)


def _written(part: Input) -> str:
    """Write an input as `Inputs.parse` reads it, also where the package that offers it is not installed."""
    usual = INPUTS.find(part.name).channels if part.name in INPUTS else 0
    return part.name if part.channels == usual else f"{part.name}:{part.channels}"


def by_input(pairs: Sequence[str], option: str = "input") -> dict[str, str]:
    """Read values that are given to inputs by name, such as `height=dsm.tif`.

    Args:
        pairs: Name and value of each, joined by an equals sign.
        option: Option that holds them, for messages.

    Raises:
        InputError: A value has no name, or one that is not known, or a name comes twice.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not value:
            raise InputError(
                f"{pair} does not say which input it is; write it as height={pair}", option=option
            )
        try:
            find_input(name)
        except InputError as error:
            raise InputError(error.sentence.removesuffix(_JOINED), option=option) from error
        if name in values:
            raise InputError(f"{name} is given twice; give it once", option=option)
        values[name] = value
    return values


def _paired(values: object) -> object:
    """Take a mapping for pairs of names and values."""
    return (
        tuple(f"{name}={value}" for name, value in values.items()) if isinstance(values, Mapping) else values
    )


NamedValues = Annotated[tuple[str, ...], BeforeValidator(_paired)]
"""Values given to inputs by name: texts such as `height=dsm.tif`, or a mapping of names to values."""

SAR = Inputs((RADAR_IMAGE,))
OPTICAL = Inputs((ORTHOPHOTO,))
SAR_OPTICAL = Inputs((RADAR_IMAGE, ORTHOPHOTO))
PUBLISHED = (SAR, OPTICAL, SAR_OPTICAL)
"""What the networks of the paper see."""
