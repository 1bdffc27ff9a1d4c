"""`oemsar data`: the verbs that find, check, divide and fetch tiles."""

import typer

from oemsar.cli.data_download import download
from oemsar.cli.data_index import index
from oemsar.cli.data_regimes import regimes
from oemsar.cli.data_regions import regions
from oemsar.cli.data_stats import stats
from oemsar.cli.data_verify import verify

app = typer.Typer(help="Find, check and fetch the tiles of a dataset.", no_args_is_help=True)
app.command("index")(index)
app.command("verify")(verify)
app.command("regions")(regions)
app.command("regimes")(regimes)
app.command("download")(download)
app.command("stats")(stats)
