"""The zero of the heights of an elevation model: the ellipsoid, or the sea."""

import math
from dataclasses import dataclass, replace

from pyproj import CRS
from rasterio.io import DatasetReader

from oemsar.errors import InputError
from oemsar.geometry.datum import Datum
from oemsar.raster.read import Dataset

DATUM_TAG = "OEMSAR_VERTICAL_DATUM"

_FEET = {"ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "us survey foot": 1200 / 3937, "ftus": 1200 / 3937}
_UNITS = {"": 1.0, "m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, **_FEET}


@dataclass(frozen=True)
class Vertical:
    """The values of an elevation model as heights: scale x value + offset, metres above the datum.

    Attributes:
        datum: Surface that heights are counted from; None where only their differences count.
        name: Vertical reference as the file names it, or how it came to be known.
        scale: Metres in one unit of the values; negative for depths.
        offset: Metres at the value 0.
    """

    datum: Datum | None
    name: str
    scale: float
    offset: float


def vertical_of(dataset: DatasetReader, stated: Datum | None) -> Vertical:
    """Find the datum and the unit of the heights of an open elevation model.

    The tag `OEMSAR_VERTICAL_DATUM` of the file counts first, then its CRS (compound, or geographic and
    projected with three axes), then the statement. Open the dataset with
    `GTIFF_REPORT_COMPD_CS`, without which GDAL hides the vertical part of older files.

    Args:
        dataset: Open elevation model.
        stated: Datum that a person states; None where nobody does.

    Raises:
        InputError: Nothing says the datum, the file and the statement disagree, or the unit is unknown.
    """
    found = _tagged(dataset) or _of_crs(dataset)
    if found is None and stated is None:
        raise InputError(
            f"{dataset.name} does not state its vertical datum; state ellipsoid, or orthometric "
            "together with the file of the geoid",
            option=("dem_datum", "geoid"),
        )
    if found is not None and stated is not None and found[0] != stated:
        raise InputError(
            f"{dataset.name} says that its heights are {found[0]} ({found[1]}), not {stated}; "
            f"leave the statement out or correct the file's tag {DATUM_TAG}",
            option="dem_datum",
        )
    datum, name = found or (Datum(str(stated)), "as stated")
    return replace(relative(dataset), datum=datum, name=name)


def states_datum(dataset: DatasetReader) -> bool:
    """Tell whether an open elevation model states its datum, by its tag or its CRS."""
    return (_tagged(dataset) or _of_crs(dataset)) is not None


def relative(dataset: DatasetReader) -> Vertical:
    """Find the unit of an open elevation model whose heights count only by their differences.

    Raises:
        InputError: The unit is unknown.
    """
    unit = metres_in_unit(dataset)
    return Vertical(None, "", unit * float(dataset.scales[0]), unit * float(dataset.offsets[0]))


def _tagged(dataset: DatasetReader) -> tuple[Datum, str] | None:
    text = dataset.tags().get(DATUM_TAG)
    if text is None:
        return None
    try:
        return Datum(text.strip().lower()), f"tag {DATUM_TAG}"
    except ValueError as error:
        raise InputError(
            f"{dataset.name}: its tag {DATUM_TAG} is {text!r}; write ellipsoid or orthometric"
        ) from error


def _of_crs(dataset: DatasetReader) -> tuple[Datum, str] | None:
    crs = _crs(dataset)
    if crs is None:
        return None
    for part in crs.sub_crs_list:
        if part.is_vertical:
            # the only vertical CRS that starts at the ellipsoid are those that say so, which Esri writes
            from_ellipsoid = "ellipsoid" in part.name.lower() or part.name == "WGS_1984"
            return (Datum.ELLIPSOID if from_ellipsoid else Datum.ORTHOMETRIC), part.name
    return (Datum.ELLIPSOID, crs.name) if len(crs.axis_info) == 3 else None


def metres_in_unit(dataset: Dataset, band: int = 1) -> float:
    """Find the metres in a unit of heights, negative for depths: by the CRS, else by the band.

    Args:
        dataset: Open raster of heights.
        band: Band of the heights, from 1.

    Raises:
        InputError: The unit is unknown.
    """
    crs = _crs(dataset)
    axes = [] if crs is None else [axis for axis in crs.axis_info if axis.direction in {"up", "down"}]
    if axes:
        return float(axes[0].unit_conversion_factor) * (-1 if axes[0].direction == "down" else 1)
    name = (dataset.units[band - 1] or "").strip().lower()
    unit = _UNITS.get(name, math.nan)
    if math.isnan(unit):
        raise InputError(f"{dataset.name} gives heights in {name!r}, an unknown unit; convert them to metres")
    return unit


def _crs(dataset: Dataset) -> CRS | None:
    return None if dataset.crs is None else CRS.from_wkt(dataset.crs.to_wkt())
