"""The page shows every score and opens from disk."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from oemsar import legend
from oemsar.demo.page import Shown, write_page
from oemsar.demo.run import scores_table
from oemsar.evaluate.scores import Scores
from oemsar.inputs import OPTICAL, PUBLISHED, SAR, Inputs


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def _scores() -> dict[Inputs, Scores]:
    confusion = np.diag(np.arange(8)) + np.eye(8, k=1, dtype=int)
    return {modalities: Scores.from_confusion(confusion) for modalities in PUBLISHED}


def test_links_are_relative_and_lead_to_the_files(tmp_path: Path) -> None:
    files = [tmp_path / "scores" / "a figure.png", tmp_path / "map" / "map.png", tmp_path / "map" / "map.tif"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    shown = Shown(_scores(), OPTICAL, *files, about="tiles of <64> px")
    write_page(shown, tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    links = _Links()
    links.feed(page)
    assert {(tmp_path / link).resolve() for link in links.found} == set(files)
    assert "&lt;64&gt;" in page


def test_the_table_has_a_column_for_each_modality_set_in_percent() -> None:
    header, *rows = scores_table(_scores())
    assert header[1:] == ["sar", "optical", "sar+optical"]
    assert [row[0] for row in rows] == [*legend.NAMES, "mIoU"]
    miou = _scores()[SAR].miou
    assert miou is not None
    assert rows[-1][1:] == [f"{100 * miou:.1f}"] * 3
