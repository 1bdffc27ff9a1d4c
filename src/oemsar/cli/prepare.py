"""`oemsar prepare`: the verbs that turn scenes into aligned pairs."""

import typer

from oemsar.cli.prepare_align import align
from oemsar.cli.prepare_ortho import ortho
from oemsar.cli.prepare_pair import pair
from oemsar.cli.prepare_radiometry import radiometry

app = typer.Typer(help="Turn radar scenes and orthophotos into aligned pairs.", no_args_is_help=True)
app.command("radiometry")(radiometry)
app.command("ortho")(ortho)
app.command("align")(align)
app.command("pair")(pair)
