"""The alignment of a pair, as a stage of it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from oemsar.errors import Failure, InputError
from oemsar.files import atomic_folder, checksum, recover_folder
from oemsar.prepare.align.run import AlignConfig, align
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.pair.stages import Made, Stages
from oemsar.progress import Report, silent

NAME = "align"
_EDITABLE = ("tie_points.geojson", "tie_points.points")


def run_alignment(sources: Sources, stages: Stages, report: Report = silent) -> dict[str, Any]:
    """Align the images, unless nothing changed since they were; the folder `alignment` holds the report.

    Returns:
        What the later stages and the record need of `report.json`.

    Raises:
        InputError: the images are unfit, or tie points that a person edited would be lost.
        Failure: the verdict does not allow to go on.
    """
    region = sources.region
    folder = stages.out / "alignment"
    recover_folder(folder)
    _keep_edited(sources, stages, folder)
    config = AlignConfig(sources.placing, region.search, region.engine, region.tie_points, values="amplitude")

    def work() -> Made:
        with atomic_folder(folder) as partial:
            summary = align(sources.sar, region.optical.path, partial, config, report)
        kept = [folder / name for name in ("transform.json", "report.json") if (folder / name).exists()]
        return Made(_result(summary, folder), kept)

    made_of = {
        "sar": sources.sar_place(),
        **{key: sources.prints.get(key) for key in ("optical", "dsm", "tie_points")},
        "config": {
            "search": config.search,
            "engine": config.engine,
            "values": config.values,
            "kernel": config.kernel,
            "thresholds": asdict(config.thresholds),
        },
    }
    result = stages.run(NAME, made_of, work)
    _require_accepted(result, sources, folder)
    return result


def _result(summary: dict[str, Any], folder: Path) -> dict[str, Any]:
    names = ("verdict", "reasons", "warnings", "model", "n_tie_points", "residual_px", "offset_px", "gsd_m")
    transform = folder / "transform.json"
    return {
        **{name: summary[name] for name in names},
        "edited_tie_points": summary["record"]["config"]["align"]["tie_points"],
        "transform_sha256": checksum(transform) if transform.exists() else None,
        "tie_points_sha256": {name: checksum(folder / name) for name in _EDITABLE},
    }


def _keep_edited(sources: Sources, stages: Stages, folder: Path) -> None:
    """See that no tie points are lost that a person edited where the alignment wrote them."""
    copy = (
        f"copy it out of {folder}, which is written anew with every alignment, edit the copy and name it "
        "under tie_points"
    )
    named = sources.region.tie_points
    if named is not None and named.resolve().parent == folder.resolve():
        raise InputError(f"tie_points is {named}; {copy}")
    stamp = stages.stamp(NAME)
    for name, digest in {} if stamp is None else stamp.result["tie_points_sha256"].items():
        path = folder / name
        if path.exists() and checksum(path) != digest:
            raise InputError(f"{path} was edited; {copy}, or remove it to go on without")


def _require_accepted(result: dict[str, Any], sources: Sources, folder: Path) -> None:
    """Stop where the verdict asks for a person who has not said that the alignment is to be used anyway."""
    verdict = result["verdict"]
    if verdict == "accepted" or (verdict == "needs_person" and sources.region.accept):
        return
    reasons = "; ".join(result["reasons"])
    told = (
        f"{sources.region.sar.path} cannot be aligned with {sources.region.optical.path}"
        if verdict == "failed"
        else "the alignment needs a person"
    )
    points = folder / _EDITABLE[0]
    otherwise = "" if verdict == "failed" else ", or set accept: true to use it as it is"
    raise Failure(
        f"{told} ({reasons}); look at {folder / 'report.html'}, set tie points in a copy of {points} and "
        f"name it under tie_points{otherwise}"
    )
