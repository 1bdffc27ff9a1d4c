"""Types of options that state something about an image: its bands, and its pixels without data."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from oemsar.errors import InputError

_LAST_BAND = 65535
"""Most bands that a TIFF can have."""


def _numbers(given: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 (anything may be given)
    """Split numbers that are written in one word, such as `1,2,3`."""
    if isinstance(given, int) and not isinstance(given, bool):
        return (given,)
    return _split(given, info.field_name or "bands") if isinstance(given, str) else given


def _from_one(bands: tuple[int, ...] | None, info: ValidationInfo) -> tuple[int, ...] | None:
    return None if bands is None else _counted(bands, info.field_name or "bands")


def band_numbers(text: str, option: str = "bands") -> tuple[int, ...]:
    """Read the numbers of bands, from 1, such as `1,2,3`.

    Args:
        text: Numbers separated by commas or spaces.
        option: Name of the option that holds them, for the message.

    Raises:
        InputError: It is no list of numbers, or one of them cannot be.
    """
    return _counted(_split(text, option), option)


def _split(text: str, option: str) -> tuple[int, ...]:
    parts = text.replace(",", " ").split()
    if not parts or not all(part.isdecimal() for part in parts):
        raise InputError(
            f"{text} is no list of bands; give their numbers, from 1, such as 1,2,3", option=option
        )
    return tuple(int(part) for part in parts)


def _counted(bands: tuple[int, ...], option: str) -> tuple[int, ...]:
    if not bands or min(bands) < 1 or max(bands) > _LAST_BAND:
        raise InputError(
            f"bands are counted from 1 to {_LAST_BAND} at most; give their numbers, such as 1,2,3",
            option=option,
        )
    return bands


def _statement(nodata: str, info: ValidationInfo) -> str:
    nodata_value(nodata, info.field_name or "nodata")
    return nodata


def nodata_value(nodata: str, option: str = "nodata") -> float | None:
    """Parse a statement: None for `auto` (believe the file) and `none` (every pixel has data).

    Args:
        nodata: Statement.
        option: Name of the option that holds it, for the message.

    Raises:
        InputError: It is none of the three.
    """
    if nodata in ("auto", "none"):
        return None
    try:
        return float(nodata)
    except ValueError as error:
        raise InputError(f"{nodata} is not known; give auto, none or a number", option=option) from error


def _spoken(given: Any) -> Any:  # noqa: ANN401 (anything may be given)
    """Take a number for the statement that it is."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    return f"{given!r}" if number else given


BandNumbers = Annotated[tuple[int, ...] | None, BeforeValidator(_numbers), AfterValidator(_from_one)]
"""Numbers of bands, from 1; on the command line and in files also as `1,2,3`."""

NodataStatement = Annotated[str, BeforeValidator(_spoken), AfterValidator(_statement)]
"""`auto`, `none` or a number: the pixels without data."""
