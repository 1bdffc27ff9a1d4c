"""Table III of the paper: agreement of two sets of labels as `agreement.json`, Markdown and CSV."""

from collections.abc import Sequence
from pathlib import Path

from oemsar.config_file import Value
from oemsar.dataset.table import Table, as_tiles, table_files, table_origin
from oemsar.evaluate.agreement import Agreement, LabelPair, compare, pairs_against, pairs_of_tiles
from oemsar.evaluate.tables import percent
from oemsar.files import write_json, write_text
from oemsar.folders import claimed, is_record, require_apart
from oemsar.legend import NAMES
from oemsar.locks import holds_output
from oemsar.paper.config import Table3Config
from oemsar.paper.published import PublishedTable3, is_published_release, published_table3
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record
from oemsar.text_table import beside, csv_table, markdown_table
from oemsar.visible_text import markdown_text

_RESULTS = ("table3.md", "table3.csv", "agreement.json")

_HEADINGS: tuple[str, ...] = ("Class", "Agreement", "IoU")
_PERCENT_HEADINGS = ("Class", "Agreement (%)", "IoU (%)")
_PUBLISHED_HEADINGS = ("Published agreement", "Published IoU")
_PUBLISHED_TILES = 700
"""Number of hand-labelled tiles behind the published table: 20 in each of 35 regions."""


class ClassAgreement(Value):
    """Agreement of two labels on one class."""

    agreement: float | None
    """Share of the reference's pixels of the class that the other label gives the same class, 0..1; None
    where the class is absent from the reference."""
    iou: float | None
    """Intersection over union, 0..1; None where the class is absent from both labels."""


