"""Files of pseudo labels: classes, confidence and probabilities of each tile, known again by a tag."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import oemsar
from oemsar.config_file import Foreign
from oemsar.curate.pseudo_label.config import PseudoLabelConfig
from oemsar.curate.pseudo_label.label import PseudoLabel
from oemsar.curate.pseudo_label.members import ModelOrigin
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.fingerprint import fingerprint
from oemsar.legend import NAMES
from oemsar.raster.geotiff import write_raster
from oemsar.raster.read import open_raster

FOLDERS = {"pseudo_label": "pseudo_labels", "confidence": "confidence", "soft_label": "soft_labels"}
"""Folders of the files of a tile, by column."""
_KEY = "OEMSAR_PSEUDO_LABEL_KEY"
"""Tag of what a file was made from, by which a later run knows it again."""
_FACTS = "OEMSAR_PSEUDO_LABEL"


class LabelFacts(Foreign):
    """Facts of a pseudo label that its file carries, and that become columns."""

    agreement: float | None
    """Mean agreement of two models, 0..1."""
    mean_confidence: float | None
    """Mean confidence, 0..1."""
    confident_share: float | None
    """Share of pixels whose confidence reaches the threshold, 0..1."""


@dataclass(frozen=True, eq=False)
class LabelWriter:
    """Files of the pseudo labels of one run.

    Attributes:
        out: Folder of the run.
        config: Options of the run.
        models: Models of the run.
        engine: Name of the engine that runs them.
    """

    out: Path
    config: PseudoLabelConfig
    models: Sequence[ModelOrigin]
    engine: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the files that are written, the one that is written last at the end."""
        soft = ("soft_label",) if self.config.probabilities else ()
        return (*soft, "confidence", "pseudo_label")

    def files(self, tile: Tile) -> dict[str, Path]:
        """Name the files of a tile, by column."""
        return {column: self.out / FOLDERS[column] / f"{tile.name}.tif" for column in self.columns}

    def key(self, tile: Tile) -> str:
        """Hash everything that decides the files of a tile."""
        images = {**tile.inputs, **({} if tile.masks is None else {"masks": tile.masks})}
        content = [
            oemsar.__version__,
            self.engine,
            self.config.model_dump(mode="json", exclude={"engine", "device"}),
            [[file.sha256 for file in model.files] or model.model for model in self.models],
            {name: fingerprint(path) for name, path in images.items()},
            tile.name,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def is_done(self, tile: Tile, key: str) -> bool:
        """Tell whether the files of a tile lie there, made from what the key says."""
        return all(_tag(path, _KEY) == key for path in self.files(tile).values())

    def write(self, tile: Tile, key: str, label: PseudoLabel) -> None:
        """Write the files of a tile, the classes last."""
        facts = LabelFacts(
            agreement=label.agreement,
            mean_confidence=label.mean_confidence,
            confident_share=label.confident_share,
        )
        tags = {"OEMSAR_VERSION": oemsar.__version__, "OEMSAR_TILE": tile.name, _KEY: key}
        bands = {
            "soft_label": label.probabilities,
            "confidence": label.confidence[None],
            "pseudo_label": label.classes[None],
        }
        for column, path in self.files(tile).items():
            own = {_FACTS: facts.model_dump_json()} if column == "pseudo_label" else {}
            names = NAMES if column == "soft_label" else ()
            write_raster(path, bands[column], tile.grid, tags=tags | own, names=names, tiled=True)

    def labelled(self, tile: Tile) -> Tile:
        """Give a tile its pseudo label and the facts of it.

        Raises:
            InputError: The file of its pseudo label does not carry them.
        """
        files = self.files(tile)
        text = _tag(files["pseudo_label"], _FACTS)
        if text is None:
            raise InputError(f"{files['pseudo_label']} was changed meanwhile; run the same command again")
        facts = LabelFacts.model_validate_json(text)
        return replace(
            tile,
            pseudo_label=files["pseudo_label"],
            confidence=files["confidence"],
            soft_label=files.get("soft_label"),
            facts=tile.facts.changed(**dict(facts)),
        )


def _tag(path: Path, name: str) -> str | None:
    """Read a tag of a file; None where there is no such file, or it has none."""
    if not path.is_file():
        return None
    try:
        with open_raster(path) as dataset:
            value: str | None = dataset.tags().get(name)
            return value
    except InputError:
        return None
