"""The record of a pair: what it is, what it was made of, and under which terms it may be used."""

from pathlib import Path
from typing import Any

from oemsar.files import checksum
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.pair.stages import Stages
from oemsar.record import run_record


def provenance(
    sources: Sources,
    stages: Stages,
    results: dict[str, dict[str, Any]],
    files: dict[str, Path],
) -> dict[str, Any]:
    """Everything about a pair as plain values.

    Args:
        sources: inputs of the pair.
        stages: that made it.
        results: of each stage, by name.
        files: of the pair, by what they hold.
    """
    region = sources.region
    stamps = {name: stages.stamp(name) for name in results}
    return {
        "name": region.name,
        "files": {key: {"file": path.name, "sha256": checksum(path)} for key, path in files.items()},
        "grid": {**results["grid"], "gsd": region.gsd},
        "alignment": {**results["align"], "accepted_anyway": results["align"]["verdict"] != "accepted"},
        "sar": results["radar"],
        "optical": results["optical"],
        "masks": results["masks"],
        "terms": {
            key: {name: results[stage][name] for name in ("attribution", "licence")}
            for key, stage in (("sar", "radar"), ("optical", "optical"))
        },
        "inputs": sources.origins(),
        "region": region.plain(),
        "stages": {
            name: {"key": stamp.key, "files": stamp.files, "record": stamp.record}
            for name, stamp in stamps.items()
            if stamp is not None
        },
        "record": run_record(region.plain()).plain(),
    }
