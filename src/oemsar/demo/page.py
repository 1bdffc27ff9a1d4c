"""The page of the demonstration: one HTML file that opens from disk."""

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment

from oemsar import legend
from oemsar.evaluate.scores import Scores
from oemsar.files import write_text
from oemsar.modalities import Modalities


@dataclass(frozen=True)
class Shown:
    """What the page shows; files lie below its folder.

    Attributes:
        scores: of each modality set.
        best: the modality set of the highest mIoU.
        figure: its optical, radar, truth, prediction and errors of some tiles.
        quicklook: the scene and its map.
        land_cover: the map itself.
        about: which data and training made it.
    """

    scores: dict[Modalities, Scores]
    best: Modalities
    figure: Path
    quicklook: Path
    land_cover: Path
    about: str


def write_page(shown: Shown, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    template = files("oemsar.demo").joinpath("page.html.j2").read_text(encoding="utf-8")
    links = {
        name: Path(os.path.relpath(getattr(shown, name), path.parent)).as_posix()
        for name in ("figure", "quicklook", "land_cover")
    }
    rendered = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    write_text(
        path,
        rendered.render(
            classes=legend.CLASSES,
            scores=shown.scores,
            best=shown.best.value,
            about=shown.about,
            **links,
        ),
    )
