"""The list of tests that take long names tests that are there."""

from pathlib import Path

from .conftest import SLOW


def test_listed_tests_are_there() -> None:
    root = SLOW.parent.parent
    names = [line for line in SLOW.read_text().splitlines() if not line.startswith("#")]
    assert names == sorted(set(names))
    for name in names:
        file, _, test = name.partition("::")
        assert f"def {test.partition('[')[0]}(" in Path(root, file).read_text(), name
