"""`oemsar scenes fetch`: bring the files of scenes to disk."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.scenes.config import FetchConfig


@with_options
def fetch(
    scenes: Annotated[Path, typer.Argument(help="Table of scenes.", metavar="SCENES", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the files.", show_default=False)],
    config: FetchConfig,
    as_json: AsJson = False,
) -> None:
    """Fetch the files of SCENES to OUT/SOURCE/SCENE, and record them with their terms in OUT/fetched.json.

    However it is interrupted, the same command goes on from there; when all is there it does nothing.
    """
    from oemsar.cli.progress import reporting_bytes
    from oemsar.scenes.fetch import fetch_scenes

    summary = fetch_scenes(scenes, out, config=config, watch=reporting_bytes)
    if as_json:
        print_json(summary)
        return
    for file in summary.files:
        echo(f"{file.path}: {file.state}")
    if summary.nothing_done:
        echo(f"everything was in {out} already, nothing to do")
