"""The zero of the heights of an elevation model: the ellipsoid, or the sea."""

from enum import StrEnum
from typing import Literal, TypeAlias

DemVoid: TypeAlias = Literal["refuse", "sea"]
"""Voids of an elevation model: `refuse` gives them no height, `sea` that of the geoid."""


class Datum(StrEnum):
    """Surface that heights are counted from."""

    ELLIPSOID = "ellipsoid"
    ORTHOMETRIC = "orthometric"
