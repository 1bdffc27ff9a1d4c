"""Named entries: those of the package and those of other packages, loaded when they are asked for."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any

import pytest

from oemsar import registry as registry_module
from oemsar.config_file import Config
from oemsar.errors import InputError
from oemsar.registry import Registry

COLOURS: Registry[Any] = Registry(
    "colour",
    "oemsar.colours",
    {"red": "colour_of_tests:RED", "green": "colour_of_tests:GREEN"},
    option="tint",
)


class _Config(Config):
    tint: Annotated[str, COLOURS] = "red"
    second: Annotated[str | None, COLOURS] = None


@pytest.fixture(autouse=True)
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with the package's own entries, and two of other packages of which one is broken."""
    (tmp_path / "colour_of_tests.py").write_text("RED, GREEN, BLUE = 'r', 'g', 'b'")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "colour_of_tests", raising=False)
    entries = {
        name: EntryPoint(name, value, "oemsar.colours")
        for name, value in (("red", "other:RED"), ("blue", "colour_of_tests:BLUE"), ("azure", "absent:AZURE"))
    }
    monkeypatch.setattr(
        registry_module, "_entry_points", lambda group: entries if group == "oemsar.colours" else {}
    )


def test_names_are_the_packages_own_then_those_of_others_sorted() -> None:
    assert COLOURS.names() == ("red", "green", "azure", "blue")
    assert list(COLOURS) == list(COLOURS.names())
    assert "blue" in COLOURS
    assert "violet" not in COLOURS
    assert "colour_of_tests" not in sys.modules


def test_the_packages_own_entry_goes_before_one_of_the_same_name() -> None:
    assert (COLOURS.find("red"), COLOURS.find("blue")) == ("r", "b")


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(
        InputError, match="colour violet is not known; choose one of red, green, azure, blue"
    ) as raised:
        COLOURS.find("violet")
    assert raised.value.options == ("tint",)


def test_a_package_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(InputError, match="colour azure of absent:AZURE cannot be imported"):
        COLOURS.find("azure")


def test_a_field_annotated_with_the_registry_takes_its_names_only() -> None:
    assert _Config(tint="blue", second="green").second == "green"
    assert _Config().second is None
    with pytest.raises(InputError, match="violet is not known"):
        _Config(tint="violet")
