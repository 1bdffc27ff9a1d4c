"""Whatever ends a transfer, the same call goes on from there, to the same bytes, and does nothing twice."""

import json
import logging
import multiprocessing
import random
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from oemsar.errors import DiskFull, Failure, InputError, Occupied
from oemsar.scenes.config import FetchConfig
from oemsar.scenes.fetch import FetchSummary, fetch_scenes
from oemsar.scenes.scene import Asset, Scene
from oemsar.scenes.table import write_scenes

from .server import Fault, Server
from .static import Bucket

FAST: dict[str, Any] = {"rate": 1000, "tries": 2, "first_wait": 0.01, "timeout": 5}
FILES = {f"{number}.tif": random.Random(number).randbytes(40_000 + number) for number in range(4)}


@pytest.fixture
def table(server: Server, tmp_path: Path) -> Path:
    """A table of two scenes with two files each."""
    bucket = Bucket("b", dict(FILES))
    bucket.in_parts.add("3.tif")
    server.routes.append(bucket)
    scenes = [
        Scene(
            name=f"scene{number}",
            source="umbra",
            footprint=f"POLYGON (({number} 0, {number} 1, {number}.5 1, {number}.5 0, {number} 0))",
            licence="CC BY 4.0",
            attribution="me",
            assets=tuple(
                _asset(server, name, which) for name, which in zip(("GEC", "METADATA"), pair, strict=True)
            ),
        )
        for number, pair in enumerate(((0, 1), (2, 3)))
    ]
    write_scenes(scenes, tmp_path / "scenes.parquet")
    return tmp_path / "scenes.parquet"


def _asset(server: Server, name: str, which: int) -> Asset:
    size = len(FILES[f"{which}.tif"]) if which != 1 else None
    return Asset(name=name, file=f"{which}.tif", address=f"{server.address}/b/{which}.tif", size=size)


def get(table: Path, out: Path, **options: Any) -> FetchSummary:
    return fetch_scenes(table, out, config=FetchConfig(**(FAST | options)))


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob("*.tif")}


