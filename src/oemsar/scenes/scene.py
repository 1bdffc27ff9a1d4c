"""Scenes as sources describe them: values that a table holds."""

from datetime import datetime
from functools import cached_property

import shapely
from odc.geo.geobox import GeoBox
from pydantic import Field, field_validator
from rasterio import Affine
from shapely.geometry.base import BaseGeometry

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.names import require_file_name


class Grid(Value):
    """Grid of a file that a service makes."""

    crs: str
    """CRS as `EPSG:N`."""
    affine: tuple[float, float, float, float, float, float]
    """Affine from columns and rows to the CRS: a, b, c, d, e, f."""
    shape: tuple[int, int]
    """Rows and columns."""

    @classmethod
    def of(cls, grid: GeoBox) -> "Grid":
        """Take the values of a grid whose CRS has an EPSG code."""
        code = None if grid.crs is None else grid.crs.to_epsg()
        if code is None:
            raise InputError("the grid has no EPSG code")
        a, b, c, d, e, f = (float(value) for value in grid.affine[:6])
        return cls(crs=f"EPSG:{code}", affine=(a, b, c, d, e, f), shape=(grid.shape[0], grid.shape[1]))

    @property
    def geobox(self) -> GeoBox:
        """Grid as a GeoBox."""
        return GeoBox(self.shape, Affine(*self.affine), self.crs)


class Asset(Value):
    """A file of a scene, or tiles that become one."""

    name: str = Field(min_length=1)
    """Name of the asset, unique within the scene, such as `GEC`."""
    file: str
    """Name of the file that it becomes, without a folder."""
    address: str
    """Address of the file or of the service, without a key."""
    media_type: str | None = None
    """Media type of the file; None where it is not known."""
    size: int | None = Field(None, ge=0)
    """Bytes of the file; None where the source does not tell."""
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    """MD5 of the file, hexadecimal; None where the source does not tell."""
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    """SHA-256 of the file, hexadecimal; None where the source does not tell."""
    layer: str | None = None
    """Layer, collection or raster of a service that makes the file."""
    level: int | None = Field(None, ge=0, le=30)
    """Level of the tiles that make the file."""
    grid: Grid | None = None
    """Grid on which a service makes the file; None for a file that is there."""

    @field_validator("file")
    @classmethod
    def _require_file_name(cls, file: str) -> str:
        require_file_name(file, "file")
        return file


class Scene(Value):
    """A scene that a source offers."""

    name: str
    """Name of the scene, unique within its source and fit for a folder."""
    source: str
    """Name of the source."""
    footprint: str
    """Outline of the scene in EPSG:4326, as WKT."""
    start: datetime | None = None
    """Begin of the acquisition; None where the source does not tell."""
    end: datetime | None = None
    """End of the acquisition; None where the source does not tell."""
    year: int | None = None
    """Year of the acquisition; None where the source does not tell."""
    gsd: float | None = Field(None, gt=0)
    """Ground sampling distance in metres; None where the source does not tell."""
    licence: str
    """Terms of the data."""
    attribution: str
    """Words that whoever publishes the data must carry."""
    redistributable: bool = True
    """Whether the terms let copies be published."""
    look_azimuth: float | None = None
    """Direction in which a radar looks at the scene, degrees from north; None where it is not known."""
    incidence: float | None = None
    """Incidence angle of a radar at the scene, degrees; None where it is not known."""
    polarisation: str | None = None
    """Polarisations of a radar, joined by commas; None where they are not known."""
    assets: tuple[Asset, ...]
    """Files of the scene."""

    @field_validator("name")
    @classmethod
    def _require_folder_name(cls, name: str) -> str:
        require_file_name(name, "scene")
        return name

    @field_validator("footprint")
    @classmethod
    def _require_outline(cls, footprint: str) -> str:
        try:
            outline = shapely.from_wkt(footprint)
        except shapely.errors.GEOSException as error:
            raise InputError(f"{footprint[:40]!r} is no outline in WKT") from error
        if outline.is_empty:
            raise InputError(f"{footprint[:40]!r} holds no ground")
        return footprint

    @cached_property
    def outline(self) -> BaseGeometry:
        """Outline of the scene in EPSG:4326."""
        return shapely.from_wkt(self.footprint)


def wkt_of(outline: BaseGeometry) -> str:
    """Write an outline as WKT without loss."""
    return str(shapely.to_wkt(outline, rounding_precision=-1))
