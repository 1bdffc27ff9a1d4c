"""The contract of layouts: kept by that of the release, and broken where it should be."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from oemsar.dataset.layouts import LAYOUTS, TileFiles
from oemsar.testing.layouts import check_layout


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A dataset as published, with three tiles whose files are empty."""
    for split, area in (("train", "TrainArea"), ("val", "ValArea")):
        for number in range(1, 3 if split == "train" else 2):
            path = tmp_path / split / "sar_images" / f"{area}_{number:03d}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return tmp_path


@pytest.mark.parametrize("name", LAYOUTS.names())
def test_every_layout_keeps_the_contract(name: str, release: Path) -> None:
    check_layout(name, release)


def test_layouts_that_break_the_contract_are_told(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = release / "train" / "sar_images" / "TrainArea_001.tif"
    other = path.with_name("TrainArea_002.tif")

    def check(sentence: str, *tiles: TileFiles) -> None:
        def find(_: Path) -> Sequence[TileFiles]:
            return tiles

        monkeypatch.setattr(LAYOUTS, "find", lambda _: find)
        with pytest.raises(AssertionError, match=sentence):
            check_layout("published", release)

    check("finds no tile")
    check(
        "the name a to several", TileFiles("a", "train", {"sar": path}), TileFiles("a", "val", {"sar": other})
    )
    check("the split holdout", TileFiles("a", "holdout", {"sar": path}))  # type: ignore[arg-type]
    check("no file", TileFiles("a", "train", {}))
    check("the column radar", TileFiles("a", "train", {"radar": path}))
    check("which is no file", TileFiles("a", "train", {"sar": path.with_suffix(".png")}))
    check("not below", TileFiles("a", "train", {"sar": Path(__file__)}))
    check(
        "to the tiles a and b", TileFiles("a", "train", {"sar": path}), TileFiles("b", "val", {"sar": path})
    )
