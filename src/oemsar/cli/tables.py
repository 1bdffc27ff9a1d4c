"""Tables on standard output."""

from collections.abc import Iterable, Sequence


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str | None = None
) -> None:
    """Print a table of text, its first column aligned left and all others right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(caption=caption)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == headings[0] else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
