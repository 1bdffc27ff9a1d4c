"""Names from files are short, visible, and no paths."""

import pytest

from oemsar.errors import InputError
from oemsar.names import require_file_name, require_plain_name


@pytest.mark.parametrize("name", ["TrainArea_001", "a b (1)", "Ōsaka.x", "-dash", "n" * 200, "é" * 100])
def test_ordinary_names_pass(name: str) -> None:
    require_file_name(name, "tile")


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/x",
        "a/b",
        "a\\b",
        ".x",
        "..",
        "",
        " ",
        "a\nb",
        "a\x1b[31m",
        "a\0",
        "\udcff",
        "a\u202eb",
        "n" * 201,
        "é" * 101,
    ],
)
def test_names_that_lead_elsewhere_or_are_not_seen_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^tile "):
        require_file_name(name, "tile")


def test_a_region_may_have_a_slash_and_no_line_break() -> None:
    require_plain_name("Paris / Île-de-France", "region")
    with pytest.raises(InputError, match=r"region 'a\\nb' has characters that are not seen"):
        require_plain_name("a\nb", "region")
