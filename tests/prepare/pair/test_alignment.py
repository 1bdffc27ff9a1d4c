"""The alignment of a pair keeps what a person edited."""

from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.prepare.pair.alignment import alignment_folder, require_copied_tie_points


def test_tie_points_are_edited_in_a_copy(tmp_path: Path) -> None:
    folder = alignment_folder(tmp_path)
    folder.mkdir()
    require_copied_tie_points(None, folder)
    require_copied_tie_points(tmp_path / "mine.geojson", folder)
    with pytest.raises(InputError, match="would be written over; copy it out of") as error:
        require_copied_tie_points(folder / ".." / "alignment" / "tie_points.geojson", folder)
    assert error.value.options == ("tie_points",)
