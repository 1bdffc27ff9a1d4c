"""`oemsar models fetch`: published weights by name."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.sizes import megabytes
from oemsar.cli.terminal import echo
from oemsar.errors import Failure, InputError
from oemsar.models.config import FetchModelConfig
from oemsar.models.published import WEIGHTS_TO_FETCH

if TYPE_CHECKING:
    from oemsar.models.published import PublishedWeights


@with_options
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            help=f"Name of the weights: {', '.join(WEIGHTS_TO_FETCH)}.",
            autocompletion=lambda incomplete: [
                name for name in WEIGHTS_TO_FETCH if name.startswith(incomplete)
            ],
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the files; by default one of the name in the working directory."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Fetch without asking.")] = False,
    config: FetchModelConfig,
    as_json: AsJson = False,
) -> None:
    """Fetch published weights by name, checked and resumable.

    Shows addresses, size, checksum and licence first, and asks on a terminal. However it is interrupted, the
    same command goes on from there; when all is there it does nothing. What came is recorded in fetched.json.
    """
    from oemsar.cli.progress import reporting_bytes
    from oemsar.models.fetch import fetch_model, find_weights

    weights = find_weights(name)
    _show(name, weights)
    accepted = config.accept_licence or (weights.must_accept and _agrees("Do you accept these terms?"))
    agreed = config.model_copy(update={"accept_licence": accepted})
    if not yes and (accepted or not weights.must_accept) and not _confirms(weights):
        raise Failure("nothing was fetched, as the question was answered with no")
    fetched = fetch_model(name, out, config=agreed, watch=reporting_bytes)
    if as_json:
        print_json(fetched)
        return
    for file in fetched.files:
        compared = "no checksum is published" if file.compared_with is None else "as published"
        echo(f"{fetched.path / file.name}: {file.size} bytes, sha256 {file.sha256} ({compared})")
    if fetched.nothing_done:
        echo(f"everything was in {fetched.path} already, nothing to do")
    echo(f"use: {fetched.use}")


def _show(name: str, weights: "PublishedWeights") -> None:
    """Print what would be fetched, from where, and under which terms."""
    echo(f"{name}: {weights.about}")
    for file in weights.files:
        for address in file.addresses:
            echo(f"  {address}")
        md5 = f", md5 {file.md5}" if file.md5 else ""
        echo(f"  {file.name}: size {megabytes(file.size)}, sha256 {file.sha256 or 'unknown'}{md5}")
    echo(f"  licence: {weights.licence}, see {weights.page}")


def _agrees(question: str) -> bool:
    """Ask a person on a terminal; false where there is none."""
    try:
        return sys.stdin.isatty() and typer.confirm(question, err=True)
    except typer.Abort:  # the end of the input, or Ctrl-C
        return False


def _confirms(weights: "PublishedWeights") -> bool:
    """Ask a person on a terminal whether to fetch.

    Raises:
        InputError: There is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise InputError("nobody can be asked whether to fetch this; say it beforehand", option="yes")
    size = sum(file.size or 0 for file in weights.files)
    return _agrees(f"Fetch {megabytes(size)}?" if size else "Fetch it?")
