"""An aligned pair of a region: alignment, grid, images, masks, record."""

from dataclasses import dataclass
from pathlib import Path

from odc.geo.geobox import GeoBox

from oemsar.errors import DiskFull, Failure, OutOfMemory
from oemsar.files import require_writable, write_json
from oemsar.fingerprint import Unchanged
from oemsar.folders import claimed, require_apart
from oemsar.locks import holds_output
from oemsar.prepare.pair.alignment import alignment_folder, require_copied_tie_points, run_alignment
from oemsar.prepare.pair.amplitude import write_amplitude
from oemsar.prepare.pair.config import PairRegion
from oemsar.prepare.pair.grid import common_grid, whole_grid
from oemsar.prepare.pair.masks import make_masks
from oemsar.prepare.pair.optical import make_optical
from oemsar.prepare.pair.pipeline import NoResult, Pipeline, StageOutput
from oemsar.prepare.pair.provenance import STAGES, StageResults, pair_record, terms_of
from oemsar.prepare.pair.radar import make_radar
from oemsar.prepare.pair.region_file import naming, read_region
from oemsar.prepare.pair.results import AlignmentSummary, MaskShares, OpticalImage, Pair, PairGrid, RadarImage
from oemsar.prepare.pair.sources import Sources, inspect_region
from oemsar.progress import Report, silent
from oemsar.raster.cog import cog_files
from oemsar.raster.read import files_of
from oemsar.raster.state import watch_rasters

