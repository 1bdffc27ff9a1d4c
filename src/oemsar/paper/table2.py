"""Table II of the paper: pixels and segments of the classes as `stats.json`, Markdown and CSV."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from oemsar.dataset.statistics import GROUPINGS, Grouping, Statistics, Tally, count_labels
from oemsar.dataset.table import Table, as_tiles, table_files, table_origin
from oemsar.files import write_json, write_text
from oemsar.folders import claimed, is_record, require_apart
from oemsar.legend import CLASSES
from oemsar.locks import holds_output
from oemsar.paper.config import Table2Config
from oemsar.paper.published import PublishedTable2, Table2Row, is_published_release, published_table2
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record
from oemsar.text_table import beside, csv_table, markdown_table
from oemsar.visible_text import markdown_text

_RESULTS = ("table2.md", "table2.csv", "stats.json")

_HEADINGS: tuple[str, ...] = ("Class", "Colour (HEX)", "Pixels (M)", "Share (%)", "Segments (K)")
_PUBLISHED_HEADINGS = ("Published pixels (M)", "Published share (%)", "Published segments (K)")
_CSV_HEADINGS = ("labels", "group", "name", "tiles", "class", "pixels", "share_percent", "segments")
_PUBLISHED_CSV_HEADINGS = (
    "published_pixels_millions",
    "published_share_percent",
    "published_segments_thousands",
)


_MANY = 10_000_000
"""Pixels of all classes from which two digits of millions tell a class of a percent."""


class Table2(Statistics):
    """Pixels and segments of the labels of a table of tiles, as stored in `stats.json`."""

    published: PublishedTable2 | None
    """Published numbers where the table is the whole release; else None."""
    record: RunRecord
    """Description of the run."""
    format: int = 1
    """Version of the layout of the file."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out / _RESULTS[-1]]


@holds_output(_held)
def count_classes(
    table: Table, out: Path, *, config: Table2Config = Table2Config(), report: Report = silent
) -> Table2:
    """Count the labels of a table of tiles and write `table2.md`, `table2.csv` and, last, `stats.json`.

    The published numbers stand beside the counted ones where the table is the whole published release, and
    only then.

    Args:
        table: Table of tiles, as a path or as the tiles.
        out: Folder of the results; created where it is missing.
        config: Neighbours of a pixel, and number of processes.
        report: Called with the labels done and the labels in all.

    Raises:
        InputError: The table or a label is wrong, or there is no label.
        Failure: A reading process was killed.
    """
    tiles = as_tiles(table)
    require_apart([out / name for name in _RESULTS], table_files(table, tiles))
    data = str(table) if isinstance(table, Path) else None
    record = run_record({"data": data, "connectivity": config.connectivity}, data=table_origin(table))
    files = [out / name for name in _RESULTS]
    with claimed(files[-1], lambda: is_record(files[-1], "connectivity", "labels"), files):
        statistics = count_labels(tiles, config.neighbours, workers=config.workers, report=report)
        found = Table2(
            connectivity=statistics.connectivity,
            tiles_without_region=statistics.tiles_without_region,
            labels=statistics.labels,
            published=published_table2() if is_published_release(tiles) else None,
            record=record,
        )
        name = table.name if isinstance(table, Path) else "Tiles"
        write_text(out / "table2.md", _markdown(found, name))
        write_text(out / "table2.csv", csv_table(_csv_rows(found)))
        write_json(out / "stats.json", found.model_dump(mode="json", by_alias=True))
    return found


def table2_rows(statistics: Statistics) -> list[tuple[str, ...]]:
    """Give Table II as text, without published numbers, one row a class in legend order."""
    return _rows(statistics.labels["table2"].overall)


def table2_headings() -> tuple[str, ...]:
    """Give the headings of the columns of `table2_rows`."""
    return _HEADINGS


