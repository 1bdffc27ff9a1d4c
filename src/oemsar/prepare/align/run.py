"""Alignment: a radar image brought onto an orthophoto, with what is known of the error."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from odc.geo.geobox import GeoBox

from oemsar.files import scratch_folder, write_json
from oemsar.folders import claimed, is_record, require_apart
from oemsar.locks import holds_output
from oemsar.prepare.align.config import MATCHERS, AlignConfig
from oemsar.prepare.align.matching.levels import Range
from oemsar.prepare.align.matching.search import Search
from oemsar.prepare.align.outcome import Outcome, from_person, from_search, with_repetition
from oemsar.prepare.align.output.aligned import aligned_bytes, write_aligned
from oemsar.prepare.align.output.page import write_page
from oemsar.prepare.align.output.pictures import draw_pictures
from oemsar.prepare.align.output.tie_points import TiePoints, write_geojson, write_points
from oemsar.prepare.align.report import make_report
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.images import open_images
from oemsar.prepare.align.scene.open_geometry import geometry_of
from oemsar.prepare.align.scene.relief_displacement import ReliefDisplacement
from oemsar.prepare.align.scene.transform import Alignment, write_transform
from oemsar.prepare.align.summary import AlignReport
from oemsar.prepare.align.verdict import Judgement, judge
from oemsar.products.stored import warn_unless_amplitude
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import cog_files
from oemsar.raster.image import Statement
from oemsar.raster.read import files_of
from oemsar.raster.state import watch_rasters

_SEARCH_METRES = 80.0
_SEARCH_PIXELS = 48.0
_ACROSS = 0.5
"""Radius of the first search across the look, as a share of that along it."""
_WIDENED = 4.0
"""Multiple of the default radius up to which the search is widened, at most half the orthophoto."""
_DISPLACED_GSD = 3.0
"""Metres to a pixel under which roofs and crowns are displaced by more than a pixel."""
_SCRATCH = "align"
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
"""Names of the files of an alignment, the one that says it is whole last."""


@holds_output()
def align_images(
    sar: Path, optical: Path, out: Path, *, config: AlignConfig = AlignConfig(), report: Report = silent
) -> AlignReport:
    """Bring a radar image onto an orthophoto and judge how well it lies there.

    Writes into `out`: `report.json` and `report.html`, `tie_points.geojson` and `tie_points.points`, and
    unless the verdict is `failed`, `transform.json`, pictures, and `sar_aligned.tif`, the radar image on
    the orthophoto's grid by a single resampling. Without georeferencing all is in pixels.

    Args:
        sar: Radar amplitude: a product with its sensor model, a map, or plain pixels.
        optical: Orthophoto.
        out: Folder of the results; those of an earlier run are replaced.
        config: Elevation models, search, and thresholds of the verdict.
        report: Called with the blocks of the present step done and in all.

    Returns:
        The content of `report.json`.

    Raises:
        InputError: An image is unfit, the two do not overlap, the geometry is not known, or a result would
            replace an input.
    """
    matcher = MATCHERS.find(config.engine)()
    _require_apart(sar, optical, out, config)
    if config.values == "amplitude":
        warn_unless_amplitude(sar)
    with ExitStack() as files:
        files.enter_context(claimed(out / RESULTS[-1], lambda: _is_alignment(out), written_files(out)))
        watched = watch_rasters((sar, optical, *_terrain_files(config)))
        files.enter_context(gdal_cache())
        geometry = geometry_of(sar, optical, config, files)
        scale = geometry.scale()
        folder = files.enter_context(scratch_folder(out / _SCRATCH, aligned_bytes(sar, geometry.shape)))
        if config.tie_points is not None:
            found = from_person(geometry, scale, config.tie_points)
        else:
            relief, stated = _relief(geometry, config, folder), _statements(config)
            images = open_images(
                sar, optical, geometry, relief, statements=stated, folder=folder, files=files
            )
            found = _search(Search(images, matcher, _range(geometry, config.search), scale, report))
        judged = _judge(found, geometry, config)
        if judged.verdict == "accepted":
            found = with_repetition(found, geometry)
            judged = _judge(found, geometry, config)
        watched.require()
        _remove_earlier(out)
        _write_tie_points(out, found.points, geometry.grid)
        pictures: list[str] = []
        if judged.verdict != "failed" and found.choice is not None:
            alignment = Alignment(geometry, found.choice.correction)
            write_transform(out / "transform.json", alignment)
            aligned = out / "sar_aligned.tif"
            _write_aligned(sar, alignment, aligned, config, folder=folder, report=report)
            pictures = draw_pictures(optical, aligned, found.points, out)
        summary = make_report(found, geometry, judged, sar=sar, optical=optical, config=config)
        watched.require()
        _write_report(out, summary, pictures)
    return summary


def _search(search: Search) -> Outcome:
    """Run a search through its levels and give what it found."""
    search.run()
    return from_search(search)


def _write_aligned(
    sar: Path, alignment: Alignment, out: Path, config: AlignConfig, *, folder: Path, report: Report
) -> None:
    """Resample the radar image; what is stated of it was told as it was opened for matching."""
    write_aligned(
        sar,
        alignment,
        out,
        folder,
        power=config.values == "amplitude",
        kernel=config.kernel,
        statement=replace(_statements(config)[0], quiet=True),
        report=report,
    )


def _write_tie_points(out: Path, points: TiePoints, grid: GeoBox | None) -> None:
    """Write the tie points for programs and for QGIS's georeferencer."""
    write_geojson(out / "tie_points.geojson", points, grid)
    write_points(out / "tie_points.points", points, grid)