def test_files_lie_by_source_and_scene_and_are_recorded_with_their_terms(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = get(table, out)
    assert (out / "umbra" / "scene1" / "3.tif").read_bytes() == FILES["3.tif"]
    assert content(out) == FILES
    record = json.loads((out / "fetched.json").read_text())
    assert record["files"][0]["file"] == "umbra/scene0/0.tif"
    assert {file["licence"] for file in record["files"]} == {"CC BY 4.0"}
    assert record["begun"] == {}
    assert record["record"]["config"]["tries"] == 2
    assert not summary.nothing_done


def test_a_second_call_asks_for_nothing(table: Path, server: Server, tmp_path: Path) -> None:
    get(table, tmp_path / "out")
    asked = len(server.requests)
    summary = get(table, tmp_path / "out")
    assert summary.nothing_done
    assert len(server.requests) == asked


def test_a_file_that_changed_is_fetched_again_and_one_of_another_origin_refused(
    table: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    get(table, out)
    (out / "umbra" / "scene0" / "0.tif").write_bytes(b"changed")
    with caplog.at_level(logging.WARNING, "oemsar"):
        summary = get(table, out)
    assert [file.state for file in summary.files] == ["fetched", *["fetched before"] * 3]
    assert content(out) == FILES
    assert "0.tif is not the file that is asked for and will be replaced" in caplog.text
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").touch()
    with pytest.raises(InputError, match=r"other holds notes.txt, which this command did not write"):
        get(table, other)
    get(table, tmp_path / "third", scene=("scene0",))
    planted = tmp_path / "third" / "umbra" / "scene1" / "2.tif"
    planted.parent.mkdir()
    planted.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"2.tif is there and was not fetched by this command"):
        get(table, tmp_path / "third")
    assert planted.read_bytes() == b"mine"


def test_scenes_and_files_are_chosen_by_name_and_by_area(table: Path, tmp_path: Path) -> None:
    assert [file.path.name for file in get(table, tmp_path / "a", scene=("scene1",)).files] == [
        "2.tif",
        "3.tif",
    ]
    assert [file.path.name for file in get(table, tmp_path / "b", asset=("METADATA",)).files] == [
        "1.tif",
        "3.tif",
    ]
    assert len(get(table, tmp_path / "c", asset=("all",)).files) == 4
    for options, option, words in (
        ({"scene": ("x",)}, "scene", "the table has no scene x; it has scene0, scene1"),
        ({"asset": ("CPHD",)}, "asset", "no scene has a file CPHD; they have GEC, METADATA"),
        ({"area": "50,50,51,51"}, "area", "no scene of the table meets the area"),
    ):
        with pytest.raises(InputError, match=words) as raised:
            get(table, tmp_path / "d", **options)
        assert raised.value.options == (option,)
    assert not (tmp_path / "d").exists()


def test_a_transfer_that_broke_off_is_gone_on_with(table: Path, server: Server, tmp_path: Path) -> None:
    server.fail("/b/2.tif", Fault(after=10_000), *[Fault(after=0)] * 2)
    with pytest.raises(Failure, match="run the same command again to go on from here"):
        get(table, tmp_path / "out")
    sent = server.sent
    get(table, tmp_path / "out")
    assert content(tmp_path / "out") == FILES
    assert server.sent - sent == len(FILES["2.tif"]) - 10_000 + len(FILES["3.tif"])


def test_a_scene_that_is_gone_is_told(table: Path, server: Server, tmp_path: Path) -> None:
    server.routes.clear()
    with pytest.raises(Failure, match=r"404 Not Found instead of sending 0.tif"):
        get(table, tmp_path / "out")


def test_a_full_disk_is_told_and_the_same_command_goes_on(
    table: Path, server: Server, tmp_path: Path, file_limit: Any
) -> None:
    with file_limit(20_000), pytest.raises(DiskFull, match=r"ulimit -f"):
        get(table, tmp_path / "out")
    sent = server.sent
    get(table, tmp_path / "out")
    assert content(tmp_path / "out") == FILES
    assert server.sent - sent < sum(map(len, FILES.values()))  # what came is not fetched again


def test_two_commands_on_one_folder_do_not_mix(table: Path, tmp_path: Path) -> None:
    import fcntl

    (tmp_path / ".oemsar-out.lock").touch()
    with (tmp_path / ".oemsar-out.lock").open("r+") as other:
        other.write(json.dumps([1, socket.gethostname(), "now"]))
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Occupied, match="out is being written by process 1"):
            get(table, tmp_path / "out")
    assert len(get(table, tmp_path / "out").files) == 4


def test_an_output_that_is_the_table_is_refused(table: Path, tmp_path: Path) -> None:
    inside = tmp_path / "out" / "umbra" / "scene0" / "0.tif"
    inside.parent.mkdir(parents=True)
    table.rename(inside)
    with pytest.raises(InputError, match="would replace the input"):
        get(inside, tmp_path / "out")


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments_the_same_command_ends_with_the_same_bytes(
    kills: int, table: Path, server: Server, tmp_path: Path
) -> None:
    server.pause = 0.01
    out, rng, config = tmp_path / "out", random.Random(3), FetchConfig(**FAST)
    for _ in range(kills):
        whole, before = content(out), len(server.requests)
        process = multiprocessing.get_context("fork").Process(
            target=fetch_scenes, args=(table, out), kwargs={"config": config}
        )
        process.start()
        time.sleep(rng.uniform(0, 0.25))
        process.kill()
        process.join()
        again = {request.path.rpartition("/")[2] for request in server.requests[before:]}
        assert not again & set(whole)  # what is whole is not fetched twice
    get(table, out)
    assert content(out) == FILES
    assert get(table, out).nothing_done
