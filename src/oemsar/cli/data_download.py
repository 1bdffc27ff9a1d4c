"""`oemsar data download`: fetch the published release."""

from pathlib import Path
from typing import Annotated

import typer


def download(
    destination: Annotated[
        Path, typer.Argument(metavar="DEST", file_okay=False, help="Folder of archives and content.")
    ],
    *,
    record: Annotated[
        int,
        typer.Option(
            help="Number of the Zenodo record: 14950559 is the full contest release, "
            "14622048 its training and validation tiles alone."
        ),
    ] = 14950559,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Get only this file of the record; may be given several times."),
    ] = None,
    extract: Annotated[bool, typer.Option(help="Extract the archives.")] = True,
    keep_archives: Annotated[
        bool,
        typer.Option("--keep-archives/--remove-archives", help="Whether an archive stays once extracted."),
    ] = True,
    tries: Annotated[
        int, typer.Option(min=1, help="Tries in a row that may bring nothing before giving up.")
    ] = 6,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds without a byte that count as a dropped connection."),
    ] = 60.0,
    url: Annotated[
        str, typer.Option(envvar="OEMSAR_ZENODO_URL", hidden=True, help="Base address of the Zenodo API.")
    ] = "https://zenodo.org/api",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Get the published dataset from Zenodo and extract it below DEST.

    However it is interrupted, the same command goes on from there; when all is there it does nothing.
    """
    import json

    from oemsar.cli.progress import reporting_bytes
    from oemsar.dataset.download.retry import Patience
    from oemsar.dataset.download.run import DownloadConfig
    from oemsar.dataset.download.run import download as fetch

    config = DownloadConfig(
        destination=destination,
        record=record,
        only=tuple(only or ()),
        extract=extract,
        keep_archives=keep_archives,
        url=url,
        patience=Patience(tries=tries, timeout=timeout),
    )
    summary = fetch(config, reporting_bytes)
    if as_json:
        typer.echo(json.dumps(summary.as_json(), indent=2))
        return
    for outcome in summary.outcomes:
        files = "" if outcome.files is None else f", {outcome.files} files"
        typer.echo(f"{outcome.name}: {outcome.state}{files}")
    if summary.nothing_done:
        typer.echo(f"everything was in {destination} already, nothing to do")
