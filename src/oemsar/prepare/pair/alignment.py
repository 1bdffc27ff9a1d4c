"""The stage of a pair that aligns its images."""

from pathlib import Path

from oemsar.errors import Failure, InputError
from oemsar.files import atomic_folder, checksum, recover_folder
from oemsar.prepare.align.config import AlignConfig
from oemsar.prepare.align.run import align_images, written_files
from oemsar.prepare.pair.pipeline import Pipeline, StageOutput
from oemsar.prepare.pair.results import AlignmentResult, AlignmentSummary
from oemsar.prepare.pair.sources import Sources
from oemsar.progress import Report, silent

NAME = "align"
"""Name of the stage."""
_EDITABLE = ("tie_points.geojson", "tie_points.points")


def alignment_folder(out: Path) -> Path:
    """Name the folder of a pair that holds the report of its alignment."""
    return out / "alignment"


def run_alignment(sources: Sources, pipeline: Pipeline, report: Report = silent) -> AlignmentResult:
    """Align the images, unless nothing has changed since they were; the folder `alignment` holds the report.

    Raises:
        InputError: The images are unfit, or tie points that a person edited would be lost.
        Failure: The verdict does not allow to go on.
    """
    region = sources.region
    folder = alignment_folder(pipeline.out)
    recover_folder(folder)
    _require_unedited(pipeline, folder)
    config = AlignConfig(
        **sources.placing.model_dump(),
        search=region.search,
        engine=region.engine,
        tie_points=region.tie_points,
        values="amplitude",
        nodata=sources.radar_statement.nodata,
        optical_bands=sources.optical_statement.bands,
        optical_nodata=sources.optical_statement.nodata,
    )

    def work() -> StageOutput[AlignmentResult]:
        with atomic_folder(folder, own=[path.name for path in written_files(folder)]) as partial:
            summary = align_images(sources.sar, region.optical.path, partial, config=config, report=report)
        transform = folder / "transform.json"
        result = AlignmentResult(
            **summary.model_dump(include={*AlignmentSummary.model_fields, "offset_px", "gsd_m"}),
            edited_tie_points=None if config.tie_points is None else config.tie_points.name,
            transform_sha256=checksum(transform) if transform.exists() else None,
            tie_points_sha256={name: checksum(folder / name) for name in _EDITABLE},
        )
        kept = [path for path in (transform, folder / "report.json") if path.exists()]
        return StageOutput(result, kept)

    inputs = {
        "sar": sources.geometry_inputs(),
        **{key: sources.states.get(key) for key in ("optical", "dsm", "tie_points")},
        "config": {
            "search": config.search,
            "engine": config.engine,
            "values": config.values,
            "optical_bands": config.optical_bands,
            "optical_nodata": config.optical_nodata,
            "kernel": config.kernel,
            "thresholds": config.thresholds.model_dump(),
        },
    }
    result = pipeline.run(NAME, AlignmentResult, inputs, work)
    _require_accepted(result, sources, folder)
    return result


def require_copied_tie_points(tie_points: Path | None, folder: Path) -> None:
    """Check that edited tie points do not lie in the folder that every alignment writes anew.

    Raises:
        InputError: They do.
    """
    if tie_points is not None and tie_points.resolve().parent == folder.resolve():
        raise InputError(f"{tie_points} would be written over; {_copy_out_of(folder)}", option="tie_points")


def _require_unedited(pipeline: Pipeline, folder: Path) -> None:
    """Check that no tie points are lost that a person edited where the alignment wrote them."""
    record = pipeline.record(NAME)
    written = {} if record is None else AlignmentResult.model_validate(record.result).tie_points_sha256
    for name, digest in written.items():
        path = folder / name
        if path.exists() and checksum(path) != digest:
            raise InputError(f"{path} was edited; {_copy_out_of(folder)}, or remove it to go on without")


def _copy_out_of(folder: Path) -> str:
    return (
        f"copy it out of {folder}, which is written anew with every alignment, edit the copy and name it "
        "under tie_points"
    )


def _require_accepted(result: AlignmentResult, sources: Sources, folder: Path) -> None:
    """Stop where the verdict asks for a person who has not said that the alignment is to be used anyway."""
    if result.verdict == "accepted" or (result.verdict == "needs_person" and sources.region.accept):
        return
    failed = result.verdict == "failed"
    verdict = (
        f"{sources.region.sar.path} cannot be aligned with {sources.region.optical.path}"
        if failed
        else "the alignment needs a person"
    )
    points = folder / _EDITABLE[0]
    otherwise = "" if failed else ", or set accept: true to use it as it is"
    raise Failure(
        f"{verdict} ({'; '.join(result.reasons)}); look at {folder / 'report.html'}, set tie points in a "
        f"copy of {points} and name it under tie_points{otherwise}"
    )
