"""`oemsar models list`: the models that names stand for, and published weights that may be fetched."""

from typing import TYPE_CHECKING

from oemsar.cli.document import write_document
from oemsar.cli.options import AsJson
from oemsar.cli.sizes import megabytes
from oemsar.cli.terminal import cell

if TYPE_CHECKING:
    from oemsar.models.listing import ListedModel


def list_(*, as_json: AsJson = False) -> None:
    """List the models that names stand for, and published weights that may be fetched.

    A model that comes with a package is used by its name alone; `oemsar models fetch NAME` fetches published
    weights, which are here where a folder of that name holds them.
    """
    from rich.console import Console
    from rich.table import Table

    from oemsar.models.listing import list_models

    models = list_models()
    if as_json:
        write_document({"models": [model.model_dump(mode="json") for model in models]})
        return
    table = Table("Name", "What it is", "Inputs", "Size", "Licence", "Here")
    for model in models:
        size = megabytes(model.size)
        row = (model.name, model.about, model.inputs or "unknown", size, model.licence, _here(model))
        table.add_row(*map(cell, row))
    Console().print(table)


def _here(model: "ListedModel") -> str:
    """Say whether a model is on this machine, and how it gets there."""
    if model.fetched:
        return "to be fetched" if model.here is None else f"in {model.here}"
    return "not installed" if model.here is None else "yes"
