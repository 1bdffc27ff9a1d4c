"""The table of the areas of a map's classes, as CSV."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from oemsar.errors import InputError
from oemsar.files import write_text
from oemsar.limits import read_text

_COLUMNS = ("class_id", "class_name", "pixels", "share", "hectares", "polygons")


class AreaLine(NamedTuple):
    """Line of a table of areas.

    Attributes:
        class_id: Id of the class.
        class_name: Name of the class.
        pixels: Number of pixels.
        share: Share of the pixels that carry data, 0..1.
        hectares: Area on the ellipsoid; None where the map does not lie on the earth.
        polygons: Number of polygons; None where none were made.
    """

    class_id: int
    class_name: str
    pixels: int
    share: float
    hectares: float | None
    polygons: int | None


def write_area_table(path: Path, lines: list[AreaLine]) -> None:
    """Write a table of areas, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for line in lines:
        hectares = "" if line.hectares is None else f"{line.hectares:.6f}"
        polygons = "" if line.polygons is None else line.polygons
        writer.writerow((*line[:3], f"{line.share:.6f}", hectares, polygons))
    write_text(path, text.getvalue())


def is_area_table(path: Path) -> bool:
    """Tell whether a file is a table of areas as this program writes it."""
    try:
        return read_text(path).startswith(",".join(_COLUMNS) + "\n")
    except InputError:
        return False
