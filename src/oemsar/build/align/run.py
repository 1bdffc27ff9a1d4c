"""Alignment: a radar image brought onto an orthophoto, with what is known of the error."""

import logging
import math
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from rasterio.io import DatasetReader

from oemsar.build.align.correction import Correction, Ties
from oemsar.build.align.engines import find_engine
from oemsar.build.align.geometry import Geometry, Placing, geometry_of
from oemsar.build.align.images import open_images
from oemsar.build.align.lean import Lean
from oemsar.build.align.pictures import draw_pictures
from oemsar.build.align.report import residuals, write_page
from oemsar.build.align.search import Range, Search
from oemsar.build.align.selection import Choice, choose
from oemsar.build.align.tie_points import TiePoints, read_tie_points, write_geojson, write_points
from oemsar.build.align.transform import Alignment, write_transform
from oemsar.build.align.verdict import (
    Figures,
    Thresholds,
    Verdict,
    as_plain,
    between,
    coverage_of,
    judge,
    precision,
)
from oemsar.errors import InputError
from oemsar.files import require_writable, workplace, write_json
from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.look import look_tags
from oemsar.geometry.resample import resample
from oemsar.progress import Report, silent
from oemsar.raster.canvas import Canvas
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.collect import find_padding
from oemsar.raster.read import describe, open_raster
from oemsar.record import origin, run_record

log = logging.getLogger(__name__)

_SEARCH_METRES = 80.0
_SEARCH_PIXELS = 48.0
_ACROSS = 0.5
"""Radius of the first search across the look, as a share of that along it."""
_GDAL_CACHE_BYTES = 64 << 20
RESULTS = (
    "report.html",
    "transform.json",
    "tie_points.geojson",
    "tie_points.points",
    "sar_aligned.tif",
    "checkerboard.png",
    "magenta_green.png",
    "tie_points.png",
    "report.json",
)
"""Files of an alignment, the one that says it is whole last."""


@dataclass(frozen=True)
class AlignConfig:
    """How a pair is aligned.

    Attributes:
        placing: elevation models, and what a person says about the geometry.
        search: radius of the first search along the look direction, in metres where the images are
            georeferenced in metres, else in pixels of the orthophoto; half of it across. None for 80 m,
            but 48 pixels at least.
        engine: what compares windows: `orientation`, `mutual-information`, or one of a plug-in.
        tie_points: that a person edited; then nothing is matched.
        values: `amplitude` is interpolated as power; `linear` as it is.
        kernel: of the one resampling.
        thresholds: of the verdict.
    """

    placing: Placing = field(default_factory=Placing)
    search: float | None = None
    engine: str = "orientation"
    tie_points: Path | None = None
    values: Literal["amplitude", "linear"] = "amplitude"
    kernel: Kernel = "bicubic"
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True, eq=False)
class _Found:
    """What matching, or a person, found; None where nothing belongs together."""

    ties: Ties | None
    choice: Choice | None
    points: TiePoints
    figures: Figures | None
    search: Search | None


def align(
    sar: Path, optical: Path, out: Path, config: AlignConfig | None = None, report: Report = silent
) -> dict[str, Any]:
    """Bring a radar image onto an orthophoto and say how well it lies there.

    Writes into `out`: `report.json` and `report.html`, `tie_points.geojson` and `tie_points.points`, pictures,
    and unless the verdict is `failed`, `transform.json` and `sar_aligned.tif`, the radar image on the
    orthophoto's grid by a single resampling. Without georeferencing all is in pixels.

    Args:
        sar: amplitude; a product with its sensor model, or one on a map, or plain pixels.
        optical: orthophoto.
        out: folder of the results; those of an earlier run are replaced.
        config: see `AlignConfig`.
        report: told blocks of the present step, done and in all.

    Returns:
        The content of `report.json`.

    Raises:
        InputError: an image is unfit, the two do not overlap, or the geometry is not told.
    """
    config = config or AlignConfig()
    engine = find_engine(config.engine)
    with ExitStack() as files:
        files.enter_context(rasterio.Env(GDAL_CACHEMAX=_GDAL_CACHE_BYTES))
        geometry = geometry_of(sar, optical, config.placing, files)
        scale = geometry.scale()
        require_writable(out)
        _remove_earlier(out)
        folder = files.enter_context(workplace(out / "align"))
        if config.tie_points is not None:
            found = _from_person(geometry, scale, config.tie_points)
        else:
            images = open_images(sar, optical, geometry, _lean(geometry, config.placing, folder), files)
            search = Search(images, engine, _range(geometry, config.search), scale, report)
            search.run()
            found = _from_search(search)
        verdict, reasons = _verdict(found, config)
        write_geojson(out / "tie_points.geojson", found.points, geometry.grid)
        write_points(out / "tie_points.points", found.points, geometry.grid)
        pictures: list[str] = []
        if verdict != "failed" and found.choice is not None:
            alignment = Alignment(geometry, found.choice.correction)
            write_transform(out / "transform.json", alignment)
            _resample(sar, alignment, out / "sar_aligned.tif", folder, config, report)
            pictures = draw_pictures(optical, out / "sar_aligned.tif", found.points, out)
        facts = _facts(found, geometry, scale)
    summary = {
        "verdict": verdict,
        "reasons": reasons,
        "warnings": _warnings(geometry, config),
        "sar": sar.name,
        "optical": optical.name,
        **facts,
        "thresholds": as_plain(config.thresholds),
        "record": run_record(
            {"align": _plain(config), "inputs": [origin(path) for path in _inputs(sar, optical, config)]}
        ),
    }
    write_page(out / "report.html", summary, pictures)
    write_json(out / "report.json", summary)
    return summary


