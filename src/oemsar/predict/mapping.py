"""Windows of an image through a network, blended, onto the layers of a map."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from oemsar import legend
from oemsar.arrays import Imagery
from oemsar.inference.engine import Engine
from oemsar.inference.ensemble import PendingVoices
from oemsar.masked import MaskedImage
from oemsar.models.prediction_sets import prediction_sets
from oemsar.predict.blend import Blender, classify
from oemsar.predict.config import WindowConfig
from oemsar.predict.shares import entropy, share_bytes
from oemsar.predict.state import MapCheckpoint
from oemsar.predict.windows import Span, spans
from oemsar.progress import Report
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Extent

log = logging.getLogger(__name__)

NOTHING = MapCheckpoint(0, (0,) * legend.NUM_CLASSES)
"""Checkpoint of a map that has not begun."""


class WindowSource(Protocol):
    """Image that is read window by window."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def read(self, extent: Extent) -> tuple[Imagery | MaskedImage, NDArray[np.bool_]]:
        """Read channels, (channels, height, width), and the pixels that are mapped."""


class MappedPixels(NamedTuple):
    """Pixels of a map.

    Attributes:
        classes: Number of pixels of each class, int64, in legend order.
        subsets: Number of pixels where each subset of the inputs carries data, int64, as
            `MaskedImage.subsets` numbers them, the first of none; empty for a network that needs all inputs.
    """

    classes: NDArray[np.int64]
    subsets: NDArray[np.int64]


class _Window(NamedTuple):
    """A window on its way through the network: indices of its row and column, and its mapped pixels."""

    row: int
    column: int
    valid: NDArray[np.bool_]
    subsets: NDArray[np.uint16] | None


class FurtherLayers(NamedTuple):
    """Layers of a map beside classes and confidence.

    Attributes:
        thresholds: Least probability of each class in a prediction set, shape (8,); None for no sets.
        inputs: Whether to map which inputs carry data.
        probabilities: Whether to keep the probability of each class.
        entropy: Whether to map the entropy of the probabilities.
        disagreement: Whether to map how far several networks differ.
    """

    thresholds: NDArray[np.float32] | None = None
    inputs: bool = False
    probabilities: bool = False
    entropy: bool = False
    disagreement: bool = False

    @property
    def number(self) -> int:
        """Number of bands."""
        planes = legend.NUM_CLASSES if self.probabilities else 0
        return (0 if self.thresholds is None else 2) + self.inputs + planes + self.entropy + self.disagreement


class MapLayers(NamedTuple):
    """Layers of a map on disk, uint8 (height, width).

    Attributes:
        classes: Class ids 1..8, 0 without data.
        confidence: Probability of that class in percent, 0 without data.
        set_sizes: Number of classes in the prediction set, 0 without data; None without sets.
        set_members: Bit k - 1 is set where class id k is in the set, 0 without data; None without sets.
        inputs: Bit i is set where input i carries data, 0 where nothing is mapped; None without this layer.
        probabilities: Probability of each class as `share_bytes`, 0 without data; empty without this layer.
        entropy: Entropy of the probabilities as `share_bytes`, 0 without data; None without this layer.
        disagreement: How far the networks differ, as `share_bytes`; None without this layer.
    """

    classes: RawRaster
    confidence: RawRaster
    set_sizes: RawRaster | None = None
    set_members: RawRaster | None = None
    inputs: RawRaster | None = None
    probabilities: tuple[RawRaster, ...] = ()
    entropy: RawRaster | None = None
    disagreement: RawRaster | None = None

    @classmethod
    def in_folder(
        cls, folder: Path, shape: tuple[int, int], further: FurtherLayers = FurtherLayers()
    ) -> "MapLayers":
        """Open the layers in a folder, with the further ones that are wanted; written pixels are kept."""
        sets = () if further.thresholds is None else ("set_sizes", "set_members")
        wanted = [name for name in ("inputs", "entropy", "disagreement") if getattr(further, name)]
        names = ("classes", "confidence", *sets, *wanted)
        single = {name: RawRaster(folder / f"{name}.raw", shape, np.uint8) for name in names}
        planes = range(1, legend.NUM_CLASSES + 1) if further.probabilities else ()
        shares = [RawRaster(folder / f"probability{number}.raw", shape, np.uint8) for number in planes]
        return cls(**single, probabilities=tuple(shares))

    @property
    def present(self) -> tuple[RawRaster, ...]:
        """The bands that are there, in their order."""
        before = (self.classes, self.confidence, self.set_sizes, self.set_members, self.inputs)
        bands = (*before, *self.probabilities, self.entropy, self.disagreement)
        return tuple(layer for layer in bands if layer is not None)


