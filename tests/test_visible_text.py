"""Names cannot steer a terminal, a document or a spreadsheet."""

import io
import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oemsar.visible_text import (
    VisibleFormatter,
    csv_cell,
    latex_text,
    markdown_text,
    visible,
    visible_sentence,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ōsaka 45° ± 3 \u2013 a.tif", "Ōsaka 45° ± 3 \u2013 a.tif"),
        ("a\x1b[31m\x07b", "a\\u001b[31m\\u0007b"),
        ("a\nb\r\tc", "a\\u000ab\\u000d\\u0009c"),
        ("a\u202efit.exe", "a\\u202efit.exe"),
        ("\udcff.tif", "\\udcff.tif"),
        ("a\x9b31m\u2028\u200b\x7f", "a\\u009b31m\\u2028\\u200b\\u007f"),
    ],
)
def test_what_is_not_seen_is_written_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_printable_line_that_json_gives_back(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    shown.encode()
    within = json.dumps(text, ensure_ascii=False)
    assert json.loads(visible(within)) == text


def test_addresses_in_sentences_are_whole_and_without_their_keys() -> None:
    said = "https:/host/a.tif?key=1 has 3 bands; zip:/a.zip!b.tif and s3:/bucket/a.tif have not"
    shown = "https://host/a.tif has 3 bands; zip://a.zip!b.tif and s3://bucket/a.tif have not"
    assert visible_sentence(said) == shown


def test_a_name_makes_no_log_line_of_its_own() -> None:
    stream = io.StringIO()
    logger = logging.Logger("test")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(VisibleFormatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.warning("%s is odd", "a\nERROR all is lost\x1b[2J")
    assert stream.getvalue() == "WARNING a\\u000aERROR all is lost\\u001b[2J is odd\n"


def test_latex_has_no_command_in_a_name() -> None:
    written = latex_text("a_b\n\\input{/etc/passwd} 5% $x^2$ #1 & ~ ± \u2013")
    assert "\n" not in written
    assert written == (
        r"a\_b\textbackslash{}u000a\textbackslash{}input\{/etc/passwd\} 5\% \$x\textasciicircum{}2\$ \#1 \& "
        r"\textasciitilde{} $\pm$ --"
    )
    assert re.findall(r"\\[a-z]+", written) == [r"\textbackslash"] * 2 + [
        r"\textasciicircum",
        r"\textasciitilde",
        r"\pm",
    ]


def test_markdown_has_no_markup_in_a_name() -> None:
    assert markdown_text("a|b\n<script>[x](y)`*&") == r"a\|b\\u000a&lt;script&gt;\[x\](y)\`\*&amp;"
    assert markdown_text("U-Net (dual), 12.34 ± 0.50 %, a_b") == "U-Net (dual), 12.34 ± 0.50 %, a_b"


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-x", "@a", "\t=1", "\r=1"])
def test_a_cell_is_no_formula(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a", "-1.5", "+3", "1e5", "", -1.5, None, 3])
def test_numbers_and_words_stay_as_they_are(value: object) -> None:
    assert csv_cell(value) == value
