"""Named things that other packages may add to: networks, losses, products and their kin."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from oemsar.errors import InputError

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries by name: the package's own, and those of installed packages.

    An entry is loaded when it is first needed; listing the names imports nothing.

    Attributes:
        kind: Noun for one entry, such as `loss`.
        group: Entry point group under which another package names its own.
        option: Python name of the option that chooses an entry.
    """

    def __init__(self, kind: str, group: str, own: Mapping[str, str], *, option: str | None = None) -> None:
        """Declare the package's own entries.

        Args:
            kind: Noun for one entry.
            group: Entry point group, `oemsar.` and a plural.
            own: `module:attribute` of each of the package's own entries by name.
            option: Python name of the option that chooses an entry; `kind` by default.
        """
        self.kind = kind
        self.group = group
        self.option = option or kind
        self._own = dict(own)

    def names(self) -> tuple[str, ...]:
        """List the names: the package's own in their order, then those of other packages, sorted."""
        return (*self._own, *sorted(name for name in self._plugged() if name not in self._own))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._plugged()

    def require(self, name: str) -> str:
        """Give `name` back where it is known.

        Raises:
            InputError: No entry has that name.
        """
        if name not in self:
            raise InputError(
                f"{self.kind} {name} is not known; choose one of {', '.join(self.names())}",
                option=self.option,
            )
        return name

    def find(self, name: str) -> Entry:
        """Load the entry of a name.

        Raises:
            InputError: No entry has that name, or the package that offers it cannot be imported.
        """
        self.require(name)
        entry = EntryPoint(name, self._own[name], self.group) if name in self._own else self._plugged()[name]
        try:
            loaded: Entry = entry.load()
        except ImportError as error:
            if name in self._own:
                raise
            raise InputError(
                f"{self.kind} {name} of {entry.value} cannot be imported ({error}); "
                "repair or remove the package that offers it",
                option=self.option,
            ) from error
        return loaded

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 (pydantic's signature)
        """Check the names in fields annotated with the registry; a field may also hold None."""

        def check(name: str | None) -> str | None:
            return None if name is None else self.require(name)

        return core_schema.no_info_after_validator_function(check, handler(source))

    def _plugged(self) -> dict[str, EntryPoint]:
        return _entry_points(self.group)


@cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}
