"""Mapping a whole scene: windows through the network, blended, onto disk."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import oemsar
from oemsar import legend
from oemsar.errors import InputError
from oemsar.files import checksum, require_writable, write_json
from oemsar.inference.engine import Engine
from oemsar.inference.options import DeviceKind, EngineKind
from oemsar.inference.select import open_model
from oemsar.models.saved import WEIGHTS, load_model, model_folder
from oemsar.predict.blend import Blender, classify
from oemsar.predict.quicklook import write_quicklook
from oemsar.predict.scene import Scene, Treatment, open_scene
from oemsar.predict.state import Progress, ResumableMap, file_identity
from oemsar.predict.windows import Span, spans
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Extent
from oemsar.record import run_record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PredictConfig:
    """How a scene is mapped.

    Attributes:
        window: side of the windows the network sees, in pixels; near the size of the tiles it was trained on.
        overlap: width of the zone in which neighbouring windows are blended, in pixels, at most a third of
            `window`.
        flips: average over the four mirror images of each window.
        engine: `auto`, `torch` or `openvino`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        treatment: how nodata and value ranges of the scene are read.
    """

    window: int = 1024
    overlap: int = 128
    flips: bool = False
    engine: EngineKind = "auto"
    device: DeviceKind = "auto"
    treatment: Treatment = field(default_factory=Treatment)


@dataclass(frozen=True)
class _Task:
    """The paths of one map."""

    model: Path
    scene: Path
    optical: Path | None
    out: Path


def predict(
    model: Path,
    scene: Path,
    out: Path,
    optical: Path | None = None,
    *,
    config: PredictConfig | None = None,
    report: Report = silent,
) -> dict[str, Any]:
    """Map a scene of any size, with the grid of the scene.

    Writes `out` (class ids 1..8, uint8, 0 = no data), beside it `_confidence.tif` (percent, uint8, 0 = no
    data), `.png` (a quick look with the legend) and `.json` (the summary). Memory is that of a few windows.
    Killed and called again with the same arguments it goes on, to the same bytes.

    Args:
        model: a run or a saved model.
        scene: the radar image; the orthophoto for a model that sees only optical.
        out: the map, ending in `.tif`.
        optical: the orthophoto for a model that sees both, on any grid that covers the scene.
        config: see `PredictConfig`.
        report: told the windows done and in all.

    Returns:
        The summary: files, pixels and hectares of each class, share without data, the record of the run.

    Raises:
        InputError: the model or an image is not as it must be, or no pixel carries data.
        Failure: the disk is full, or a window does not fit into the device's memory.
    """
    config = config or PredictConfig()
    task = _Task(model, scene, optical, out)
    _require_output(task)
    network = load_model(model)
    with (
        gdal_cache(),
        open_scene(scene, optical, network.spec.modalities, config.treatment) as opened,
    ):
        with open_model(network, engine=config.engine, device=config.device, flips=config.flips) as engine:
            resumable = ResumableMap(out, _identity(task, config, engine))
            pixels = _map(opened, engine, resumable, config, report)
        if not sum(pixels):
            resumable.remove()
            raise InputError(f"{scene} holds no data: every pixel is nodata, so there is nothing to map")
        summary = _summary(task, config, opened, engine.name, pixels)
        _publish(task, opened, resumable, summary)
    return summary


def confidence_path(out: Path) -> Path:
    """Where the confidence of the map `out` lies."""
    return out.with_name(f"{out.stem}_confidence.tif")


def _require_output(task: _Task) -> None:
    if task.out.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"{task.out} must end in .tif: the map is a GeoTIFF")
    require_writable(task.out.parent)
    if task.out.is_dir():
        raise InputError(f"{task.out} is a folder; give the name of the map to write")
    for image in (task.scene, task.optical):
        if (
            image is not None
            and image.exists()
            and image.resolve()
            in (
                task.out.resolve(),
                confidence_path(task.out).resolve(),
            )
        ):
            raise InputError(f"{task.out} would overwrite the input {image}; choose another --out")


def _identity(task: _Task, config: PredictConfig, engine: Engine) -> dict[str, Any]:
    """Everything that decides the pixels of the map."""
    return {
        "version": oemsar.__version__,
        "weights": checksum(model_folder(task.model) / WEIGHTS),
        "scene": file_identity(task.scene),
        "optical": file_identity(task.optical),
        "engine": engine.name,
        "config": repr(config),
    }


def _map(
    scene: Scene, engine: Engine, resumable: ResumableMap, config: PredictConfig, report: Report
) -> NDArray[np.int64]:
    """Lay the class map and its confidence down in the workplace; returns the pixels of each class."""
    rows = spans(scene.shape[0], config.window, config.overlap)
    columns = spans(scene.shape[1], config.window, config.overlap)
    canvases = _canvases(resumable, scene.shape)
    begun = resumable.progress or Progress(0, (0,) * legend.NUM_CLASSES)
    if begun.rows:
        log.info("Going on after %d of %d rows of windows", begun.rows, len(rows))
    pixels = np.array(begun.pixels, np.int64)
    blender = Blender(resumable.folder, rows, columns)
    windows = _windows(scene, rows, columns, begun.rows)
    for (row, column, valid), probabilities in engine.stream_tagged(windows):
        if column == 0:
            blender.begin_row()
        blended = blender.add(row, column, probabilities)
        if blended is not None:
            pixels += _lay_down(canvases, rows[row], columns[column], blended, valid)
        report(row * len(columns) + column + 1, len(rows) * len(columns))
        if column == len(columns) - 1:
            resumable.save(Progress(row + 1, tuple(int(count) for count in pixels)))
    return pixels


def _windows(
    scene: Scene, rows: list[Span], columns: list[Span], first_row: int
) -> Iterator[tuple[tuple[int, int, NDArray[np.bool_]], NDArray[np.uint8] | None]]:
    """Read the windows in order: their indices and valid pixels, and their image where any is valid."""
    for row in range(first_row, len(rows)):
        for column, span in enumerate(columns):
            extent = Extent(rows[row].start, span.start, rows[row].size, span.size)
            image, valid = scene.read(extent)
            yield (row, column, valid), image if valid.any() else None


def _lay_down(
    canvases: tuple[RawRaster, RawRaster],
    vertical: Span,
    horizontal: Span,
    blended: NDArray[np.float32],
    valid: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Write what a window completed; returns the pixels of each class in it."""
    top, left = vertical.first - vertical.start, horizontal.first - horizontal.start
    height, width = blended.shape[1:]
    data = valid[top : top + height, left : left + width]
    layers = classify(blended)
    for canvas, layer in zip(canvases, layers, strict=True):
        canvas.write(vertical.first, horizontal.first, layer * data)
    return np.bincount((layers[0] * data).ravel(), minlength=legend.NUM_CLASSES + 1)[1:]


