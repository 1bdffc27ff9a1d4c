"""The record of a run of a model over a table of tiles."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from oemsar.dataset.table import Table, describe_table
from oemsar.models.network import LandCoverNetwork
from oemsar.record import RunRecord, run_record


def record_of(model: Path | LandCoverNetwork, data: Table, options: Mapping[str, JsonValue]) -> RunRecord:
    """Record the model, the table and the options of a run that begins now."""
    named = {"model": str(model) if isinstance(model, Path) else None, "data": describe_table(data)}
    return run_record({**named, **options}, data=data if isinstance(data, Path) else None)
