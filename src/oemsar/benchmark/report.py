"""Report of a benchmark: table and figure of the cells finished so far."""

from collections.abc import Iterable
from pathlib import Path

from oemsar.benchmark import folder as folders
from oemsar.benchmark import table as tables
from oemsar.benchmark.figure import draw
from oemsar.benchmark.plan import Plan
from oemsar.benchmark.records import BenchmarkRecord, CellRecord
from oemsar.benchmark.rows import Results, Row, collect
from oemsar.benchmark.table import BenchmarkTable
from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.evaluate.bootstrap import DRAWS
from oemsar.figures import is_figure, save_figure
from oemsar.files import write_text
from oemsar.folders import require_apart, require_own
from oemsar.limits import read_text
from oemsar.locks import holds_output
from oemsar.paper.published import table4

FIGURE = "figure3.png"
_TABLES = {
    "table4.md": "| Method | Modality | Case |",
    "table4.csv": "network,",
    "table4.tex": r"needs \usepackage{booktabs}",
    "table4.html": "<title>Table IV: IoU and mIoU in percent</title>",
}
"""Files of the table, and the text by which each is recognised."""


class BenchmarkReport(Value):
    """Table of a benchmark and its files."""

    table: BenchmarkTable
    """Rows, notes and failures."""
    files: tuple[Path, ...]
    """Files that were written."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out / "table4.md"]


@holds_output(_held)
def report_benchmark(out: Path) -> BenchmarkReport:
    """Write `table4.md`, `.csv`, `.tex`, `.html` and `figure3.png` into the folder of a benchmark.

    Everything comes from what the cells stored: nothing is trained or predicted, and the table of tiles is
    not needed.

    Args:
        out: Folder of the benchmark, finished or not.

    Raises:
        InputError: There is no benchmark, no finished cell, a file of a cell is damaged, or one that would be
            replaced is of another origin.
    """
    plan, about = folders.stored_plan(out), folders.about(out)
    results = collect(out, plan)
    if not results.records:
        why = "; ".join(f"{name}: {reason}" for name, reason in list(results.failed.items())[:1])
        raise InputError(f"{out} has no finished cell to report{f' ({why})' if why else ''}")
    require_apart([out / name for name in (*_TABLES, FIGURE)], _read(out, plan))
    require_own([out / name for name in _TABLES], _is_table, "a table of a benchmark")
    require_own([out / FIGURE], is_figure, "a figure drawn by this program")
    failures = tuple(f"{name}: {reason}" for name, reason in results.failed.items())
    figure = draw(out, plan, list(about.examples), set(results.records))
    table = BenchmarkTable(
        rows=tuple(_with_published(row) for row in results.rows) if about.published_release else results.rows,
        notes=_notes(plan, about, results),
        failures=failures,
    )
    written = [out / name for name in _TABLES]
    if figure is not None:
        save_figure(figure, out / FIGURE)
        written.append(out / FIGURE)
    else:
        (out / FIGURE).unlink(missing_ok=True)
    texts = (
        tables.markdown(table),
        tables.comma_separated(table),
        tables.latex(table),
        tables.html(table, None if figure is None else FIGURE),
    )
    for path, text in zip(written, texts, strict=False):
        write_text(path, text)
    return BenchmarkReport(table=table, files=tuple(written))


def _is_table(path: Path) -> bool:
    """Tell whether a file is one of the table's, as an earlier report left it."""
    try:
        return _TABLES[path.name] in read_text(path)
    except (InputError, ValueError):
        return False


def _read(out: Path, plan: Plan) -> list[Path]:
    """List the files that a report is made from."""
    cells = [folders.cell_folder(out, cell) for cell in plan.cells()]
    names = (folders.FINISHED, folders.FAILED, folders.COUNTS)
    pictures = [out / folders.EXAMPLES, *(folder / folders.MAPS for folder in cells)]
    return [
        out / folders.PLAN,
        out / folders.ABOUT,
        *(folder / name for folder in cells for name in names),
        *(picture for folder in pictures for picture in folder.glob("*.png")),
    ]


def _with_published(row: Row) -> Row:
    """Put the paper's row beside one of ours, where the paper has it."""
    published = table4().get((row.network, row.modalities, row.regime))
    if published is None or row.fusion != "stack":
        return row
    return row.model_copy(update={"published": (*published.iou, published.miou)})


def _notes(plan: Plan, about: BenchmarkRecord, results: Results) -> tuple[str, ...]:
    records = list(results.records.values())
    release = "the published release" if about.published_release else "not the published release"
    seeds = ", ".join(str(seed) for seed in plan.seeds)
    finished, cells = len(records), len(plan.cells())
    notes = [
        f"Data: {about.data.table} (sha256 {about.data.sha256}), {release}; split test, {_tiles(records)}; "
        f"labels {_labels(records)}.",
        f"Made by oemsar {_distinct(record.record.versions['oemsar'] for record in records)}, commit "
        f"{_distinct(record.record.git_commit or 'unknown' for record in records)}; seeds {seeds}; "
        f"{finished} of {cells} cells finished, {len(results.failed)} failed, "
        f"{len(results.missing)} not run.",
        "IoU and mIoU in percent from one confusion matrix over all pixels of the split; a class absent from "
        "truth and prediction is a dash and no part of the mean.",
        _about_intervals(records),
        "Ground once: a pixel whose centre lies in a tile of an earlier name is left out."
        + _about_georeferencing(records),
    ]
    if len(plan.seeds) > 1:
        notes.append("Several seeds: mean of their scores ± sample standard deviation of their mIoU.")
    if about.published_release:
        notes.append("In parentheses the values of Xia et al. (arXiv 2501.10891), Table IV.")
    return tuple(notes)


def _about_intervals(records: list[CellRecord]) -> str:
    if not all(record.regions_are_assigned for record in records):
        return (
            "The table assigns no region: all tiles count as one, called unassigned, and there is no "
            "interval; `oemsar data index` assigns regions to georeferenced tiles."
        )
    return (
        f"Interval: 95 % of {DRAWS} draws of the {_distinct(record.regions for record in records)} "
        "regions with replacement, seed 0, mIoU from the summed matrices of those drawn. Mean of "
        "regions: of the mIoU of each."
    )


def _about_georeferencing(records: list[CellRecord]) -> str:
    tiles, placed = max((record.tiles, record.georeferenced) for record in records)
    if placed == tiles:
        return ""
    return f" {tiles - placed} of {tiles} tiles have no georeferencing and count as ground of their own."


def _tiles(records: list[CellRecord]) -> str:
    return f"{_distinct(record.tiles for record in records)} tiles"


def _labels(records: list[CellRecord]) -> str:
    return _distinct(f"{r.labels.real} by hand, {r.labels.pseudo} pseudo" for r in records)


def _distinct(values: Iterable[object]) -> str:
    return " / ".join(dict.fromkeys(str(value) for value in values))
