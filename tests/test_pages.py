"""Pages: templates of a package filled in, with text escaped."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oemsar.pages import render


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with one template, importable."""
    name = "oemsar_test_templates"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "list.html.j2").write_text(
        "<ul>\n{% for entry in entries %}\n  <li>{{ entry }}</li>\n{% endfor %}\n</ul>\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


def test_text_is_escaped_and_lines_of_the_template_leave_no_blank_ones(package: str) -> None:
    page = render(package, "list.html.j2", entries=["a < b", 'é & "c"'])
    assert page == "<ul>\n  <li>a &lt; b</li>\n  <li>é &amp; &#34;c&#34;</li>\n</ul>"


def test_a_package_without_the_template_is_a_programming_error(package: str) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        render(package, "absent.html.j2")
