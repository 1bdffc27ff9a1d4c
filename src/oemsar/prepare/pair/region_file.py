"""A region's YAML file, and what is wrong with it in one sentence."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from oemsar.errors import InputError
from oemsar.prepare.pair.config import SHORT, OpticalSource, Region, RemapChoice, SarSource


def read_region(path: Path) -> Region:
    """The region in the YAML file at `path`.

    Raises:
        InputError: it cannot be read, a key or value is wrong, or a file it names does not exist; the key is
            named.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as a region in YAML ({reason})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a region; write one `key: value` per line")
    try:
        region = Region.model_validate(content, context={"folder": path.parent})
    except ValidationError as error:
        raise InputError(f"{path}{_sentence(error)}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    for key, file in region.files().items():
        if not file.is_file():
            raise InputError(f"{path}: {key} is {file}, which is no file; correct it")
    return region


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return (
            f" has the unknown key {key}; choose from {', '.join(_section(first['loc'][:-1]).model_fields)}"
        )
    if first["type"] == "missing" and isinstance(first["loc"][-1], int):
        return f": {'.'.join(str(part) for part in first['loc'][:-1])} has too few values; complete it"
    if first["type"] == "missing":
        return f" lacks the key {key}; add it"
    if first["type"] == "model_type":
        return f": {key} is wrong: write {SHORT[key]} or keys and values"
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f": {key} is wrong: {message}" if key else f": {message}"


def _section(place: tuple[int | str, ...]) -> type[BaseModel]:
    sections: dict[str, type[BaseModel]] = {
        "sar": SarSource,
        "optical": OpticalSource,
        "remap": RemapChoice,
    }
    return sections[str(place[0])] if place else Region
