"""The page shows every score and opens from disk."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from oemsar import legend
from oemsar.demo.page import Shown, write_page
from oemsar.demo.run import scores_table
from oemsar.evaluate.scores import Scores
from oemsar.inputs import PUBLISHED, SAR, SAR_OPTICAL


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


def _scores() -> dict[str, dict[str, Scores]]:
    confusion = np.diag(np.arange(8)) + np.eye(8, k=1, dtype=int)
    each = {str(inputs): Scores.from_confusion(confusion) for inputs in PUBLISHED}
    return {"starter": each, "fine-tuned": {**each, "optical": Scores.from_confusion(np.eye(8, dtype=int))}}


def test_links_are_relative_and_lead_to_the_files(tmp_path: Path) -> None:
    names = ["scores/a figure.png", "map/map.png", "map/map.tif", "map/both.png", "map/both.tif"]
    files = [tmp_path / name for name in names]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    maps = {SAR: files[2], SAR_OPTICAL: files[4]}
    write_page(Shown(_scores(), files[0], maps, about="tiles of <64> px"), tmp_path / "index.html")
    page = (tmp_path / "index.html").read_text()
    links = _Links()
    links.feed(page)
    assert {(tmp_path / link).resolve() for link in links.found} == set(files)
    assert "&lt;64&gt;" in page
    assert page.count("<tr>") == 1 + 2 * 3
    assert "<td>100.0</td>" in page


def test_the_table_has_a_column_for_the_inputs_in_percent() -> None:
    header, *rows = scores_table(_scores()["fine-tuned"])
    assert header[1:] == ["sar", "optical", "sar+optical"]
    assert [row[0] for row in rows] == [*legend.NAMES, "mIoU"]
    miou = _scores()["starter"]["sar"].miou
    assert miou is not None
    assert rows[-1][1:] == [f"{100 * miou:.1f}", "100.0", f"{100 * miou:.1f}"]