def _canvases(resumable: ResumableMap, shape: tuple[int, int]) -> tuple[RawRaster, RawRaster]:
    """Class ids and confidence; what has been laid down before is kept."""
    return (
        RawRaster(resumable.folder / "classes.raw", shape, np.uint8),
        RawRaster(resumable.folder / "confidence.raw", shape, np.uint8),
    )


def _publish(task: _Task, scene: Scene, resumable: ResumableMap, summary: dict[str, Any]) -> None:
    classes, confidence = _canvases(resumable, scene.shape)
    tags = {"SOFTWARE": f"oemsar {oemsar.__version__}"}
    percent = Layer(nodata=0, tags=tags, description="confidence (percent)")
    publish_cog([confidence], confidence_path(task.out), scene.grid, percent)
    land_cover = Layer(
        nodata=legend.UNKNOWN.id,
        palette=legend.palette(),
        categories=legend.category_names(),
        tags=tags,
        description="land cover",
    )
    write_json(task.out.with_suffix(".json"), summary)
    publish_cog([classes], task.out, scene.grid, land_cover)
    write_quicklook(task.out, task.scene, task.out.with_suffix(".png"))
    resumable.remove()


def _summary(
    task: _Task,
    config: PredictConfig,
    scene: Scene,
    engine: str,
    pixels: NDArray[np.int64],
) -> dict[str, Any]:
    total = scene.shape[0] * scene.shape[1]
    area = _pixel_area(scene)
    classes = {
        name: {
            "pixels": int(count),
            "share": int(count) / int(pixels.sum()),
            "hectares": None if area is None else int(count) * area / 10_000,
        }
        for name, count in zip(legend.NAMES, pixels, strict=True)
    }
    options = {
        "window": config.window,
        "overlap": config.overlap,
        "flips": config.flips,
        "nodata": config.treatment.nodata,
        "range": config.treatment.value_range,
    }
    return {
        "map": str(task.out),
        "confidence": str(confidence_path(task.out)),
        "quicklook": str(task.out.with_suffix(".png")),
        "georeferenced": scene.grid is not None and scene.grid.crs is not None,
        "modalities": scene.modalities.value,
        "engine": engine,
        "nodata_share": 1 - int(pixels.sum()) / total,
        "classes": classes,
        "record": run_record(options).plain(),
    }


def _pixel_area(scene: Scene) -> float | None:
    """Ground area of a pixel in square metres; None without a projected CRS in metres."""
    grid = scene.grid
    if grid is None or grid.crs is None or not grid.crs.projected or "metre" not in grid.crs.units:
        return None
    a, b, _, d, e, _ = grid.affine[:6]
    return float(abs(a * e - b * d))
