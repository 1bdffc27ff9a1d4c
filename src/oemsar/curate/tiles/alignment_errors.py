"""Errors of the alignment of a pair where they were measured: at its tie points."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from odc.geo.geobox import GeoBox
from pydantic import Field

from oemsar.arrays import Doubles
from oemsar.config_file import Foreign, parse_json
from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.geometry.heights import GEOGRAPHIC
from oemsar.geometry.mapping import affine_map, centre_affine, projection_onto
from oemsar.limits import read_text
from oemsar.prepare.pair.results import PairRecord

log = logging.getLogger(__name__)

TIE_POINTS = Path("alignment", "tie_points.geojson")
"""File of the tie points in the folder of a pair."""
_NEAREST = 5
"""Tie points that the error at a position is taken from, at least."""


class _Properties(Foreign):
    """Properties of a tie point that are read."""

    used: bool = True
    residual_px: float | None = None


class _Point(Foreign):
    """Geometry of a tie point."""

    coordinates: Annotated[tuple[float, ...], Field(min_length=2)]


class _Feature(Foreign):
    """Tie point."""

    properties: _Properties
    geometry: _Point


class _TiePoints(Foreign):
    """Tie points of an alignment."""

    features: tuple[_Feature, ...]


@dataclass(frozen=True, eq=False)
class AlignmentErrors:
    """Errors of an alignment where they were measured.

    Attributes:
        columns: Columns of the tie points on the grid of the pair, shape (points,).
        rows: Rows of the tie points, shape (points,).
        pixels: Leave-one-out error at each, pixels of the pair, shape (points,).
        median: Error where there are no tie points, pixels of the pair; None where it is not known.
    """

    columns: Doubles
    rows: Doubles
    pixels: Doubles
    median: float | None

    def within(self, row: int, column: int, size: int) -> float | None:
        """Take the median error at the tie points in a square, or at the five nearest to its middle.

        Args:
            row: First row of the square on the grid of the pair.
            column: First column.
            size: Rows and columns.
        """
        if not self.pixels.size:
            return self.median
        middle = size / 2 - 0.5
        from_middle = self.columns - (column + middle), self.rows - (row + middle)
        inside = np.maximum(*np.abs(from_middle)) <= size / 2
        if inside.sum() < _NEAREST:
            inside = np.zeros_like(inside)
            inside[np.argsort(np.hypot(*from_middle), kind="stable")[:_NEAREST]] = True
        return round(float(np.median(self.pixels[inside])), 4)


def read_errors(folder: Path, record: PairRecord, grid: GeoBox) -> AlignmentErrors:
    """Read the errors of an alignment: those of its tie points, else their recorded median.

    Args:
        folder: Folder of the pair.
        record: Record of the pair.
        grid: Grid of the pair.

    Raises:
        InputError: The file of the tie points is damaged.
    """
    ratio = (record.alignment.gsd_m or record.grid.gsd) / record.grid.gsd
    median = record.alignment.residual_px.median
    overall = None if median is None else round(median * ratio, 4)
    points = _measured(folder / TIE_POINTS, record)
    if not points:
        nothing = np.zeros(0)
        return AlignmentErrors(nothing, nothing, nothing, overall)
    lon, lat, residuals = np.array(points).T
    columns, rows = affine_map(~centre_affine(grid))(*projection_onto(GEOGRAPHIC, grid)(lon, lat))
    return AlignmentErrors(columns, rows, residuals * ratio, overall)


def _measured(path: Path, record: PairRecord) -> list[tuple[float, float, float]]:
    """List longitude, latitude and error of the tie points that take part and were measured."""
    recorded = record.alignment.tie_points_sha256.get(path.name)
    if not path.is_file() or recorded != checksum(path):
        log.warning(
            "%s is not there as the alignment wrote it: the tiles of %s get its median error",
            path,
            record.name,
        )
        return []
    try:
        points = _TiePoints.model_validate(parse_json(read_text(path)))
    except (ValueError, InputError) as error:
        raise InputError(f"{path} holds no tie points ({error}); make the pair again") from error
    return [
        (point.geometry.coordinates[0], point.geometry.coordinates[1], point.properties.residual_px)
        for point in points.features
        if point.properties.used and point.properties.residual_px is not None
    ]