class Table3(Value):
    """Agreement of two sets of labels, as stored in `agreement.json`."""

    compared: str
    """Sets of labels that were compared, in words."""
    tiles: int
    """Number of tiles compared."""
    unknown_pixels: int
    """Number of pixels left out, unknown in one label or both."""
    classes: dict[str, ClassAgreement]
    """Agreement on each class by its name, in legend order."""
    mean_agreement: float | None
    """Mean agreement over the classes of the reference, 0..1; None where no pixel was compared."""
    mean_iou: float | None
    """Mean IoU over the classes of either label, 0..1; None where no pixel was compared."""
    confusion: tuple[tuple[int, ...], ...]
    """Pixel counts in legend order, rows of the reference with columns of the other label."""
    names: tuple[str, ...]
    """Names of the tiles compared."""
    published: PublishedTable3 | None
    """Published numbers where the comparison is that of the whole release; else None."""
    record: RunRecord
    """Description of the run."""
    format: int = 1
    """Version of the layout of the file."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out / _RESULTS[-1]]


@holds_output(_held)
def measure_agreement(
    table: Table, out: Path, *, config: Table3Config = Table3Config(), report: Report = silent
) -> Table3:
    """Compare labels of a table of tiles and write `table3.md`, `table3.csv` and, last, `agreement.json`.

    Without a second set of labels, pseudo labels are held against real ones; with one, its labels are held
    against the table's label of each tile (real before pseudo). The published numbers stand beside where the
    table is the whole published release with a pseudo label for each of its 700 real ones, and only then.

    Args:
        table: Table of tiles, as a path or as the tiles.
        out: Folder of the results; created where it is missing.
        config: Second set of labels, and number of threads.
        report: Called with the tiles done and the tiles in all.

    Raises:
        InputError: The table, a label or the folder is wrong, or there is nothing to compare.
    """
    tiles, against = as_tiles(table), config.against
    pairs = pairs_of_tiles(tiles, table) if against is None else pairs_against(tiles, table, against)
    inputs = [*table_files(table, tiles), *(pair.other for pair in pairs)]
    require_apart([out / name for name in _RESULTS], inputs)
    data = str(table) if isinstance(table, Path) else None
    options = {"data": data, "against": None if against is None else str(against)}
    record = run_record(options, data=table_origin(table))
    files = [out / name for name in _RESULTS]
    with claimed(files[-1], lambda: is_record(files[-1], "compared", "confusion"), files):
        agreement = compare(pairs, workers=config.workers, report=report)
        is_release = against is None and len(pairs) == _PUBLISHED_TILES and is_published_release(tiles)
        compared = "pseudo labels held against real labels"
        if against is not None:
            compared = f"labels of {against.name} held against those of the table"
        found = _table(agreement, pairs, compared, record, is_release=is_release)
        name = table.name if isinstance(table, Path) else "Tiles"
        about = f"{name}: {found.tiles} tiles, {compared}. {_note(found)}"
        write_text(out / "table3.md", _markdown(found, about))
        write_text(out / "table3.csv", csv_table(_csv_rows(found)))
        write_json(out / "agreement.json", found.model_dump(mode="json"))
    return found


def table3_rows(table: Table3) -> list[tuple[str, ...]]:
    """Give Table III as text: class, agreement and IoU as fractions, then their means."""
    rows = [(name, _fraction(row.agreement), _fraction(row.iou)) for name, row in table.classes.items()]
    return [*rows, ("Mean", _fraction(table.mean_agreement), _fraction(table.mean_iou))]


def table3_percent_rows(table: Table3) -> list[tuple[str, ...]]:
    """Give Table III as text for a screen: class, agreement and IoU in percent, then their means."""
    rows = [(name, percent(row.agreement), percent(row.iou)) for name, row in table.classes.items()]
    return [*rows, ("Mean", percent(table.mean_agreement), percent(table.mean_iou))]


def table3_percent_headings() -> tuple[str, ...]:
    """Give the headings of the columns of `table3_percent_rows`."""
    return _PERCENT_HEADINGS


def _fraction(value: float | None) -> str:
    return "absent" if value is None else f"{value:.4f}"


def _note(table: Table3) -> str:
    return (
        f"{table.unknown_pixels} pixels are unknown in one label or both and left out. Agreement is the "
        "share of the pixels of a class in the reference that the other label gives the same class; its "
        "mean is over the classes of the reference, that of IoU over the classes of either."
    )


def _table(
    agreement: Agreement, pairs: Sequence[LabelPair], compared: str, record: RunRecord, *, is_release: bool
) -> Table3:
    """Combine the agreement of labels, the names of the tiles and, beside them, the published table."""
    scores = agreement.scores
    return Table3(
        compared=compared,
        tiles=agreement.tiles,
        unknown_pixels=agreement.unknown,
        classes={
            name: ClassAgreement(agreement=of_class.recall, iou=of_class.iou)
            for name, of_class in scores.classes.items()
        },
        mean_agreement=agreement.mean_agreement,
        mean_iou=scores.miou,
        confusion=scores.confusion,
        names=tuple(pair.tile for pair in pairs),
        published=published_table3() if is_release else None,
        record=record,
    )


def _published_rows(table: PublishedTable3) -> list[tuple[float, float]]:
    return [(row.agreement, row.iou) for row in [*table.classes.values(), table.mean]]


def _markdown(table: Table3, about: str) -> str:
    lines = [_HEADINGS, *table3_rows(table)]
    if table.published is not None:
        published = [tuple(map(_fraction, row)) for row in _published_rows(table.published)]
        lines = beside(lines, [_PUBLISHED_HEADINGS, *published])
    confusion = [(name, *map(str, counts)) for name, counts in zip(NAMES, table.confusion, strict=True)]
    parts = [
        "# Table III: agreement and IoU of labels",
        markdown_table(lines[0], lines[1:]),
        markdown_text(about),
        "## Confusion matrix",
        "Pixels; rows are the classes of the reference, columns those of the other label.",
        markdown_table(("Reference", *NAMES), confusion),
    ]
    return "\n\n".join(parts) + "\n"


def _csv_rows(table: Table3) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [(name, row.agreement, row.iou) for name, row in table.classes.items()]
    rows = [("class", "agreement", "iou"), *rows, ("mean", table.mean_agreement, table.mean_iou)]
    if table.published is None:
        return rows
    return beside(rows, [("published_agreement", "published_iou"), *_published_rows(table.published)])
