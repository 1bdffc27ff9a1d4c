"""Parts that STAC items of maps and of models share."""

import os
import re
from pathlib import Path

from pydantic import JsonValue

from oemsar import legend

Json = dict[str, JsonValue]

SCHEMA = "https://stac-extensions.github.io/{}/schema.json"
"""Address of an extension's schema, by its name and version."""


def classes() -> list[JsonValue]:
    """List the classes as the classification extension does."""
    listed: list[JsonValue] = []
    for entry in legend.CLASSES:
        hint = entry.hex[1:].upper()
        listed.append({"value": entry.id, "name": word(entry.name), "title": entry.name, "color_hint": hint})
    return listed


def word(text: str) -> str:
    """Write a name as the classification extension takes it."""
    return re.sub(r"[^0-9a-z-]+", "_", text.lower())


def asset(file: Path, here: Path, title: str, kind: str, role: str) -> Json:
    """Describe a file, its address as seen from the folder `here`."""
    return {"href": href(file, here), "title": title, "type": kind, "roles": [role]}


def href(file: Path, here: Path) -> str:
    """Name a file as seen from a folder."""
    relative = Path(os.path.relpath(file.absolute(), here.absolute())).as_posix()
    return relative if relative.startswith("../") else f"./{relative}"


def utc(time: str) -> str:
    """Write a time in UTC as STAC has it."""
    return time.replace("+00:00", "Z")
