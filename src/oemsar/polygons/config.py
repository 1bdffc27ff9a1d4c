"""Options of the polygons of a map."""

from pathlib import Path

from pydantic import Field

from oemsar.config_file import Config

FORMATS = (".gpkg", ".fgb", ".parquet")
"""Endings of files of polygons: GeoPackage, FlatGeobuf, GeoParquet."""


class OutlineConfig(Config):
    """Options of the outlines of patches."""

    simplify: float = Field(1.0, ge=0, le=16)
    """Pixels that the outline of a polygon may leave the sides of its pixels by; 0 keeps every corner."""
    sheet: int | None = Field(None, ge=256, le=1_000_000)
    """Side in pixels of squares at which polygons are cut, where whole ones are too large; by default none is
    cut."""


class PolygonsConfig(OutlineConfig):
    """Options of the polygons of a map that is there."""

    confidence: Path | None = None
    """Confidence of the map in percent; by default MAP_confidence.tif beside it, where that is there."""
