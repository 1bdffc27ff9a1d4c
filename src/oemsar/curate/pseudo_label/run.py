"""Pseudo labels of the tiles of a table, from several models."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.config_file import Value
from oemsar.curate.pseudo_label.config import PseudoLabelConfig
from oemsar.curate.pseudo_label.label import make_label, read_for_labels
from oemsar.curate.pseudo_label.members import Members, ModelOrigin, read_members
from oemsar.curate.pseudo_label.write import FOLDERS, LabelWriter
from oemsar.dataset.table import Table, as_tiles, describe_table, table_files, table_origin, write_tiles
from oemsar.dataset.tile import Tile, describe_lack
from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.folders import claimed, is_record, require_apart
from oemsar.inference.ensemble import Ensemble
from oemsar.locks import holds_output
from oemsar.masked import MaskedImage
from oemsar.models.joint import JointSpec, Models
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record

log = logging.getLogger(__name__)

TABLE, RECORD = "tiles.parquet", "pseudo_labels.json"


class PseudoLabels(Value):
    """Pseudo labels that were made: the content of `pseudo_labels.json`."""

    format: Literal[1] = 1
    """Version of the record's layout."""
    models: tuple[ModelOrigin, ...]
    """Models whose probabilities were averaged."""
    engine: str
    """Engines that ran them."""
    tiles: int
    """Number of tiles with a pseudo label of these models."""
    left_out: int
    """Number of tiles that no model sees."""
    mean_agreement: float | None
    """Mean over the tiles of the agreement of two models, 0..1; None where no tile is seen by two."""
    mean_confidence: float | None
    """Mean over the tiles of the confidence, 0..1."""
    confident_share: float | None
    """Mean over the tiles of the share of pixels whose confidence reaches the threshold, 0..1."""
    record: RunRecord
    """Run that made them."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out, out / TABLE]


@holds_output(_held)
def pseudo_label_tiles(
    models: Models,
    table: Table,
    out: Path,
    *,
    config: PseudoLabelConfig = PseudoLabelConfig(),
    report: Report = silent,
) -> PseudoLabels:
    """Label the tiles of a table with the mean of what several models say of them.

    Writes into `out`: the folders `pseudo_labels`, `confidence` and, where they are wanted, `soft_labels`;
    the table `tiles.parquet` with these files and the agreement of the models; and, last,
    `pseudo_labels.json`.
    Tiles whose files lie there already, made from the same images by the same models and options, are left
    as they are.

    Args:
        models: Saved models, runs or ONNX files with a description, or networks; their probabilities are
            averaged where they see enough of a pixel.
        table: Table of tiles: its file, or the tiles.
        out: Folder of the pseudo labels; created where it is missing.
        config: Scales, mirror images, weights and threshold.
        report: Called with the tiles done and the tiles in all.

    Raises:
        InputError: A model or the table is wrong, no model sees any tile, or `out` holds files of another
            origin.
        Failure: A model gives something other than probabilities for a tile, or the disk is full.
    """
    tiles = as_tiles(table)
    members = read_members(models, config)
    seen = _seen(tiles, members.spec, table)
    outputs = [out / name for name in (TABLE, RECORD, *FOLDERS.values())]
    require_apart(outputs, [*table_files(table, tiles), *members.files])
    with claimed(out / RECORD, lambda: is_record(out / RECORD, "models", "mean_agreement"), outputs):
        with members.open(config) as engine:
            writer = LabelWriter(out, config, members.origins, engine.name)
            _label(seen, engine, writer, report)
        names = {tile.name for tile in seen}
        labelled = [writer.labelled(tile) if tile.name in names else tile for tile in tiles]
        write_tiles(labelled, out / TABLE)
        made = _summary([tile for tile in labelled if tile.name in names], tiles, members, writer, table)
        write_json(out / RECORD, made.model_dump(mode="json"))
    return made


def _seen(tiles: Sequence[Tile], spec: JointSpec, table: Table) -> list[Tile]:
    """Choose the tiles that at least one of the models sees.

    Raises:
        InputError: There is none.
    """
    chosen = [tile for tile in tiles if any(_sees(tile, each) for each in _specs(spec))]
    if not chosen:
        raise InputError(
            f"{describe_table(table)} has no tile with the {spec.modalities} imagery that the models see"
            f"{describe_lack(tiles, spec.modalities)}; add the images or choose other models",
            option="model",
        )
    if left := len(tiles) - len(chosen):
        log.warning("%d of %d tiles get no pseudo label: no model sees them", left, len(tiles))
    partly = sum(not all(_sees(tile, each) for each in _specs(spec)) for tile in chosen)
    if partly:
        log.warning("%d of %d tiles are not seen by all of the models", partly, len(chosen))
    return chosen


def _specs(spec: JointSpec) -> list[JointSpec]:
    return [JointSpec.of([each]) for each in spec.specs]


def _sees(tile: Tile, spec: JointSpec) -> bool:
    return tile.has_any(spec.modalities) if spec.takes_any else tile.has(spec.modalities)


def _label(tiles: Sequence[Tile], engine: Ensemble, writer: LabelWriter, report: Report) -> None:
    """Label the tiles whose files do not lie there already."""
    keys: dict[str, str] = {}
    done = 0
    report(0, len(tiles))

    def images() -> Iterator[tuple[tuple[Tile, NDArray[np.bool_]], Imagery | MaskedImage]]:
        nonlocal done
        for tile in tiles:
            keys[tile.name] = writer.key(tile)
            if writer.is_done(tile, keys[tile.name]):
                done += 1
                report(done, len(tiles))
                continue
            image, mapped = read_for_labels(tile, engine)
            yield (tile, mapped), image

    written = 0
    for (tile, mapped), voices in engine.stream_voices(images(), lambda tag: f"tile {tag[0].name}"):
        writer.write(tile, keys.pop(tile.name), make_label(voices, mapped, writer.config))
        done += 1
        written += 1
        report(done, len(tiles))
    if written < len(tiles):
        log.info("%d of %d tiles were labelled already", len(tiles) - written, len(tiles))


def _summary(
    labelled: Sequence[Tile], tiles: Sequence[Tile], members: Members, writer: LabelWriter, table: Table
) -> PseudoLabels:
    return PseudoLabels(
        models=members.origins,
        engine=writer.engine,
        tiles=len(labelled),
        left_out=len(tiles) - len(labelled),
        mean_agreement=_mean([tile.facts.agreement for tile in labelled]),
        mean_confidence=_mean([tile.facts.mean_confidence for tile in labelled]),
        confident_share=_mean([tile.facts.confident_share for tile in labelled]),
        record=run_record(writer.config, data=table_origin(table)),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
