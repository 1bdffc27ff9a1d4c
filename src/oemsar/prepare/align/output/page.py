"""The report of an alignment as a page."""

from pathlib import Path

from oemsar.files import write_text
from oemsar.pages import render
from oemsar.prepare.align.summary import AlignReport


def write_page(path: Path, report: AlignReport, pictures: list[str]) -> None:
    """Write the report as one HTML page beside its pictures."""
    page = render(
        "oemsar.prepare.align.output",
        "report.html.j2",
        report=report.model_dump(mode="json"),
        pictures=pictures,
    )
    write_text(path, page)
