"""`oemsar data download`: fetch the published release."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.dataset.download.config import API, DownloadConfig


@with_options
def download(
    destination: Annotated[
        Path, typer.Argument(metavar="DEST", file_okay=False, help="Folder of archives and content.")
    ],
    *,
    config: DownloadConfig,
    keep_archives: Annotated[
        bool,
        typer.Option("--keep-archives/--remove-archives", help="Whether an archive stays once extracted."),
    ] = True,
    url: Annotated[
        str, typer.Option(envvar="OEMSAR_ZENODO_URL", hidden=True, help="Base address of the Zenodo API.")
    ] = API,
    as_json: AsJson = False,
) -> None:
    """Get the published dataset from Zenodo and extract it below DEST.

    However it is interrupted, the same command goes on from there; when all is there it does nothing.
    """
    from oemsar.cli.progress import reporting_bytes
    from oemsar.dataset.download.run import download_release

    summary = download_release(destination, config=config, watch=reporting_bytes)
    if as_json:
        print_json(summary)
        return
    for file in summary.files:
        extracted = "" if file.files is None else f", {file.files} files"
        echo(f"{file.name}: {file.state}{extracted}")
    if summary.nothing_done:
        echo(f"everything was in {destination} already, nothing to do")
