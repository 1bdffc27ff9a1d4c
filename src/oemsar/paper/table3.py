"""The agreement of two sets of labels as files: `agreement.json`, and Table III as Markdown and CSV."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from oemsar.dataset.table import read_tiles
from oemsar.evaluate.agreement import Agreement, LabelPair, compare, pairs_against, pairs_of_tiles
from oemsar.files import require_writable, write_json, write_text
from oemsar.legend import NAMES
from oemsar.paper import published
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record
from oemsar.text_table import csv_table, markdown_table

_HEADINGS: tuple[str, ...] = ("Class", "Agreement", "IoU")
_PUBLISHED_HEADINGS = ("Published agreement", "Published IoU")
_PUBLISHED_TILES = 700
"""Hand-labelled tiles behind the published table: 20 in each of 35 regions."""


def write_agreement(
    table: Path,
    out: Path,
    *,
    against: Path | None = None,
    workers: int | None = None,
    report: Report = silent,
) -> Agreement:
    """Compare labels of the table of tiles and write `table3.md`, `table3.csv` and, last, `agreement.json`.

    The published numbers stand beside where the table is the whole published release with a pseudo label
    for each of its 700 real ones, and only then.

    Args:
        table: the table of tiles.
        out: the folder of the results; created where it is missing.
        against: folder of a second set of labels, by the names of the tiles, to hold against the table's
            label of each tile (real before pseudo); without it pseudo labels are held against real ones.
        workers: threads to read in; the number of processors by default.
        report: told the tiles done.

    Raises:
        InputError: the table, a label or the folder is wrong, or there is nothing to compare.
    """
    tiles = read_tiles(table)
    pairs = pairs_of_tiles(tiles, table) if against is None else pairs_against(tiles, table, against)
    require_writable(out)
    config = {"data": str(table), "against": None if against is None else str(against)}
    record = run_record(config, data=table)
    agreement = compare(pairs, workers=workers, report=report)
    beside = against is None and len(pairs) == _PUBLISHED_TILES and published.is_published_release(tiles)
    compared = "pseudo labels held against real labels"
    if against is not None:
        compared = f"labels of {against.name} held against those of the table"
    about = f"{table.name}: {agreement.tiles} tiles, {compared}. {_note(agreement)}"
    write_text(out / "table3.md", _markdown(agreement, about, beside=beside))
    write_text(out / "table3.csv", csv_table(_csv_rows(agreement, beside=beside)))
    write_json(out / "agreement.json", _document(agreement, pairs, record, compared, beside=beside))
    return agreement


def table3_rows(agreement: Agreement) -> list[tuple[str, ...]]:
    """Table III as text: class, agreement and IoU as fractions, then their means."""
    rows = [
        (name, _fraction(scores.recall), _fraction(scores.iou))
        for name, scores in agreement.scores.classes.items()
    ]
    return [*rows, ("Mean", _fraction(agreement.mean_agreement), _fraction(agreement.scores.miou))]


def table3_headings() -> tuple[str, ...]:
    """Headings of `table3_rows`."""
    return _HEADINGS


def _fraction(value: float | None) -> str:
    return "absent" if value is None else f"{value:.4f}"


def _note(agreement: Agreement) -> str:
    return (
        f"{agreement.unknown} pixels are unknown in one label or both and left out. Agreement is the share "
        "of the pixels of a class in the reference that the other label gives the same class; its mean is "
        "over the classes of the reference, that of IoU over the classes of either."
    )


def _published_rows() -> list[tuple[float, float]]:
    rows = [*published.table3().values(), published.table3_mean()]
    return [(row.agreement, row.iou) for row in rows]


def _markdown(agreement: Agreement, about: str, *, beside: bool) -> str:
    headings, rows = _HEADINGS, table3_rows(agreement)
    if beside:
        headings = (*headings, *_PUBLISHED_HEADINGS)
        cells = [tuple(map(_fraction, row)) for row in _published_rows()]
        rows = [(*row, *extra) for row, extra in zip(rows, cells, strict=True)]
    confusion = [
        (name, *map(str, counts)) for name, counts in zip(NAMES, agreement.scores.confusion, strict=True)
    ]
    parts = [
        "# Table III: agreement and IoU of labels",
        markdown_table(headings, rows),
        about,
        "## Confusion matrix",
        "Pixels; rows are the classes of the reference, columns those of the other label.",
        markdown_table(("Reference", *NAMES), confusion),
    ]
    return "\n\n".join(parts) + "\n"


def _csv_rows(agreement: Agreement, *, beside: bool) -> list[tuple[object, ...]]:
    scores = agreement.scores
    rows: list[tuple[object, ...]] = [
        (name, of_class.recall, of_class.iou) for name, of_class in scores.classes.items()
    ]
    rows = [("class", "agreement", "iou"), *rows, ("mean", agreement.mean_agreement, scores.miou)]
    if not beside:
        return rows
    extra: list[tuple[object, ...]] = [("published_agreement", "published_iou"), *_published_rows()]
    return [(*row, *cells) for row, cells in zip(rows, extra, strict=True)]


def _document(
    agreement: Agreement, pairs: list[LabelPair], record: RunRecord, compared: str, *, beside: bool
) -> dict[str, Any]:
    """Plain values: agreement and IoU of every class, their means, the matrix, and what was compared."""
    scores = agreement.scores
    classes = {
        name: {"agreement": of_class.recall, "iou": of_class.iou} for name, of_class in scores.classes.items()
    }
    table = {
        "source": published.source(),
        "classes": {name: asdict(row) for name, row in published.table3().items()},
        "mean": asdict(published.table3_mean()),
    }
    return {
        "compared": compared,
        "tiles": agreement.tiles,
        "unknown_pixels": agreement.unknown,
        "classes": classes,
        "mean_agreement": agreement.mean_agreement,
        "mean_iou": scores.miou,
        "confusion": [list(row) for row in scores.confusion],
        "names": [pair.tile for pair in pairs],
        "published": table if beside else None,
        "record": record.plain(),
    }
