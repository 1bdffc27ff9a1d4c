"""JSON beside a product: an object is read, whatever else is refused in a sentence."""

import json
from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.products.json_file import read_document


def test_an_object_is_read_with_a_byte_order_mark_too(tmp_path: Path) -> None:
    path, document = tmp_path / "a.json", {"scale": 0.25, "modes": ["SL", None]}
    for encoding in ("utf-8", "utf-8-sig"):
        path.write_text(json.dumps(document), encoding=encoding)
        assert read_document(path) == document


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", "holds no JSON object"),
        ("{", "is not a JSON file"),
        ('{"a": NaN}', "is not a JSON file"),
        ("[" * 100_000, "is not a JSON file"),
    ],
)
def test_anything_else_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"a\.json .*{sentence}"):
        read_document(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a JSON file that can be read"):
        read_document(tmp_path / "missing.json")
