"""The page of the demonstration: one HTML file that opens from disk."""

import os
from collections.abc import Mapping
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
        scores: Scores of each model by the inputs that it was given, joined by a plus.
        figure: Figure of test tiles: optical, radar, truth, prediction and errors.
        maps: Map of the scene by the inputs that it was made from; its quick look has the same name.
        about: Sentences on the data, the models and the training.
    """

    scores: Mapping[str, Mapping[str, Scores]]
    figure: Path
    maps: Mapping[Inputs, Path]
    about: str


def write_page(shown: Shown, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""

    def link(file: Path) -> str:
        return Path(os.path.relpath(file, path.parent)).as_posix()

    page = render(
        "oemsar.demo",
        "page.html.j2",
        classes=legend.CLASSES,
        scores=shown.scores,
        about=shown.about,
        figure=link(shown.figure),
        maps={
            str(inputs): {"file": link(file), "picture": link(file.with_suffix(".png"))}
            for inputs, file in shown.maps.items()
        },
    )
    write_text(path, page)
