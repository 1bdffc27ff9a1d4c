"""What a person says about pixels without data: `auto`, `none` or the value that carries none."""

from oemsar.errors import InputError


def nodata_value(nodata: str) -> float | None:
    """The value of pixels without data; None for `auto` (believe the file) and `none` (every pixel has data).

    Raises:
        InputError: it is none of the three.
    """
    if nodata in ("auto", "none"):
        return None
    try:
        return float(nodata)
    except ValueError as error:
        raise InputError(f"nodata {nodata} is not known; give auto, none or a number") from error
