"""Tables of a check, for people: Markdown and CSV."""

from collections.abc import Mapping, Sequence

from oemsar.curate.check.compare import Agreement
from oemsar.curate.check.confident import Doubts, SuspectSegment, SuspectTile
from oemsar.curate.check.estimates import ClassEstimates, Estimate, Estimates
from oemsar.text_table import csv_table, markdown_table


def check_markdown(
    pseudo: Mapping[str, Agreement],
    annotators: Mapping[str, Agreement],
    estimates: Estimates | None,
    doubts: Doubts | None,
) -> str:
    """Write the tables of a check, those that there are."""
    parts = ["# Check of labels"]
    if pseudo:
        parts += ["## Pseudo labels against labels made by hand", _conditions(pseudo), _classes(pseudo)]
    if annotators:
        parts += ["## Two people", _conditions(annotators), _classes(annotators)]
    if estimates is not None:
        parts += ["## Estimates from the sample", _estimated(estimates)]
    if doubts is not None:
        parts += ["## Labels that are likely wrong", _doubts(doubts)]
    return "\n\n".join(parts) + "\n"


def tiles_csv(doubts: Doubts | None) -> str:
    """List the tiles that are most likely wrong; the headings alone without any."""
    rows = [] if doubts is None else [tuple(item.model_dump().values()) for item in doubts.worst_tiles]
    return csv_table([tuple(SuspectTile.model_fields), *rows])


def segments_csv(doubts: Doubts | None) -> str:
    """List the segments that are most likely wrong; the headings alone without any."""
    rows = [] if doubts is None else [tuple(item.model_dump().values()) for item in doubts.worst_segments]
    return csv_table([tuple(SuspectSegment.model_fields), *rows])


def _conditions(agreements: Mapping[str, Agreement]) -> str:
    rows = [
        (
            name,
            str(each.tiles),
            str(each.pixels),
            _number(each.overall),
            _number(each.mean_iou),
            _number(each.kappa),
            _number(each.alpha),
        )
        for name, each in agreements.items()
    ]
    headings = ("Pixels", "Tiles", "Number", "Agreement", "Mean IoU", "Kappa", "Alpha")
    return markdown_table(headings, rows)


def _classes(agreements: Mapping[str, Agreement]) -> str:
    every = agreements["all"]
    rows = [
        (name, _number(every.recall[name]), _number(every.iou[name]), _number(every.class_kappa[name]))
        for name in every.recall
    ]
    return markdown_table(("Class", "Agreement", "IoU", "Kappa"), rows)


def _estimated(estimates: Estimates) -> str:
    rows = [_estimate_row(name, each) for name, each in estimates.classes.items()]
    headings = ("Class", "Share of the ground", "Hectares", "User's accuracy", "Producer's accuracy")
    about = (
        f"{estimates.tiles} labelled tiles stand for {estimates.population:g}; overall accuracy "
        f"{_interval(estimates.overall_accuracy)}. Intervals are of 95 %."
    )
    return f"{about}\n\n{markdown_table(headings, rows)}"


def _estimate_row(name: str, each: ClassEstimates) -> tuple[str, ...]:
    ends = (each.hectares, each.hectares_low, each.hectares_high)
    hectares = "" if ends[0] is None else f"{ends[0]:.2f}"
    if ends[1] is not None and ends[2] is not None:
        hectares = f"{hectares} ({ends[1]:.2f} to {ends[2]:.2f})"
    figures = (each.area_share, each.users_accuracy, each.producers_accuracy)
    share, users, producers = map(_interval, figures)
    return name, share, hectares, users, producers


def _doubts(doubts: Doubts) -> str:
    about = f"{doubts.doubtful_share:.1%} of the labelled pixels of {doubts.tiles} tiles are in doubt."
    rows: Sequence[tuple[str, ...]] = [
        (
            item.tile,
            item.label,
            item.suggested,
            f"{item.row}, {item.column}",
            str(item.pixels),
            f"{item.score:.3f}",
        )
        for item in doubts.worst_segments[:20]
    ]
    headings = ("Tile", "Label", "Suggested", "Row, column", "Pixels", "Score")
    return f"{about}\n\n{markdown_table(headings, rows)}" if rows else about


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.4f}"
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"
