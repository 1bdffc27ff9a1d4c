"""What a source of scenes is: it searches an area and a time, and fetches what it found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from shapely.geometry.base import BaseGeometry

from oemsar.errors import InputError
from oemsar.progress import Report
from oemsar.scenes.endpoints import Endpoints
from oemsar.scenes.scene import Asset, Scene
from oemsar.web.client import Web


@dataclass(frozen=True)
class Query:
    """Scenes to look for.

    Attributes:
        area: Area in EPSG:4326 that a scene must meet; parts on both sides of the antimeridian.
        start: First moment of the acquisition; None for any.
        end: First moment after the acquisition; None for any.
        gsd_max: Coarsest ground sampling distance in metres; None for any.
        level: Level of a service of tiles; None for that of its native resolution.
    """

    area: BaseGeometry
    start: datetime | None = None
    end: datetime | None = None
    gsd_max: float | None = None
    level: int | None = None

    def takes(self, scene: Scene) -> bool:
        """Tell whether a scene meets area, time and sampling distance."""
        told = scene.start is not None
        in_time = self.takes_time(scene.start, scene.end) if told else self.takes_year(scene.year)
        return in_time and self.takes_gsd(scene.gsd) and bool(scene.outline.intersects(self.area))

    def takes_time(self, start: datetime | None, end: datetime | None = None) -> bool:
        """Tell whether an acquisition meets the time; one of unknown time only where any will do."""
        if self.start is None and self.end is None:
            return True
        if start is None:
            return False
        return (self.end is None or start < self.end) and (self.start is None or (end or start) >= self.start)

    def takes_year(self, year: int | None) -> bool:
        """Tell whether a year meets the time; an unknown one only where any will do."""
        if year is None:
            return self.takes_time(None)
        return self.takes_time(
            datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
        )

    def require_any_time(self, source: str) -> None:
        """Check that no time is asked for of a source that tells none.

        Raises:
            InputError: One is.
        """
        if self.start is not None or self.end is not None:
            raise InputError(
                f"{source} does not tell when its imagery was acquired; leave the time out",
                option=("from_", "to"),
            )

    def takes_gsd(self, gsd: float | None) -> bool:
        """Tell whether a ground sampling distance in metres is fine enough; an unknown one is."""
        return self.gsd_max is None or gsd is None or gsd <= self.gsd_max


@dataclass(frozen=True)
class Services:
    """Services that a source may ask, and how.

    Attributes:
        web: Client.
        endpoints: Addresses.
    """

    web: Web
    endpoints: Endpoints


@dataclass(frozen=True)
class Order:
    """A file that is to be fetched.

    Attributes:
        scene: Scene of the file.
        asset: The file.
        target: Path that it gets.
        window: Part of the scene to fetch, in EPSG:4326; None for the whole.
    """

    scene: Scene
    asset: Asset
    target: Path
    window: BaseGeometry | None = None


class Source(Protocol):
    """A source of scenes.

    Attributes:
        name: Name under which it is registered.
        summary: Imagery that it offers, in a line.
        licence: Terms of the data.
        attribution: Words that whoever publishes the data must carry.
        assets: Names of the files that are fetched unless others are named.
        endpoints: Names of the addresses that it asks; of another package with their values.
        has_levels: Whether it is a service of tiles, of which a level may be chosen.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def summary(self) -> str: ...  # noqa: D102
    @property
    def licence(self) -> str: ...  # noqa: D102
    @property
    def attribution(self) -> str: ...  # noqa: D102
    @property
    def assets(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def endpoints(self) -> Sequence[str] | Mapping[str, str]: ...  # noqa: D102
    @property
    def has_levels(self) -> bool: ...  # noqa: D102

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Find the scenes that meet an area and a time.

        Raises:
            InputError: The source has nothing in the area at all, such as in another country.
            Failure: Its service cannot be reached or does not answer as it should.
        """

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Bring a file to disk: whole at its target or not there, going on with what an earlier call left.

        Raises:
            InputError: A part of it cannot be had.
            DiskFull: The disk has no room left.
            Failure: The service or the disk fails.
        """