def _write_report(out: Path, summary: AlignReport, pictures: list[str]) -> None:
    """Write the report as a page, then as JSON, which says that the results are whole."""
    write_page(out / "report.html", summary, pictures)
    write_json(out / "report.json", summary.model_dump(mode="json"))


def _statements(config: AlignConfig) -> tuple[Statement, Statement]:
    """Give the bands and nodata that are stated of the radar image and of the orthophoto."""
    return (
        Statement(config.bands, config.nodata),
        Statement(config.optical_bands, config.optical_nodata, "optical_"),
    )


def _require_apart(sar: Path, optical: Path, out: Path, config: AlignConfig) -> None:
    """Check that no result of an alignment replaces an input."""
    inputs = [file for path in (sar, optical, *_terrain_files(config)) for file in files_of(path)]
    if config.tie_points is not None:
        inputs.append(config.tie_points)
    require_apart([*written_files(out), out / _SCRATCH], inputs)


def _terrain_files(config: AlignConfig) -> list[Path]:
    return [] if config.terrain is None else list(config.terrain.files())


def written_files(out: Path) -> list[Path]:
    """List every file that an alignment writes or removes."""
    return [*(out / name for name in RESULTS), *cog_files(out / "sar_aligned.tif")]


def _is_alignment(out: Path) -> bool:
    """Tell whether a folder holds the report of an alignment."""
    return is_record(out / RESULTS[-1], "verdict", "thresholds")


def _remove_earlier(out: Path) -> None:
    """Remove the results of an earlier run, the one that says they are whole first."""
    for name in reversed(RESULTS):
        (out / name).unlink(missing_ok=True)


def _relief(geometry: Geometry, config: AlignConfig, folder: Path) -> ReliefDisplacement | None:
    """Measure the displacement by the surface model, where one is given."""
    terrain = config.terrain
    if terrain is None or terrain.dsm is None:
        return None
    return ReliefDisplacement.from_geometry(geometry, terrain, terrain.dsm, folder)


def _range(geometry: Geometry, search: float | None) -> Range:
    """Choose the displacements that are searched at first, by default from the sampling distance."""
    side = geometry.shortest_side
    if search is not None:
        radius = widest = search if side is None else search / side
    else:
        radius = _SEARCH_PIXELS if side is None else max(_SEARCH_PIXELS, _SEARCH_METRES / side)
        widest = min(_WIDENED * radius, min(geometry.shape) / 2)
    direction = geometry.direction_to_radar
    return Range(radius, radius if direction is None else _ACROSS * radius, direction, widest)


def _judge(found: Outcome, geometry: Geometry, config: AlignConfig) -> Judgement:
    """Judge what was found; nothing found is a failure."""
    if found.figures is None:
        doubt = None if found.search is None else found.search.doubt
        return Judgement("failed", ["no displacement fits the whole", *([] if doubt is None else [doubt])])
    coarse = geometry.gsd is not None and geometry.gsd >= _DISPLACED_GSD
    displaced = not coarse and config.dsm is None
    edited = config.tie_points is not None
    verdict, reasons = judge(found.figures, config.thresholds, edited=edited, displaced=displaced)
    if verdict != "accepted" and found.search is not None and found.search.doubt is not None:
        reasons = [*reasons, found.search.doubt]
    return Judgement(verdict, reasons)
