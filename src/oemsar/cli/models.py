"""`oemsar models`: the verbs that bring networks in and take them out."""

import typer

from oemsar.cli.models_export import export
from oemsar.cli.models_import import import_

app = typer.Typer(help="Import published weights, export trained networks.", no_args_is_help=True)
app.command("import")(import_)
app.command("export")(export)
