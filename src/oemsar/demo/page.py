"""The page of the demonstration: one HTML file that opens from disk."""

import os
from dataclasses import dataclass
from pathlib import Path

from oemsar import legend
from oemsar.evaluate.scores import Scores
from oemsar.files import write_text
from oemsar.inputs import Inputs
from oemsar.pages import render


@dataclass(frozen=True)
class Shown:
    """Content of the page; its files lie below the page's folder.

    Attributes:
        scores: Scores of each modality set.
        best: Modality set of the highest mIoU.
        figure: Figure of `best`: optical, radar, truth, prediction and errors of some tiles.
        quicklook: Picture of the scene and its map.
        land_cover: Map of the scene.
        about: Sentence on the data and the trainings.
    """

    scores: dict[Inputs, Scores]
    best: Inputs
    figure: Path
    quicklook: Path
    land_cover: Path
    about: str


def write_page(shown: Shown, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    links = {
        name: Path(os.path.relpath(getattr(shown, name), path.parent)).as_posix()
        for name in ("figure", "quicklook", "land_cover")
    }
    page = render(
        "oemsar.demo",
        "page.html.j2",
        classes=legend.CLASSES,
        scores=shown.scores,
        best=str(shown.best),
        about=shown.about,
        **links,
    )
    write_text(path, page)