def _remove_earlier(out: Path) -> None:
    """Take the results of an earlier run away, the one that says they are whole first."""
    for name in reversed(RESULTS):
        (out / name).unlink(missing_ok=True)


def _lean(geometry: Geometry, placing: Placing, folder: Path) -> Lean | None:
    """The lean of the surface model, where one is given."""
    terrain = placing.terrain
    if terrain is None or terrain.dsm is None:
        return None
    if geometry.grid is None or geometry.look is None or geometry.lean is None:
        raise InputError(f"{terrain.dsm} is given but not the look; pass --look-azimuth and --incidence")
    models = terrain.dsm, terrain.dem
    return Lean.of(geometry.grid, geometry.look, geometry.lean, models, geometry.terrain(), folder)


def _range(geometry: Geometry, search: float | None) -> Range:
    gsd = geometry.gsd
    if search is not None and not (math.isfinite(search) and search > 0):
        raise InputError(f"--search {search} is not a positive number of metres or pixels")
    if search is not None:
        radius = search if gsd is None else search / gsd
    else:
        radius = _SEARCH_PIXELS if gsd is None else max(_SEARCH_PIXELS, _SEARCH_METRES / gsd)
    direction = geometry.towards_radar
    return Range(radius, radius if direction is None else _ACROSS * radius, direction)


def _from_person(geometry: Geometry, scale: float, path: Path) -> _Found:
    """The correction that a person's tie points ask for; every one of them is believed."""
    points = read_tie_points(path, geometry.grid)
    used = points.used
    x, y = geometry.prior(points.optical_x[used], points.optical_y[used])
    heights = geometry.heights
    height = None if heights is None else heights(points.optical_x[used], points.optical_y[used])
    known = np.isfinite(x)
    if not known.all():
        raise InputError(f"{path} has a tie point where the radar image or the terrain is not known")
    ties = Ties(x, y, points.sar_x[used], points.sar_y[used], height)
    choice = choose(ties, scale, robust=False)
    residual = points.residual.copy()
    residual[used] = choice.left_out
    kept = TiePoints(points.sar_x, points.sar_y, points.optical_x, points.optical_y, used, residual)
    figures = _figures(ties, choice, geometry, scale, kept, robust=False)
    return _Found(ties, choice, kept, figures, None)


def _from_search(search: Search) -> _Found:
    """What the last level found."""
    stage, geometry = search.stages[-1], search.images.geometry
    matches = stage.matches
    ties, choice = search.ties, search.choice
    sar_x, sar_y = search.radar_places(matches)
    residual = np.full(len(matches), np.nan)
    if choice is not None:
        residual[stage.agreeing] = choice.left_out
    optical_x, optical_y = search.ground_places(matches)
    points = TiePoints(sar_x, sar_y, optical_x, optical_y, stage.agreeing, residual)
    if choice is None or ties is None:
        return _Found(None, None, points, None, search)
    figures = replace(
        _figures(ties, choice, geometry, search.scale, points, robust=True),
        agreeing_share=float(stage.agreeing.sum()) / max(stage.windows, 1),
        scales_px=between(search.coarser(), choice.correction, geometry, search.scale),
        prominence=stage.shift.prominence,
    )
    return _Found(ties, choice, points, figures, search)


def _figures(
    ties: Ties, choice: Choice, geometry: Geometry, scale: float, points: TiePoints, *, robust: bool
) -> Figures:
    taken = next(trial for trial in choice.trials if trial.model == choice.correction.model)
    return Figures(
        tie_points=len(ties),
        residual_median_px=float(np.median(choice.left_out)),
        held_out_median_px=taken.median,
        precision_px=precision(ties, choice, geometry, scale, robust=robust),
        coverage=coverage_of(points.optical_x[points.used], points.optical_y[points.used], geometry.shape),
    )


def _verdict(found: _Found, config: AlignConfig) -> tuple[Verdict, list[str]]:
    if found.figures is None:
        return "failed", ["no displacement fits the whole"]
    return judge(found.figures, config.thresholds, edited=config.tie_points is not None)