def _rows(tally: Tally) -> list[tuple[str, ...]]:
    # as published, with two digits; of a small world they would be 0.00
    digits = 2 if sum(found.pixels for found in tally.classes.values()) >= _MANY else 6
    return [
        (
            entry.name,
            entry.hex[1:].upper(),
            f"{found.pixels / 1e6:.{digits}f}",
            f"{found.share_percent:.2f}",
            f"{found.segments / 1e3:.3f}",
        )
        for entry, found in zip(CLASSES, tally.classes.values(), strict=True)
    ]


def _markdown(statistics: Table2, table: str) -> str:
    main = statistics.labels["table2"]
    lines = [_HEADINGS, *_rows(main.overall)]
    if statistics.published is not None:
        lines = beside(lines, [_PUBLISHED_HEADINGS, *map(_cells, statistics.published.classes.values())])
    parts = [
        "# Table II: pixels and segments of the classes",
        markdown_table(lines[0], lines[1:]),
        _explanation(statistics, table),
        "## By split and label",
        _group_table(
            [
                (f"{split}, {statistics.labels[kind].description}", tally)
                for kind in ("pseudo", "real")
                if kind in statistics.labels
                for split, tally in statistics.labels[kind].split.items()
            ]
        ),
    ]
    groupings: tuple[Grouping, ...] = ("country", "region")
    for grouping in groupings:
        parts += [f"## By {grouping}", _group_table([*main.group(grouping).items()])]
    return "\n\n".join(parts) + "\n"


def _cells(row: Table2Row) -> tuple[str, ...]:
    """Give the published numbers of a class as text."""
    return tuple(map(str, row.model_dump().values()))


def _explanation(statistics: Statistics, table: str) -> str:
    overall = statistics.labels["table2"].overall
    pseudo = statistics.labels.get("pseudo")
    counted = 0 if pseudo is None else pseudo.overall.tiles
    unknown = f"{overall.unknown_pixels / 1e6:.2f} million pixels are unknown"
    lines = [
        f"{markdown_text(table)}: {overall.tiles} tiles, {counted} by their pseudo label and "
        f"{overall.tiles - counted}, "
        f"which have none, by their real label. {unknown}; "
        "shares are of all pixels, unknown included.",
        "A segment is a connected component of one class within a tile, "
        f"{statistics.connectivity} neighbours to a pixel.",
    ]
    if statistics.tiles_without_region:
        lines.append(f"{statistics.tiles_without_region} tiles have no region and stand under unassigned.")
    return " ".join(lines)


def _group_table(groups: Sequence[tuple[str, Tally]]) -> str:
    """Write shares of the classes in percent and all segments in thousands, one row a group."""
    headings = ("", "Tiles", *(f"{entry.name} (%)" for entry in CLASSES), "Segments (K)")
    rows = []
    for name, tally in groups:
        shares = [f"{found.share_percent:.2f}" for found in tally.classes.values()]
        rows.append((name, str(tally.tiles), *shares, f"{tally.segments / 1e3:.3f}"))
    return markdown_table(headings, rows)


def _csv_rows(statistics: Table2) -> Iterator[tuple[object, ...]]:
    is_release = statistics.published is not None
    yield (*_CSV_HEADINGS, *(_PUBLISHED_CSV_HEADINGS if is_release else ()))
    for kind, breakdown in statistics.labels.items():
        groups = [("all", "all", breakdown.overall)]
        groups += [
            (group, name, tally) for group in GROUPINGS for name, tally in breakdown.group(group).items()
        ]
        for group, name, tally in groups:
            for of_class, found in tally.classes.items():
                also: tuple[object, ...] = ()
                if statistics.published is not None:
                    is_table2 = (kind, group) == ("table2", "all")
                    row = statistics.published.classes[of_class]
                    also = tuple(row.model_dump().values()) if is_table2 else (None, None, None)
                cells = (found.pixels, found.share_percent, found.segments)
                yield (kind, group, name, tally.tiles, of_class, *cells, *also)
