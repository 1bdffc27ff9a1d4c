"""Names beside a product that no file can have are no files, and end no command."""

from pathlib import Path

from oemsar.products.beside import is_file


def test_a_name_that_no_file_can_have_is_no_file(tmp_path: Path) -> None:
    assert is_file(Path(__file__))
    for path in (tmp_path, tmp_path / "missing", tmp_path / ("x" * 300), Path("a\0b")):
        assert not is_file(path)
