"""The zero of the heights of an elevation model: the ellipsoid, or the sea."""

from enum import StrEnum


class Datum(StrEnum):
    """Surface that heights are counted from."""

    ELLIPSOID = "ellipsoid"
    ORTHOMETRIC = "orthometric"
