"""What a search is asked for is checked before anything is asked of a service."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oemsar.cli.app import app
from oemsar.errors import InputError
from oemsar.scenes.config import FindConfig
from oemsar.scenes.find import find_scenes

from .server import Server
from .umbra_bucket import plant


def test_days_are_whole_and_in_order() -> None:
    config = FindConfig(source="umbra", from_="2023-05-02", to="2023-05-02")
    assert (config.start, config.end) == (
        datetime(2023, 5, 2, tzinfo=UTC),
        datetime(2023, 5, 3, tzinfo=UTC),
    )
    with pytest.raises(
        InputError, match="2024-01-01 is after 2023-01-01; give the earlier day first"
    ) as raised:
        FindConfig(source="umbra", from_="2024-01-01", to="2023-01-01")
    assert raised.value.options == ("from_", "to")
    for wrong in ("2024", "2024-13-01", "yesterday"):
        with pytest.raises(InputError) as raised:
            FindConfig(source="umbra", from_=wrong)
        assert raised.value.options == ("from_",)
    assert FindConfig(source="umbra", to=date(2024, 2, 29)).end == datetime(2024, 3, 1, tzinfo=UTC)
    with pytest.raises(InputError, match="umbra has no levels of tiles; leave the level out"):
        find_scenes("2,48,3,49", Path("s.parquet"), config=FindConfig(source="umbra", level=3))
    with pytest.raises(InputError, match="source umbre is not known; choose one of umbra"):
        FindConfig(source="umbre")


def test_a_table_that_is_the_area_is_refused(tmp_path: Path, server: Server) -> None:
    server.routes.append(plant().bucket)
    area = tmp_path / "a.geojson"
    area.write_text('{"type":"Polygon","coordinates":[[[2.2,48.8],[2.3,48.8],[2.3,48.9],[2.2,48.8]]]}')
    bucket = f"{server.address}/umbra-open-data-catalog"
    endpoint = (f"umbra_bucket={bucket}", f"umbra_catalog={bucket}/stac/catalog.json")
    config = FindConfig(source="umbra", endpoint=endpoint, rate=1000)
    with pytest.raises(InputError, match="would replace the input"):
        find_scenes(area, area, config=config)
    assert len(find_scenes(area, tmp_path / "s.parquet", config=config).scenes) == 5


def test_the_command_finds_fetches_and_spells_its_options(tmp_path: Path, server: Server) -> None:
    server.routes.append(plant().bucket)
    bucket = f"{server.address}/umbra-open-data-catalog"
    mirrors = tmp_path / "mirrors.yaml"
    mirrors.write_text(f"umbra_bucket: {bucket}\numbra_catalog: {bucket}/stac/catalog.json\n")
    run, table, out = CliRunner(), str(tmp_path / "s.parquet"), str(tmp_path / "out")
    common = ["--endpoint", str(mirrors), "--rate", "1000"]
    find = ["scenes", "find", "--source", "umbra", "--area", "2.2,48.8,2.3,48.85", "--out", table, *common]
    found = run.invoke(app, [*find, "--from", "2023-05-01", "--to", "2023-12-31"], catch_exceptions=False)
    assert found.exit_code == 0
    assert "2 scene(s)" in found.output
    fetched = run.invoke(app, ["scenes", "fetch", table, "--out", out, *common], catch_exceptions=False)
    assert fetched.output.count(": fetched") == 4
    again = run.invoke(app, ["scenes", "fetch", table, "--out", out, *common], catch_exceptions=False)
    assert "nothing to do" in again.output
    listed = run.invoke(app, ["scenes", "sources", "--json"], catch_exceptions=False)
    assert '"name": "umbra"' in listed.output
    with pytest.raises(InputError) as raised:
        run.invoke(app, [*find, "--from", "2024", "--to", "2023-01-01"], catch_exceptions=False)
    from oemsar.cli.spelling import spelled

    assert raised.value.spelled(spelled).startswith("--from: ")