def _warnings(geometry: Geometry, config: AlignConfig) -> list[str]:
    """What a person should know that no figure tells."""
    warnings = []
    if geometry.grid is None:
        warnings.append("without georeferencing the images are aligned in pixels")
    if config.placing.terrain is None or config.placing.terrain.dsm is None:
        warnings.append(
            "without a surface model roofs and crowns, which lean towards the radar, are matched like the ground"
        )
    return warnings


def _facts(found: _Found, geometry: Geometry, scale: float) -> dict[str, Any]:
    """What was found, as plain values."""
    choice = found.choice
    empty = {"median": None, "p95": None, "along_look": None, "across_look": None}
    stages = [] if found.search is None else found.search.stages
    return {
        "n_tie_points": 0 if found.ties is None else len(found.ties),
        "model": None if choice is None else choice.correction.model,
        "residual_px": empty
        if choice is None or found.ties is None
        else residuals(found.ties, choice, geometry.towards_radar, geometry.to_optical()),
        "figures": {} if found.figures is None else _finite(asdict(found.figures)),
        "offset_px": None if choice is None else _offset(geometry, choice.correction),
        "gsd_m": geometry.gsd,
        "look": None if geometry.look is None else asdict(geometry.look),
        "crown_depth": None
        if found.search is None or found.search.images.lean is None
        else found.search.images.lean.depth,
        "trials": []
        if choice is None
        else [
            {
                "model": trial.model,
                "median_px": trial.median if math.isfinite(trial.median) else None,
                "rms_px": trial.mean,
                "rejected": trial.rejected,
            }
            for trial in choice.trials
        ],
        "stages": [
            {
                "factor": stage.level.factor,
                "window": stage.level.window,
                "windows": stage.windows,
                "matches": len(stage.matches),
                "agreeing": int(stage.agreeing.sum()),
                "shift_px": [stage.shift.x * stage.level.factor, stage.shift.y * stage.level.factor],
                "prominence": stage.shift.prominence,
                "model": stage.correction.model,
            }
            for stage in stages
        ],
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }


def _offset(geometry: Geometry, correction: Correction) -> list[float]:
    """How far the radar image moves in its middle, columns and rows of the orthophoto."""
    x, y = geometry.lattice(5)
    place = geometry.prior(x, y)
    apart = np.stack(correction(*place, np.zeros_like(x))) - np.stack(place)
    middle = np.nanmedian(apart.reshape(2, -1), 1)
    return [float(value) for value in -geometry.to_optical() @ middle]


def _resample(
    sar: Path, alignment: Alignment, out: Path, folder: Path, config: AlignConfig, report: Report
) -> None:
    """The radar image on the orthophoto's grid, by one resampling from the file as it came."""
    geometry = alignment.geometry
    with open_raster(sar) as dataset:
        bands = describe(dataset, sar).bands
        dtype = np.dtype(dataset.dtypes[0])
        nodata = _nodata(dataset, dtype)
        canvases = [Canvas(folder / f"band{band}.raw", geometry.shape, dtype) for band in range(bands)]
        padding = None if describe(dataset, sar).tells_nodata else find_padding(dataset, bands)
        resample(
            dataset,
            alignment,
            canvases,
            power=config.values == "amplitude",
            nodata=nodata,
            kernel=config.kernel,
            padding=padding,
            report=report,
        )
        tags = {key: value for key, value in dataset.tags().items() if key.startswith("OEMSAR_")}
    tags.pop("OEMSAR_PROJECTION_HEIGHT", None)
    if geometry.look is not None:
        tags |= look_tags(geometry.look)
    publish_cog(canvases, out, geometry.grid, Layer(nodata=nodata, tags=tags))


def _nodata(dataset: DatasetReader, dtype: np.dtype[Any]) -> float:
    if dataset.nodata is not None:
        return float(dataset.nodata)
    return 0.0 if dtype.kind in "iu" else float("nan")


def _inputs(sar: Path, optical: Path, config: AlignConfig) -> list[Path]:
    terrain = config.placing.terrain
    more = [] if terrain is None else terrain.files()
    return [sar, optical, *more, *([] if config.tie_points is None else [config.tie_points])]


def _plain(config: AlignConfig) -> dict[str, Any]:
    """The configuration as plain values, paths by their names."""
    placing = config.placing
    terrain = placing.terrain
    return {
        "search": config.search,
        "engine": config.engine,
        "values": config.values,
        "kernel": config.kernel,
        "tie_points": None if config.tie_points is None else config.tie_points.name,
        "dem": None if terrain is None else terrain.dem.name,
        "geoid": None if terrain is None or terrain.geoid is None else terrain.geoid.name,
        "dsm": None if terrain is None or terrain.dsm is None else terrain.dsm.name,
        "dem_datum": placing.dem_datum,
        "look": None if placing.look is None else asdict(placing.look),
        "projection_height": placing.projection_height,
    }
