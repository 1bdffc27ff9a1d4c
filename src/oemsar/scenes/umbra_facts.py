"""What the metadata of an Umbra collect say about its place, time and look: either version, or a SICD."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field, JsonValue
from shapely.geometry.base import BaseGeometry

from oemsar.config_file import Foreign, parse_json
from oemsar.errors import InputError
from oemsar.scenes.stac import Item, parse_item, read_outline, read_time


@dataclass(frozen=True)
class Facts:
    """Facts on a collect.

    Attributes:
        outline: Outline of the scene in EPSG:4326; None where not stated.
        start: Begin of the collect; None where not stated.
        end: End of the collect; None where not stated.
        gsd: Coarser of the resolutions in range and azimuth on the ground, metres; None where not stated.
        look_azimuth: Direction in which the radar looks at the scene, degrees from north; None where not
            stated.
        incidence: Incidence angle at the scene, degrees; None where not stated.
        polarisation: Polarisations, joined by commas; None where not stated.
    """

    outline: BaseGeometry | None = None
    start: datetime | None = None
    end: datetime | None = None
    gsd: float | None = None
    look_azimuth: float | None = None
    incidence: float | None = None
    polarisation: str | None = None

    def over(self, other: "Facts") -> "Facts":
        """Complete what is not stated from facts of less weight."""
        names = self.__dataclass_fields__
        return Facts(
            **{n: getattr(other, n) if getattr(self, n) is None else getattr(self, n) for n in names}
        )


class _Resolution(Foreign):
    azimuth: float | None = Field(None, alias="azimuthMeters")
    range: float | None = Field(None, alias="rangeMeters")


class _Collect(Foreign):
    """Collect in a METADATA.json of Umbra's own schema."""

    startAtUTC: str | None = None  # noqa: N815 (name of the schema)
    endAtUTC: str | None = None  # noqa: N815 (name of the schema)
    polarizations: tuple[str, ...] = ()
    angleIncidenceDegrees: float | None = None  # noqa: N815 (name of the schema)
    footprintPolygonLla: dict[str, JsonValue] | None = None  # noqa: N815 (name of the schema)
    maxGroundResolution: _Resolution = _Resolution()  # noqa: N815 (name of the schema)


class _Metadata(Foreign):
    collects: tuple[_Collect, ...] = Field(min_length=1)


def facts_of_metadata(content: bytes) -> Facts | None:
    """Read the metadata beside a product, `_METADATA.json` or a STAC item; None where it is neither."""
    try:
        fields = parse_json(content.decode("utf-8-sig"))
    except ValueError:
        return None
    if isinstance(fields, dict) and fields.get("type") == "Feature":
        item = parse_item(fields)
        return None if item is None else facts_of_item(item)
    try:
        collect = _Metadata.model_validate(fields).collects[0]
    except InputError:
        return None
    resolution = collect.maxGroundResolution
    return Facts(
        outline=read_outline(collect.footprintPolygonLla),
        start=read_time(collect.startAtUTC),
        end=read_time(collect.endAtUTC),
        gsd=_coarser(resolution.range, resolution.azimuth),
        incidence=collect.angleIncidenceDegrees,
        polarisation=",".join(collect.polarizations) or None,
    )


def facts_of_item(item: Item) -> Facts:
    """Read the properties of a STAC item of Umbra, of either version."""
    grazing = item.number("umbra:grazing_angle_degrees", "umbra:grazing_angle")
    incidence = item.number("view:incidence_angle")
    if incidence is None and grazing is not None:
        incidence = 90 - grazing
    # the direction from the target to the satellite: 90 stands east of it and looks west
    azimuth = item.number("umbra:target_azimuth_angle_degrees", "umbra:target_azimuth_angle")
    polarisations = item.properties.get("sar:polarizations")
    return Facts(
        outline=next(iter(item.outlines()), None),
        start=item.time("start_datetime", "datetime"),
        end=item.time("end_datetime"),
        gsd=_coarser(
            item.number("sar:resolution_range"),
            item.number("sar:resolution_azimuth", "umbra:best_resolution_azimuth_meters"),
        ),
        look_azimuth=None if azimuth is None else (azimuth + 180) % 360,
        incidence=incidence,
        polarisation=",".join(map(str, polarisations)) if isinstance(polarisations, list) else None,
    )


def _coarser(*metres: float | None) -> float | None:
    return max((value for value in metres if value is not None and value > 0), default=None)
