"""A pair from its region's configuration: alignment, grid, images, masks, record."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from odc.geo.geobox import GeoBox

from oemsar.errors import Failure, InputError
from oemsar.files import require_writable, write_json
from oemsar.geometry.look import Look
from oemsar.prepare.pair.alignment import run_alignment
from oemsar.prepare.pair.amplitude import write_amplitude
from oemsar.prepare.pair.grid import as_plain, common_grid, of_plain, whole_grid
from oemsar.prepare.pair.masks import make_masks
from oemsar.prepare.pair.optical import make_optical
from oemsar.prepare.pair.provenance import provenance
from oemsar.prepare.pair.radar import make_radar
from oemsar.prepare.pair.region_file import read_region
from oemsar.prepare.pair.sources import Sources, look_at
from oemsar.prepare.pair.stages import Made, Stages
from oemsar.prepare.pair.words import in_words_of
from oemsar.progress import Report, silent

_PAIR = ("radar", "optical", "masks", "record")
"""Stages that stand on an alignment."""


def pair(configuration: Path, out: Path, report: Report = silent) -> dict[str, Any]:
    """Make an aligned pair of a region, each stage only where its inputs changed.

    Writes into `out`: `NAME_sar.tif`, `NAME_optical.tif` and `NAME_masks.tif` on one grid, `NAME.json`, the
    record, last; the folders `alignment`, with the report, and `stages`, with what a later run goes on from.

    Args:
        configuration: YAML file, see `oemsar.prepare.pair.config.Region`.
        out: folder of the results.
        report: told blocks of the present step, done and in all.

    Returns:
        Plain values: files, grid, verdict and residuals of the alignment, shares of the masks, and what
        became of each stage, `done` or `skipped`.

    Raises:
        InputError: the configuration or an input is wrong; the sentence names the key.
        Failure: the alignment needs a person, or the disk is full.
    """
    region = read_region(configuration)
    with in_words_of(configuration):
        sources = look_at(region)
        whole = whole_grid(sources)
        with _taken_away_unless_begun(out):
            stages = Stages(out, region.plain(), out / f"{region.name}.json")
            require_writable(stages.folder)
            return _run(sources, stages, whole, report)


def _run(sources: Sources, stages: Stages, whole: GeoBox, report: Report) -> dict[str, Any]:
    region, out = sources.region, stages.out
    files = {key: out / f"{region.name}_{key}.tif" for key in ("sar", "optical", "masks")}
    sources = _amplitude(sources, stages, report)
    results: dict[str, dict[str, Any]] = {}
    try:
        results["align"] = run_alignment(sources, stages, report)
    except Failure:
        stages.withdraw(_PAIR)
        raise
    transform = out / "alignment" / "transform.json"
    place = {**sources.sar_place(), "transform": results["align"]["transform_sha256"]}
    results["grid"] = stages.run(
        "grid",
        {
            "sar": place,
            "optical": sources.prints["optical"],
            "crs": region.crs,
            "gsd": region.gsd,
            "extent": region.extent,
        },
        lambda: Made(as_plain(common_grid(sources, transform, whole)), []),
    )
    grid = of_plain(results["grid"])
    results["radar"] = stages.run(
        "radar",
        {
            "sar": place,
            "grid": results["grid"],
            "remap": region.remap.model_dump(),
            "terms": sources.terms("sar"),
            "file": files["sar"].name,
        },
        lambda: make_radar(sources, transform, grid, files["sar"], report),
    )
    results["optical"] = stages.run(
        "optical",
        {
            "optical": sources.prints["optical"],
            "grid": results["grid"],
            "config": region.optical.model_dump(exclude={"path"}),
            "file": files["optical"].name,
        },
        lambda: make_optical(sources, grid, files["optical"], report),
    )
    look = results["radar"]["look"]
    surface = "dsm" if region.dsm is not None else "dem"
    terms = {key: [results[key][name] for name in ("attribution", "licence")] for key in ("radar", "optical")}
    results["masks"] = stages.run(
        "masks",
        {
            "grid": results["grid"],
            "look": look,
            "surface": {surface: sources.prints.get(surface)},
            "valid": [results[key]["validity_sha256"] for key in ("radar", "optical")],
            "terms": terms,
            "file": files["masks"].name,
        },
        lambda: make_masks(
            sources, files, None if look is None else Look(**look), grid, files["masks"], terms=terms
        ),
    )
    _record(sources, stages, results, files)
    return _summary(stages, results, files)


def _amplitude(sources: Sources, stages: Stages, report: Report) -> Sources:
    """The same sources, with amplitude made of a product that holds something else."""
    if not sources.needs_amplitude:
        return sources
    path = stages.folder / "amplitude.tif"

    def work() -> Made:
        write_amplitude(sources.found, path, report)
        return Made({}, [path])

    made_of = {
        "sar": sources.prints["sar"],
        "encoding": sources.found.product.encoding.value,
        "band": sources.found.band,
    }
    stages.run("amplitude", made_of, work)
    return sources.with_amplitude(path)


def _record(
    sources: Sources, stages: Stages, results: dict[str, dict[str, Any]], files: dict[str, Path]
) -> None:
    def work() -> Made:
        write_json(stages.final, provenance(sources, stages, results, files))
        return Made({}, [stages.final])

    keys = {name: stamp.key for name in results if (stamp := stages.stamp(name)) is not None}
    stages.run("record", {"stages": keys, "region": sources.region.plain()}, work)


def _summary(stages: Stages, results: dict[str, dict[str, Any]], files: dict[str, Path]) -> dict[str, Any]:
    alignment = ("verdict", "reasons", "warnings", "model", "n_tie_points", "residual_px")
    return {
        "files": {key: str(path) for key, path in (*files.items(), ("record", stages.final))},
        "grid": results["grid"],
        "alignment": {name: results["align"][name] for name in alignment},
        "masks": results["masks"],
        "stages": stages.states,
    }


@contextmanager
def _taken_away_unless_begun(out: Path) -> Iterator[None]:
    """After wrong input, take away a folder that this run made, unless a stage in it is whole."""
    existed = out.exists()
    try:
        yield
    except InputError:
        if not existed and not any((out / "stages").glob("*.json")):
            shutil.rmtree(out, ignore_errors=True)
        raise
