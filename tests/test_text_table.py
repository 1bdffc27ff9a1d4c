"""Tables as Markdown and as CSV."""

import csv
import io

import pytest

from oemsar.text_table import beside, csv_table, markdown_table


def test_markdown_aligns_the_first_column_left_and_the_others_right() -> None:
    rows = [("Road", "12.3", "1"), ("Tree", "4.5", "")]
    assert markdown_table(("class", "IoU", "n"), rows).splitlines() == [
        "| class | IoU | n |",
        "| --- | ---: | ---: |",
        "| Road | 12.3 | 1 |",
        "| Tree | 4.5 |  |",
    ]


def test_csv_comes_back_whatever_is_in_its_cells() -> None:
    rows = [("name", "share"), ('a "b", c', 0.25), ("two\nlines", None)]
    text = csv_table(rows)
    assert "\r" not in text
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "share"],
        ['a "b", c', "0.25"],
        ["two\nlines", ""],
    ]


def test_tables_of_as_many_rows_stand_beside_each_other() -> None:
    assert beside([("class", "IoU"), ("Road", "1")], [("paper",), ("2",)]) == [
        ("class", "IoU", "paper"),
        ("Road", "1", "2"),
    ]
    with pytest.raises(ValueError, match="shorter"):
        beside([("Road",), ("Tree",)], [("1",)])
