"""The record of a pair: its description, its origin, and the terms under which it may be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oemsar.prepare.pair.pipeline import Pipeline
from oemsar.prepare.pair.results import (
    AcceptedAlignment,
    AlignmentResult,
    MaskShares,
    OpticalImage,
    PairGrid,
    PairRecord,
    RadarImage,
    SampledGrid,
    StageProvenance,
    Terms,
)
from oemsar.prepare.pair.sources import Sources
from oemsar.record import origin, run_record

STAGES = ("align", "grid", "radar", "optical", "masks")
"""Stages that a record describes."""


@dataclass(frozen=True)
class StageResults:
    """Results of the stages of a pair.

    Attributes:
        align: Result of the alignment.
        grid: Grid of the pair.
        radar: Description of the radar image.
        optical: Description of the optical image.
        masks: Shares of the masks.
    """

    align: AlignmentResult
    grid: PairGrid
    radar: RadarImage
    optical: OpticalImage
    masks: MaskShares


def terms_of(image: RadarImage | OpticalImage) -> Terms:
    """Give the terms of use of an image."""
    return Terms(attribution=image.attribution, licence=image.licence)


def pair_record(
    sources: Sources, pipeline: Pipeline, results: StageResults, files: Mapping[str, Path]
) -> PairRecord:
    """Describe a pair.

    Args:
        sources: Inputs of the pair.
        pipeline: Stages that made it.
        results: Results of the stages.
        files: Files of the pair: `sar`, `optical` and `masks`.
    """
    region = sources.region
    records = {name: pipeline.record(name) for name in STAGES}
    return PairRecord(
        name=region.name,
        files={key: origin(path) for key, path in files.items()},
        grid=SampledGrid(**dict(results.grid), gsd=region.gsd),
        alignment=AcceptedAlignment(
            **dict(results.align), accepted_anyway=results.align.verdict != "accepted"
        ),
        sar=results.radar,
        optical=results.optical,
        masks=results.masks,
        terms={"sar": terms_of(results.radar), "optical": terms_of(results.optical)},
        inputs=sources.checksums(),
        region=region.plain(),
        stages={
            name: StageProvenance(key=record.key, files=record.files, record=record.record)
            for name, record in records.items()
            if record is not None
        },
        record=run_record(region.plain()),
    )
