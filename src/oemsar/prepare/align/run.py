"""Alignment: a radar image brought onto an orthophoto, with what is known of the error."""

import math
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from oemsar.errors import InputError
from oemsar.files import require_writable, scratch_folder, write_json
from oemsar.geometry.interpolate import Kernel
from oemsar.prepare.align.matching.engines import find_engine
from oemsar.prepare.align.matching.search import Range, Search
from oemsar.prepare.align.outcome import Outcome, facts_of, from_person, from_search
from oemsar.prepare.align.output.aligned import write_aligned
from oemsar.prepare.align.output.pictures import draw_pictures
from oemsar.prepare.align.output.report import write_page
from oemsar.prepare.align.output.tie_points import write_geojson, write_points
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.images import open_images
from oemsar.prepare.align.scene.open_geometry import GeometryOptions, geometry_of
from oemsar.prepare.align.scene.relief_displacement import Lean
from oemsar.prepare.align.scene.transform import Alignment, write_transform
from oemsar.prepare.align.verdict import Thresholds, Verdict, judge
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.record import origin, run_record

_SEARCH_METRES = 80.0
_SEARCH_PIXELS = 48.0
_ACROSS = 0.5
"""Radius of the first search across the look, as a share of that along it."""
_LEANING_GSD = 3.0
"""Metres to a pixel under which roofs and crowns lean by more than a pixel."""
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

    placing: GeometryOptions = field(default_factory=GeometryOptions)
    search: float | None = None
    engine: str = "orientation"
    tie_points: Path | None = None
    values: Literal["amplitude", "linear"] = "amplitude"
    kernel: Kernel = "bicubic"
    thresholds: Thresholds = field(default_factory=Thresholds)


def align(
    sar: Path, optical: Path, out: Path, config: AlignConfig | None = None, report: Report = silent
) -> dict[str, Any]:
    """Bring a radar image onto an orthophoto and say how well it lies there.

    Writes into `out`: `report.json` and `report.html`, `tie_points.geojson` and `tie_points.points`, and
    unless the verdict is `failed`, `transform.json`, pictures, and `sar_aligned.tif`, the radar image on
    the orthophoto's grid by a single resampling. Without georeferencing all is in pixels.

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
        files.enter_context(gdal_cache())
        geometry = geometry_of(sar, optical, config.placing, files)
        scale = geometry.scale()
        files.enter_context(_no_empty_folder(out))
        folder = files.enter_context(scratch_folder(out / "align"))
        if config.tie_points is not None:
            found = from_person(geometry, scale, config.tie_points)
        else:
            lean = _lean(geometry, config.placing, folder)
            images = open_images(sar, optical, geometry, lean, folder=folder, files=files)
            search = Search(images, engine, _range(geometry, config.search), scale, report)
            search.run()
            found = from_search(search)
        verdict, reasons = _verdict(found, geometry, config)
        _remove_earlier(out)
        write_geojson(out / "tie_points.geojson", found.points, geometry.grid)
        write_points(out / "tie_points.points", found.points, geometry.grid)
        pictures: list[str] = []
        if verdict != "failed" and found.choice is not None:
            alignment = Alignment(geometry, found.choice.correction)
            write_transform(out / "transform.json", alignment)
            power = config.values == "amplitude"
            aligned = out / "sar_aligned.tif"
            write_aligned(sar, alignment, aligned, folder, power=power, kernel=config.kernel, report=report)
            pictures = draw_pictures(optical, out / "sar_aligned.tif", found.points, out)
        facts = facts_of(found, geometry)
    summary = {
        "verdict": verdict,
        "reasons": reasons,
        "warnings": _warnings(geometry, config),
        "sar": sar.name,
        "optical": optical.name,
        **facts,
        "thresholds": asdict(config.thresholds),
        "record": run_record(
            {"align": _plain(config), "inputs": [origin(path) for path in _inputs(sar, optical, config)]}
        ).plain(),
    }
    write_page(out / "report.html", summary, pictures)
    write_json(out / "report.json", summary)
    return summary


@contextmanager
def _no_empty_folder(out: Path) -> Iterator[None]:
    """After wrong input, take away a folder that this run made."""
    existed = out.exists()
    require_writable(out)
    try:
        yield
    except InputError:
        if not existed:
            shutil.rmtree(out, ignore_errors=True)
        raise


def _remove_earlier(out: Path) -> None:
    """Take the results of an earlier run away, the one that says they are whole first."""
    for name in reversed(RESULTS):
        (out / name).unlink(missing_ok=True)


def _lean(geometry: Geometry, placing: GeometryOptions, folder: Path) -> Lean | None:
    """The lean of the surface model, where one is given."""
    terrain = placing.terrain
    if terrain is None or terrain.dsm is None:
        return None
    return Lean.of(geometry, (terrain.dsm, terrain.dem), folder)


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


def _verdict(found: Outcome, geometry: Geometry, config: AlignConfig) -> tuple[Verdict, list[str]]:
    if found.figures is None:
        return "failed", ["no displacement fits the whole"]
    fine = geometry.gsd is not None and geometry.gsd < _LEANING_GSD
    leaning = fine and (config.placing.terrain is None or config.placing.terrain.dsm is None)
    edited = config.tie_points is not None
    return judge(found.figures, config.thresholds, edited=edited, leaning=leaning)


def _warnings(geometry: Geometry, config: AlignConfig) -> list[str]:
    """What a person should know that no figure tells."""
    warnings = []
    if geometry.grid is None:
        warnings.append("without georeferencing the images are aligned in pixels")
    if config.placing.terrain is None or config.placing.terrain.dsm is None:
        warnings.append(
            "without a surface model roofs and crowns, which lean towards the radar, count as ground"
        )
    return warnings


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
