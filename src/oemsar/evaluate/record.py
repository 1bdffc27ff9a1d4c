"""The record of a run of a model over a table of tiles."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from oemsar.dataset.table import Table, describe_table
from oemsar.models.joint import Models, as_models
from oemsar.record import RunRecord, run_record


def record_of(model: Models, data: Table, options: Mapping[str, JsonValue]) -> RunRecord:
    """Record the model, or the list of several, the table and the options of a run that begins now."""
    paths: list[JsonValue] = [str(each) if isinstance(each, Path) else None for each in as_models(model)]
    named = {"model": paths[0] if len(paths) == 1 else paths, "data": describe_table(data)}
    return run_record({**named, **options}, data=data if isinstance(data, Path) else None)
