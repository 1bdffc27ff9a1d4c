"""The calibration of a network on the labelled tiles of a split."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from oemsar.config_file import Value
from oemsar.dataset.table import Table, as_tiles, select_split, table_files
from oemsar.dataset.tile import Tile
from oemsar.evaluate.calibration_fit import fit_calibration
from oemsar.evaluate.config import CalibrateConfig
from oemsar.evaluate.pixel_sample import PixelSample, sample_pixels
from oemsar.evaluate.predictions import Predicted, predict_tiles, scorable
from oemsar.evaluate.record import record_of
from oemsar.evaluate.reliability import Reliability, ReliabilityCounts, reliability
from oemsar.folders import require_apart
from oemsar.inference.config import InferenceConfig
from oemsar.inference.select import open_model
from oemsar.locks import holds_output
from oemsar.models.calibration import Calibration
from oemsar.models.layout import DESCRIPTION, WEIGHTS
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import (
    as_network,
    load_model,
    model_files,
    read_description,
    require_own_model,
    save_model,
    store_calibration,
)
from oemsar.progress import Report, silent

PIXELS_OF_A_TILE = 1 << 14
"""Most pixels that are taken of a tile: neighbours tell the same, and tiles are many."""


class CalibratedModel(Value):
    """A model whose probabilities were calibrated."""

    format: Literal[1] = 1
    """Version of the format."""
    path: Path
    """Folder of the saved model."""
    calibration: Calibration
    """Scaling and thresholds."""
    before: Reliability
    """Scores of the probabilities of the network on the pixels it was fitted on."""
    after: Reliability
    """Scores of the calibrated probabilities on the same pixels."""


@holds_output()
def calibrate_model(
    model: Path | str | LandCoverNetwork,
    data: Table,
    out: Path,
    *,
    config: CalibrateConfig = CalibrateConfig(),
    report: Report = silent,
) -> CalibratedModel:
    """Fit the calibration of a network on the labelled tiles of a split, and save the model with it.

    A calibration that the network has is replaced. The weights stay as they are.

    Args:
        model: Folder of a run or of a saved model, the name of a packaged model, or a network.
        data: Table of tiles: its file, or the tiles.
        out: Folder of the calibrated model.
        config: Split, kind of scaling, and engine.
        report: Called after each tile.

    Raises:
        InputError: The model, the table or a tile is wrong, no tile can be used, or `out` is the model.
    """
    files = model_files(model)
    require_apart([out, out / WEIGHTS, out / DESCRIPTION], [*table_files(data, as_tiles(data)), *files])
    require_own_model(out)
    network = as_network(model)
    spec = network.spec
    chosen = select_split(as_tiles(data), config.split, data)
    tiles = scorable(chosen, spec.modalities, config.split, data, takes_any=spec.takes_any)
    sample = sample_tiles(network, tiles, config, report)
    calibration = _fit(sample, config)
    record: dict[str, JsonValue] = {}
    if not isinstance(model, LandCoverNetwork):
        record = read_description(Path(model)).record
    calibrated = record_of(model, data, config.model_dump(mode="json", exclude=config.unrecorded)).plain()
    former, network.calibration = network.calibration, calibration
    try:
        save_model(network, out, {**record, "calibrated": calibrated})
    finally:
        if isinstance(model, LandCoverNetwork):
            network.calibration = former
    scaled = replace(sample, probabilities=calibration.apply(sample.probabilities.T.copy()).T)
    return CalibratedModel(path=out, calibration=calibration, before=_scores(sample), after=_scores(scaled))


def calibrate_saved(path: Path, tiles: Sequence[Tile], config: CalibrateConfig) -> Calibration:
    """Fit the calibration of a saved model on labelled tiles and store it in the model.

    Args:
        path: Folder of the saved model, which the caller holds.
        tiles: Tiles with a label and the imagery of the network.
        config: Kind of scaling and engine; the split is recorded.

    Raises:
        InputError: The model or a tile is wrong, or no pixel of the labels is known.
    """
    sample = sample_tiles(load_model(path), tiles, config)
    calibration = _fit(sample, config)
    store_calibration(path, calibration)
    return calibration


def describe_units(tiles: Sequence[Tile], count: int) -> str:
    """Say what a calibration counts as equal: regions, or tiles where each stands for itself.

    Args:
        tiles: Tiles that were used.
        count: Number of regions, each tile without one counted as one of its own.
    """
    alone = sum(not tile.region for tile in tiles)
    word = "tile" if alone == len(tiles) else "region"
    others = f" ({alone} of them tiles without one)" if 0 < alone < len(tiles) else ""
    return f"{count} {word}{'' if count == 1 else 's'}{others}"


def _fit(sample: PixelSample, config: CalibrateConfig) -> Calibration:
    """Fit a calibration that knows which views of an image its probabilities are means over."""
    calibration = fit_calibration(sample, config.kind, config.split)
    return calibration.model_copy(update={"flips": config.flips, "scales": config.scales})


def sample_tiles(
    network: LandCoverNetwork, tiles: Sequence[Tile], config: InferenceConfig, report: Report = silent
) -> PixelSample:
    """Sample the labelled pixels of tiles with the probabilities that a network gives, not calibrated.

    Raises:
        InputError: A tile is wrong.
    """
    report(0, len(tiles))
    former, network.calibration = network.calibration, None
    try:
        with open_model(network, **config.engine_options) as engine:
            predicted = predict_tiles(tiles, network.spec.modalities, engine)
            return sample_pixels(_reported(predicted, len(tiles), report), PIXELS_OF_A_TILE)
    finally:
        network.calibration = former


def _reported(predicted: Iterator[Predicted], total: int, report: Report) -> Iterator[Predicted]:
    """Report each tile that was used."""
    for number, each in enumerate(predicted, 1):
        yield each
        report(number, total)


def _scores(sample: PixelSample) -> Reliability:
    return reliability(ReliabilityCounts.of(sample.probabilities, sample.truth))
