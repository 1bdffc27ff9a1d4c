"""Table IV as Markdown, CSV, LaTeX and HTML, with the paper's columns and names, in percent."""

import csv
import io
from collections.abc import Sequence

from oemsar.benchmark.rows import Fraction, Row
from oemsar.config_file import Value
from oemsar.inputs import OPTICAL, SAR, SAR_OPTICAL, Inputs
from oemsar.legend import NAMES
from oemsar.pages import render
from oemsar.visible_text import latex_text, markdown_text, visible

METHODS = {"unet": "U-Net", "segformer": "SegFormer", "vmamba": "VMamba", "upernet": "UPerNet"}
"""Names of the networks in tables, the first three as the paper has them; another network has its own."""

MODALITIES = {OPTICAL: "Optical", SAR: "SAR", SAR_OPTICAL: "SAR+Optical"}


def name_of(inputs: Inputs) -> str:
    """Name inputs as the paper's table has them, others as they are written."""
    return MODALITIES.get(inputs, str(inputs))


CLASSES = ("Bareland", "Grass", "Developed", "Road", "Tree", "Water", "Agriculture Land", "Buildings")
"""The paper's names of the classes in its Table IV, legend order."""

HEADINGS = (
    *("Method", "Modality", "Case", *CLASSES, "mIoU (%)"),
    *("95 % interval", "mIoU, ground once", "mIoU, mean of regions"),
)

DASH = "–"  # noqa: RUF001 (an en dash, as tables have it)
_FIRST_NUMBER = 3


class BenchmarkTable(Value):
    """Table of a benchmark, ready to be written."""

    rows: tuple[Row, ...]
    """Rows in the order of the plan."""
    notes: tuple[str, ...]
    """Sentences below the table: data, versions, how it was counted."""
    failures: tuple[str, ...]
    """One sentence for each cell that failed."""

    def cells(self) -> list[list[str]]:
        """Write the text of each row, published values in parentheses beside this project's."""
        return [[method(row), name_of(row.modalities), row.regime.value, *_numbers(row)] for row in self.rows]


def _numbers(row: Row) -> list[str]:
    """Write the scores of a row, published values in parentheses."""
    scores = [_percent(score) for score in row.iou]
    deviation = "" if row.miou_deviation is None else f" ± {_percent(row.miou_deviation)}"
    scores.append(_percent(row.miou) + deviation)
    if row.published is not None:
        pairs = zip(scores, row.published, strict=True)
        scores = [f"{score} ({published:.2f})" for score, published in pairs]
    low, high = row.miou_interval
    interval = DASH if low is None else f"{_percent(low)}{DASH}{_percent(high)}"
    return [*scores, interval, _percent(row.miou_ground_once), _percent(row.miou_regions)]


def method(row: Row) -> str:
    """Name the network of a row as the table has it."""
    name = METHODS.get(row.network, row.network)
    return name if row.fusion == "stack" else f"{name} ({row.fusion})"


def markdown(table: BenchmarkTable) -> str:
    """Write the table as a Markdown document."""
    align = ["---"] * _FIRST_NUMBER + ["---:"] * (len(HEADINGS) - _FIRST_NUMBER)
    lines = [_markdown_row(HEADINGS), _markdown_row(align), *map(_markdown_row, table.cells()), ""]
    lines += [f"{markdown_text(note)}\n" for note in table.notes]
    if table.failures:
        lines += ["Failed cells:\n", *(f"- {markdown_text(failure)}" for failure in table.failures)]
    return "\n".join(lines).rstrip("\n") + "\n"


def latex(table: BenchmarkTable) -> str:
    """Write the table for a paper: `tabular` with the rules of the package booktabs, notes as comments."""
    columns = "l" * _FIRST_NUMBER + "r" * (len(HEADINGS) - _FIRST_NUMBER)
    lines = [f"% {visible(line)}" for line in [*table.notes, *table.failures]]
    lines += ["% needs \\usepackage{booktabs}", f"\\begin{{tabular}}{{{columns}}}", "\\toprule"]
    lines += [_latex_row(HEADINGS), "\\midrule"]
    former = None
    for row, cells in zip(table.rows, table.cells(), strict=True):
        if former not in (None, method(row)):
            lines.append("\\midrule")
        former = method(row)
        lines.append(_latex_row(cells))
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n"


def html(table: BenchmarkTable, figure: str | None) -> str:
    """Write the table as a page that opens from disk, with the figure of that file name below it."""
    return render(
        "oemsar.benchmark",
        "table4.html.j2",
        headings=HEADINGS,
        rows=table.cells(),
        notes=table.notes,
        failures=table.failures,
        figure=figure,
        texts=_FIRST_NUMBER,
    )


def comma_separated(table: BenchmarkTable) -> str:
    """Write the table for other programs: percentages to four decimals, absent values as empty cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["network", "fusion", "modalities", "regime", "seeds"]
        + [f"{name}{end}" for name in NAMES for end in ("", " low", " high")]
        + ["miou", "miou low", "miou high", "miou deviation", "miou ground once", "miou mean of regions"]
        + [f"{name} published" for name in (*NAMES, "miou")]
    )
    for row in table.rows:
        by_class = [
            value
            for of_class, ends in zip(row.iou, row.iou_interval, strict=True)
            for value in (of_class, *ends)
        ]
        means = [row.miou, *row.miou_interval, row.miou_deviation, row.miou_ground_once, row.miou_regions]
        writer.writerow(
            [
                row.network,
                row.fusion,
                str(row.modalities),
                row.regime.value,
                " ".join(map(str, row.seeds)),
            ]
            + ["" if value is None else f"{100 * value:.4f}" for value in [*by_class, *means]]
            + ([f"{value:.2f}" for value in row.published] if row.published else [""] * (len(NAMES) + 1))
        )
    return text.getvalue()


def _percent(fraction: Fraction) -> str:
    return DASH if fraction is None else f"{100 * fraction:.2f}"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(markdown_text, cells))} |"


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(latex_text, cells)) + r" \\"
