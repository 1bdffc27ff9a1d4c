"""Text on standard output and standard error, in which names of files cannot steer the terminal."""

from typing import TYPE_CHECKING, TextIO

import typer

from oemsar.visible_text import visible, visible_sentence

if TYPE_CHECKING:
    from rich.text import Text


def echo(*lines: object, err: bool = False, colour: str | None = None) -> None:
    """Print lines; a line break inside one of them, as a name can have, is written as an escape.

    Args:
        lines: Lines to print.
        err: Whether to print on standard error.
        colour: Colour of the lines; None for none.
    """
    text = "\n".join(visible_sentence(str(line)) for line in lines)
    typer.secho(text, err=err, fg=colour)


def echo_json(text: str, stream: TextIO) -> None:
    """Print a JSON document, whose line breaks are those between its values."""
    typer.echo("\n".join(map(visible, text.split("\n"))), file=stream)


def cell(text: object) -> "Text":
    """Make a cell of a table of Rich, in which nothing is markup."""
    from rich.text import Text

    return Text(visible_sentence(str(text)))