_PAIR = ("radar", "optical", "masks", "record")
"""Stages that stand on an alignment."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out, alignment_folder(out)]


@holds_output(_held)
def make_pair(region: PairRegion | Path, out: Path, *, report: Report = silent) -> Pair:
    """Make an aligned pair of a region, each stage only where its inputs changed.

    Writes into `out`: `NAME_sar.tif`, `NAME_optical.tif` and `NAME_masks.tif` on one grid, `NAME.json`, the
    record, last; the folders `alignment`, with the report, and `stages`, which a later run goes on from.

    Args:
        region: Region, or the YAML file that describes it.
        out: Folder of the results.
        report: Called with the blocks of the present step, done and in all.

    Returns:
        Files, grid, verdict and residuals of the alignment, shares of the masks, and the state of each
        stage, `done` or `skipped`.

    Raises:
        InputError: The region or an input is wrong; the sentence names the key, and the region file where
            there is one.
        Failure: The alignment needs a person, or the disk is full.
    """
    if isinstance(region, PairRegion):
        return _make(region, out, [], report)
    described = read_region(region)
    with naming(region):
        return _make(described, out, [region], report)


def _make(region: PairRegion, out: Path, read: list[Path], report: Report) -> Pair:
    named = Unchanged.of(region.files().values())
    sources = inspect_region(region)
    whole = whole_grid(sources)
    files = {key: out / f"{region.name}_{key}.tif" for key in ("sar", "optical", "masks")}
    pipeline = Pipeline(out, region.plain(), out / f"{region.name}.json", _watched(sources))
    named.require()
    require_copied_tie_points(region.tie_points, alignment_folder(out))
    require_apart(_outputs(pipeline, files), [*read, *_inputs(sources)])
    with claimed(pipeline.final, pipeline.is_begun, _claims(pipeline, files)):
        require_writable(pipeline.folder)
        return _Run(_amplitude(sources, pipeline, report), pipeline, files, report).run(whole)


def _outputs(pipeline: Pipeline, files: dict[str, Path]) -> list[Path]:
    """List every file that a run may write or remove."""
    alignment = alignment_folder(pipeline.out)
    records = [pipeline.folder / f"{name}.json" for name in ("amplitude", *STAGES, "record")]
    images = [file for path in files.values() for file in cog_files(path)]
    return [pipeline.final, *images, *records, *cog_files(pipeline.folder / "amplitude.tif"), alignment]


def _claims(pipeline: Pipeline, files: dict[str, Path]) -> list[Path]:
    """List what a run may write or remove, folders as a whole."""
    return [pipeline.final, *files.values(), pipeline.folder, alignment_folder(pipeline.out)]


def _watched(sources: Sources) -> Unchanged:
    """Watch the files that must not change during a run."""
    files = sources.files()
    ties = [path for key, path in files.items() if key == "tie_points"]
    rasters = [path for key, path in files.items() if key != "tie_points"]
    return watch_rasters(rasters, [*ties, *sources.found.metadata])


def _inputs(sources: Sources) -> list[Path]:
    """List every file that a run may read: the files of the region, and those that they refer to."""
    files = sources.region.files()
    beside = [file for key, path in sources.files().items() if key != "tie_points" for file in files_of(path)]
    return [*files.values(), *beside, *sources.found.metadata]


def _amplitude(sources: Sources, pipeline: Pipeline, report: Report) -> Sources:
    """Make amplitude of a product that holds something else, and give the sources with it."""
    if not sources.needs_amplitude:
        return sources
    path = pipeline.folder / "amplitude.tif"

    def work() -> StageOutput[NoResult]:
        write_amplitude(sources.found, path, report, nodata=sources.region.sar.nodata)
        return StageOutput(NoResult(), [path])

    inputs = {
        "sar": sources.states["sar"],
        "encoding": sources.found.product.encoding,
        "band": sources.found.band,
        "nodata": sources.region.sar.nodata,
    }
    pipeline.run("amplitude", NoResult, inputs, work)
    return sources.with_amplitude(path)


@dataclass(frozen=True)
class _Run:
    """Stages of a pair, once the amplitude of its radar image is there.

    Attributes:
        sources: Inputs of the pair.
        pipeline: Stages of the folder.
        files: Files of the pair: `sar`, `optical` and `masks`.
        report: Called with the blocks of the present step, done and in all.
    """

    sources: Sources
    pipeline: Pipeline
    files: dict[str, Path]
    report: Report

    @property
    def transform(self) -> Path:
        """File of the correction that the alignment found."""
        return alignment_folder(self.pipeline.out) / "transform.json"

    def run(self, whole: GeoBox) -> Pair:
        """Do every stage whose inputs changed.

        Args:
            whole: Grid from `whole_grid`.
        """
        try:
            align = run_alignment(self.sources, self.pipeline, self.report)
        except (DiskFull, OutOfMemory):
            raise
        except Failure:
            self.pipeline.withdraw(_PAIR)
            raise
        geometry = {**self.sources.geometry_inputs(), "transform": align.transform_sha256}
        grid = self._grid(geometry, whole)
        radar = self._radar(geometry, grid)
        optical = self._optical(grid)
        masks = self._masks(grid, radar, optical)
        results = StageResults(align, grid, radar, optical, masks)
        self._record(results)
        return Pair(
            files={**self.files, "record": self.pipeline.final},
            grid=grid,
            alignment=AlignmentSummary(**align.model_dump(include=set(AlignmentSummary.model_fields))),
            masks=masks,
            stages=self.pipeline.states,
        )

    def _grid(self, geometry: dict[str, object], whole: GeoBox) -> PairGrid:
        region = self.sources.region
        return self.pipeline.run(
            "grid",
            PairGrid,
            {
                "sar": geometry,
                "optical": self.sources.states["optical"],
                "crs": region.crs,
                "gsd": region.gsd,
                "extent": region.extent,
            },
            lambda: StageOutput(PairGrid.from_geobox(common_grid(self.sources, self.transform, whole)), []),
        )

    def _radar(self, geometry: dict[str, object], grid: PairGrid) -> RadarImage:
        out = self.files["sar"]
        return self.pipeline.run(
            "radar",
            RadarImage,
            {
                "sar": geometry,
                "grid": grid,
                "remap": self.sources.region.remap,
                "terms": self.sources.terms("sar"),
                "file": out.name,
            },
            lambda: make_radar(self.sources, self.transform, grid.geobox(), out, self.report),
        )

    def _optical(self, grid: PairGrid) -> OpticalImage:
        out = self.files["optical"]
        return self.pipeline.run(
            "optical",
            OpticalImage,
            {
                "optical": self.sources.states["optical"],
                "grid": grid,
                "config": self.sources.region.optical.model_dump(exclude={"path"}),
                "file": out.name,
            },
            lambda: make_optical(self.sources, grid.geobox(), out, self.report),
        )

    def _masks(self, grid: PairGrid, radar: RadarImage, optical: OpticalImage) -> MaskShares:
        region, out = self.sources.region, self.files["masks"]
        surface = "dsm" if region.dsm is not None else "dem"
        terms = {"radar": terms_of(radar), "optical": terms_of(optical)}
        return self.pipeline.run(
            "masks",
            MaskShares,
            {
                "grid": grid,
                "look": radar.look,
                "surface": {surface: self.sources.states.get(surface)},
                **({} if region.dem_void == "refuse" else {"dem_void": region.dem_void}),
                "valid": [radar.validity_sha256, optical.validity_sha256],
                "terms": terms,
                "file": out.name,
            },
            lambda: make_masks(region, self.files, radar.look, grid.geobox(), out, terms=terms),
        )

    def _record(self, results: StageResults) -> None:
        final = self.pipeline.final

        def work() -> StageOutput[NoResult]:
            record = pair_record(self.sources, self.pipeline, results, self.files)
            write_json(final, record.model_dump(mode="json"))
            return StageOutput(NoResult(), [final])

        records = {name: self.pipeline.record(name) for name in STAGES}
        keys = {name: record.key for name, record in records.items() if record is not None}
        inputs = {"stages": keys, "region": self.sources.region.plain()}
        self.pipeline.run("record", NoResult, inputs, work)
