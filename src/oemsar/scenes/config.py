"""Configuration of the search for scenes and of their transfer."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator
from pydantic.config import JsonDict

from oemsar.config_file import Config
from oemsar.errors import InputError
from oemsar.scenes.registry import SOURCES

_HIDDEN: JsonDict = {"hidden": True}


class EndpointConfig(Config):
    """Addresses of services."""

    endpoint: tuple[str, ...] = ()
    """Address of a service instead of its usual one, as NAME=URL, or a YAML file of such; may be given
    several times. `oemsar scenes sources` lists the names."""


class WebConfig(EndpointConfig):
    """Treatment of services and of a failing network."""

    cache: Path | None = None
    """Folder of answers that are kept; by default `oemsar` in the user's folder of caches."""

    rate: float = Field(10.0, ge=0.01, le=1000)
    """Requests a second to one server."""

    at_once: int = Field(4, ge=1, le=64)
    """Requests at a time."""

    tries: int = Field(6, ge=1, le=1000)
    """Tries in a row that may bring nothing before giving up."""

    timeout: float = Field(60.0, ge=0.1, le=86_400)
    """Seconds without a byte that count as a dropped connection."""

    first_wait: float = Field(1.0, ge=0, le=86_400, json_schema_extra=_HIDDEN)
    """Seconds before the second try; doubled with every further one."""

    longest_wait: float = Field(300.0, ge=0, le=86_400, json_schema_extra=_HIDDEN)
    """Longest wait between two tries in seconds; a server that asks for more ends the command."""


class FindConfig(WebConfig):
    """Scenes to look for."""

    source: Annotated[str, SOURCES]
    """Source of the scenes"""

    from_: date | None = None
    """First day of the acquisition (UTC), as YYYY-MM-DD."""

    to: date | None = None
    """Last day of the acquisition (UTC), as YYYY-MM-DD."""

    gsd_max: float | None = Field(None, ge=1e-3, le=1e5)
    """Coarsest ground sampling distance, in metres."""

    level: int | None = Field(None, ge=0, le=30)
    """Level of a service of tiles; by default the one of its native resolution."""

    @field_validator("from_", "to", mode="before")
    @classmethod
    def _require_day(cls, value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError(f"{value!r} is no day; write it as YYYY-MM-DD")
        return value

    @model_validator(mode="after")
    def _leave_a_day(self) -> "FindConfig":
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise InputError(
                f"{self.from_} is after {self.to}; give the earlier day first", option=("from_", "to")
            )
        return self

    @property
    def start(self) -> datetime | None:
        """First moment of the acquisition."""
        return None if self.from_ is None else datetime.combine(self.from_, time(), UTC)

    @property
    def end(self) -> datetime | None:
        """First moment after the acquisition."""
        return None if self.to is None else datetime.combine(self.to, time(), UTC) + timedelta(days=1)


class FetchConfig(WebConfig):
    """Scenes of a table to fetch, and which of their files."""

    scene: tuple[str, ...] = ()
    """Name of a scene of the table to fetch instead of all; may be given several times."""

    asset: tuple[str, ...] = ()
    """Name of a file of each scene to fetch instead of those that its source proposes, or `all`; may be given
    several times."""

    area: str | None = None
    """Part of each scene to fetch instead of the whole, as a GeoJSON file or W,S,E,N in degrees; images are
    cut on their own grid."""
