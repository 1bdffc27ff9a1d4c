"""`oemsar data regions` prints one row a region, each number under its heading."""

import pytest
import typer
from typer.testing import CliRunner

from oemsar.cli.data_regions import regions
from oemsar.dataset.regions import RegionSummary
from oemsar.paper.release_counts import RegionReport


def test_every_number_stands_under_its_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    region = RegionSummary(
        name="JPN-03",
        country="JPN",
        lon=139.5,
        lat=35.25,
        tiles={"train": 40, "val": 6, "test": 14},
        hand_labelled={"train": 1, "val": 5, "test": 13},
        gap_km=7.75,
    )
    alone = region.model_copy(update={"name": "[b]none[/b]", "country": None, "gap_km": None})
    report = RegionReport(regions=(region, alone), unassigned_tiles=2, differences_from_published=())
    monkeypatch.setattr("oemsar.paper.release_counts.list_regions", lambda _: report)
    monkeypatch.setenv("COLUMNS", "160")
    app = typer.Typer()
    app.command()(regions)
    shown = CliRunner().invoke(app, ["a.parquet"], catch_exceptions=False).stdout
    rows = [line.replace("┃", "│").split("│") for line in shown.splitlines() if "┃" in line or "│" in line]
    headings, first, second = ([cell.strip() for cell in row[1:-1]] for row in rows)
    assert dict(zip(headings, first, strict=True)) == {
        **{"Region": "JPN-03", "Country": "JPN", "Longitude": "139.5000", "Latitude": "35.2500"},
        **{"train": "40 (1)", "val": "6 (5)", "test": "14 (13)", "To the next, km": "7.8"},
    }
    assert (second[0], second[1], second[-1]) == ("[b]none[/b]", "-", "-")
    assert "2 regions, 2 tiles without one" in shown
    assert "All counts are those of the published release." in shown