def map_windows(
    source: WindowSource,
    engine: Engine,
    folder: Path,
    config: WindowConfig,
    *,
    further: FurtherLayers = FurtherLayers(),
    begun: MapCheckpoint = NOTHING,
    save: Callable[[MapCheckpoint], None] = lambda _: None,
    report: Report,
) -> MappedPixels:
    """Map an image into the layers of a folder.

    Args:
        source: Image.
        engine: Network made ready.
        folder: Folder of the layers and of the seams between rows of windows.
        config: Windows and their overlap.
        further: Layers beside classes and confidence; that of inputs needs a source of masked images, that of
            disagreement several networks.
        begun: Part of the map that the folder holds already.
        save: Called after each complete row of windows.
        report: Called after each window.

    Returns:
        Number of mapped pixels.

    Raises:
        Failure: The network gives something other than probabilities in a window, whose position is named.
    """
    rows = spans(source.shape[0], config.window, config.overlap)
    columns = spans(source.shape[1], config.window, config.overlap)
    layers = MapLayers.in_folder(folder, source.shape, further)
    if begun.rows:
        log.info("Going on after %d of %d rows of windows", begun.rows, len(rows))
    pixels = np.array(begun.pixels, np.int64)
    inputs = len(engine.spec.modalities) if engine.spec.takes_any or further.inputs else 0
    subsets = np.array(begun.subsets or [0] * (1 << inputs if inputs else 0), np.int64)
    blender = Blender(folder, rows, columns, legend.NUM_CLASSES + further.disagreement)
    windows = _windows(source, rows, columns, begun.rows)

    def describe(window: _Window) -> str:
        return f"the window at row {rows[window.row].start}, column {columns[window.column].start}"

    for window, probabilities in _streamed(engine, windows, describe, further.disagreement):
        row, column = window.row, window.column
        if column == 0:
            blender.begin_row()
        blended = blender.add(row, column, probabilities)
        if blended is not None:
            spanned = (rows[row], columns[column])
            pixels += _write_block(layers, spanned, blended, window, further)
            if len(subsets) and window.subsets is not None:
                block = _block(spanned, blended)
                numbers = window.subsets[block][window.valid[block]]
                subsets += np.bincount(numbers, minlength=len(subsets))
        report(row * len(columns) + column + 1, len(rows) * len(columns))
        if column == len(columns) - 1:
            save(MapCheckpoint(row + 1, tuple(pixels.tolist()), tuple(subsets.tolist())))
    return MappedPixels(pixels, subsets)


def _windows(
    source: WindowSource, rows: list[Span], columns: list[Span], first_row: int
) -> Iterator[tuple[_Window, Imagery | MaskedImage | None]]:
    """Read the windows in order: their indices and valid pixels, and their image where any is valid."""
    for row in range(first_row, len(rows)):
        for column, span in enumerate(columns):
            extent = Extent(rows[row].start, span.start, rows[row].size, span.size)
            image, valid = source.read(extent)
            subsets = image.subsets() if isinstance(image, MaskedImage) else None
            yield _Window(row, column, valid, subsets), image if valid.any() else None


def _streamed(
    engine: Engine,
    windows: Iterator[tuple[_Window, Imagery | MaskedImage | None]],
    describe: Callable[[_Window], str],
    disagreement: bool,
) -> Iterator[tuple[_Window, NDArray[np.float32] | None]]:
    """Turn windows into probabilities, with the disagreement of several networks behind them if wanted."""
    if not disagreement:
        yield from engine.stream_tagged(windows, describe)
        return
    with closing(engine.stream_pending(windows)) as stream:
        for window, pending in stream:
            if isinstance(pending, PendingVoices):
                voices = pending.voices(partial(describe, window))
                yield window, np.concatenate([voices.mean(), voices.disagreement()[None]])
            else:
                yield window, None


def _write_block(
    layers: MapLayers,
    spanned: tuple[Span, Span],
    blended: NDArray[np.float32],
    window: _Window,
    further: FurtherLayers,
) -> NDArray[np.int64]:
    """Write the block that a window completed; returns the pixels of each class in it."""
    vertical, horizontal = spanned
    block = _block(spanned, blended)
    data = window.valid[block]
    probabilities = blended[: legend.NUM_CLASSES]
    ids, confidence = classify(probabilities)
    bands = [ids, confidence]
    if further.thresholds is not None:
        bands += prediction_sets(probabilities, further.thresholds)
    if further.inputs and window.subsets is not None:
        bands.append(window.subsets[block].astype(np.uint8))
    if further.probabilities:
        bands += [*share_bytes(probabilities)]
    if further.entropy:
        bands.append(share_bytes(entropy(probabilities)))
    if further.disagreement:
        bands.append(share_bytes(blended[legend.NUM_CLASSES]))
    for layer, band in zip(layers.present, bands, strict=True):
        layer.write(vertical.first, horizontal.first, band * data)
    return np.bincount((ids * data).ravel(), minlength=legend.NUM_CLASSES + 1)[1:]


def _block(window: tuple[Span, Span], blended: NDArray[np.float32]) -> tuple[slice, slice]:
    """Find the block that a window completed, in pixels of the window."""
    vertical, horizontal = window
    top, left = vertical.first - vertical.start, horizontal.first - horizontal.start
    height, width = blended.shape[1:]
    return slice(top, top + height), slice(left, left + width)
