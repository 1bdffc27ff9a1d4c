"""Every address is overridden by name, on the command line or in a file; nothing else is taken for one."""

from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.scenes.endpoints import Endpoints, override_endpoints


def test_later_addresses_override_earlier_ones_and_files_are_read(tmp_path: Path) -> None:
    table = tmp_path / "mirrors.yaml"
    table.write_text("gsi_tiles: http://mirror/gsi/\nign_wmts: https://mirror/wmts\n")
    found = override_endpoints(
        (str(table), "gsi_tiles=http://127.0.0.1:80/xyz", "mine=http://own"), {"mine": "x"}
    )
    assert found.of("gsi_tiles") == "http://127.0.0.1:80/xyz"
    assert found.of("ign_wmts") == "https://mirror/wmts"
    assert found.of("mine") == "http://own"
    assert found.of("umbra_bucket") == Endpoints().umbra_bucket
    assert override_endpoints((str(table),)).of("gsi_tiles") == "http://mirror/gsi"


def test_the_geoid_may_be_a_file(tmp_path: Path) -> None:
    grid = tmp_path / "grid.tif"
    grid.touch()
    assert override_endpoints((f"geoid={grid}",)).of("geoid") == str(grid)
    with pytest.raises(InputError, match="is no address for geoid"):
        override_endpoints((f"geoid={grid}x",))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("gsi=http://a", "gsi is not known; choose from umbra_catalog, umbra_bucket"),
        ("gsi_tiles=ftp://a", "'ftp://a' is no address for gsi_tiles"),
        ("gsi_tiles=", "'' is no address"),
        ("gsi_tiles=https://a.example/?key=1", "'https://a.example/' is no address for gsi_tiles"),
        ("gsi_tiles=https://me:secret@a.example/", "without a key, which would be written"),
        ("http://a/?b=c", "is neither NAME=URL nor a YAML file"),
        ("missing.yaml", "missing.yaml cannot be read"),
    ],
)
def test_what_is_no_address_is_told(given: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("?", r"\?")):
        override_endpoints((given,))


def test_every_address_is_one() -> None:
    for name in Endpoints.model_fields:
        if name != "further":
            assert override_endpoints((f"{name}={Endpoints().of(name)}",)) == Endpoints()
