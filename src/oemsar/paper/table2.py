"""The statistics of a dataset as files: `stats.json`, and Table II as Markdown and CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from oemsar.dataset.segments import Connectivity
from oemsar.dataset.statistics import GROUPINGS, Labels, Statistics, Tally, count_labels
from oemsar.dataset.table import read_tiles
from oemsar.files import require_writable, write_json, write_text
from oemsar.legend import CLASSES
from oemsar.paper import published
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record
from oemsar.text_table import csv_table, markdown_table

_TITLES: dict[Labels, str] = {
    "table2": "one label a tile, pseudo before real",
    "pseudo": "pseudo labels",
    "real": "real labels",
}
_HEADINGS: tuple[str, ...] = ("Class", "Colour (HEX)", "Pixels (M)", "Share (%)", "Segments (K)")
_PUBLISHED_HEADINGS = ("Published pixels (M)", "Published share (%)", "Published segments (K)")
_CSV_HEADINGS = ("labels", "group", "name", "tiles", "class", "pixels", "share_percent", "segments")
_PUBLISHED_CSV_HEADINGS = (
    "published_pixels_millions",
    "published_share_percent",
    "published_segments_thousands",
)


def write_statistics(
    table: Path,
    out: Path,
    connectivity: Connectivity = 8,
    *,
    workers: int | None = None,
    report: Report = silent,
) -> Statistics:
    """Count the labels of the table of tiles and write `table2.md`, `table2.csv` and, last, `stats.json`.

    The published numbers stand beside the counted ones where the table is the whole published release, and
    only then.

    Args:
        table: the table of tiles.
        out: the folder of the results; created where it is missing.
        connectivity: neighbours of a pixel of a segment.
        workers: processes to read in; the number of processors by default.
        report: told the labels done.

    Raises:
        InputError: the table or a label is wrong, or there is no label.
        Failure: a reading process was killed.
    """
    tiles = read_tiles(table)
    require_writable(out)
    record = run_record({"data": str(table), "connectivity": connectivity}, data=table)
    statistics = count_labels(tiles, connectivity, workers=workers, report=report)
    is_release = published.is_published_release(tiles)
    write_text(out / "table2.md", _markdown(statistics, table.name, is_release=is_release))
    write_text(out / "table2.csv", csv_table(_csv_rows(statistics, is_release=is_release)))
    write_json(out / "stats.json", _document(statistics, record, is_release=is_release))
    return statistics


def table2_rows(statistics: Statistics) -> list[tuple[str, ...]]:
    """Table II as text, without published numbers, one row a class in legend order."""
    return _rows(statistics.labels["table2"].overall)


def table2_headings() -> tuple[str, ...]:
    """Headings of `table2_rows`."""
    return _HEADINGS


def _rows(tally: Tally) -> list[tuple[str, ...]]:
    return [
        (
            entry.name,
            entry.hex[1:].upper(),
            f"{found.pixels / 1e6:.2f}",
            f"{found.share_percent:.2f}",
            f"{found.segments / 1e3:.3f}",
        )
        for entry, found in zip(CLASSES, tally.classes.values(), strict=True)
    ]


def _markdown(statistics: Statistics, table: str, *, is_release: bool) -> str:
    main = statistics.labels["table2"]
    headings, rows = _HEADINGS, _rows(main.overall)
    if is_release:
        headings = (*headings, *_PUBLISHED_HEADINGS)
        beside = [tuple(map(str, asdict(row).values())) for row in published.table2().values()]
        rows = [(*row, *cells) for row, cells in zip(rows, beside, strict=True)]
    parts = [
        "# Table II: pixels and segments of the classes",
        markdown_table(headings, rows),
        _explanation(statistics, table),
        "## By split and label",
        _group_table(
            [
                (f"{split}, {_TITLES[kind]}", tally)
                for kind in ("pseudo", "real")
                if kind in statistics.labels
                for split, tally in statistics.labels[kind].groups["split"].items()
            ]
        ),
    ]
    for grouping in ("country", "region"):
        parts += [f"## By {grouping}", _group_table([*main.groups[grouping].items()])]
    return "\n\n".join(parts) + "\n"


def _explanation(statistics: Statistics, table: str) -> str:
    overall = statistics.labels["table2"].overall
    pseudo = statistics.labels.get("pseudo")
    counted = 0 if pseudo is None else pseudo.overall.tiles
    lines = [
        f"{table}: {overall.tiles} tiles, {counted} by their pseudo label and {overall.tiles - counted}, "
        f"which have none, by their real label. {overall.pixels[0] / 1e6:.2f} million pixels are unknown; "
        "shares are of all pixels, unknown included.",
        "A segment is a connected component of one class within a tile, "
        f"{statistics.connectivity} neighbours to a pixel.",
    ]
    if statistics.without_region:
        lines.append(f"{statistics.without_region} tiles have no region and stand under unassigned.")
    return " ".join(lines)


def _group_table(groups: Sequence[tuple[str, Tally]]) -> str:
    """Share of each class in percent, and segments of all classes in thousands, one row a group."""
    headings = ("", "Tiles", *(f"{entry.name} (%)" for entry in CLASSES), "Segments (K)")
    rows = []
    for name, tally in groups:
        shares = [f"{found.share_percent:.2f}" for found in tally.classes.values()]
        rows.append((name, str(tally.tiles), *shares, f"{sum(tally.segments[1:]) / 1e3:.3f}"))
    return markdown_table(headings, rows)


def _csv_rows(statistics: Statistics, *, is_release: bool) -> Iterator[tuple[object, ...]]:
    yield (*_CSV_HEADINGS, *(_PUBLISHED_CSV_HEADINGS if is_release else ()))
    for kind, breakdown in statistics.labels.items():
        groups = [("all", "all", breakdown.overall)]
        groups += [
            (group, name, tally) for group in GROUPINGS for name, tally in breakdown.groups[group].items()
        ]
        for group, name, tally in groups:
            for of_class, found in tally.classes.items():
                beside: tuple[object, ...] = ()
                if is_release:
                    is_table2 = (kind, group) == ("table2", "all")
                    row = published.table2()[of_class]
                    beside = tuple(asdict(row).values()) if is_table2 else (None, None, None)
                cells = (found.pixels, found.share_percent, found.segments)
                yield (kind, group, name, tally.tiles, of_class, *cells, *beside)


def _document(statistics: Statistics, record: RunRecord, *, is_release: bool) -> dict[str, Any]:
    """Plain values: every tally, the connectivity, and the published table where it belongs beside."""
    return {
        "connectivity": statistics.connectivity,
        "tiles_without_region": statistics.without_region,
        "labels": {
            kind: {
                "description": _TITLES[kind],
                "all": _plain(breakdown.overall),
                **{
                    group: {name: _plain(tally) for name, tally in breakdown.groups[group].items()}
                    for group in GROUPINGS
                },
            }
            for kind, breakdown in statistics.labels.items()
        },
        "published": _published() if is_release else None,
        "record": record.plain(),
    }


def _plain(tally: Tally) -> dict[str, Any]:
    return {
        "tiles": tally.tiles,
        "pixels": sum(tally.pixels),
        "unknown_pixels": tally.pixels[0],
        "classes": {name: asdict(found) for name, found in tally.classes.items()},
    }


def _published() -> dict[str, Any]:
    return {
        "source": published.source(),
        "classes": {name: asdict(row) for name, row in published.table2().items()},
    }
