"""The same command brings the release to disk however often it is interrupted, and then does nothing."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from oemsar.cli.data_download import download as command
from oemsar.dataset.download.config import CONTEST_RECORD, DownloadConfig
from oemsar.dataset.download.run import (
    DownloadStep,
    DownloadSummary,
    Watch,
    download_release,
    space_needed,
    unwatched,
)
from oemsar.errors import DiskFull, Failure, InputError
from oemsar.progress import Report
from oemsar.web.remote_file import RemoteFile
from oemsar.web.transfer import ResumableDownload

TRAINVAL, TEST = "dfc25_track1_trainval.zip", "dfc25_track1_test.zip"
PIXELS = random.Random(5).randbytes(9_000)
LEDGER = ".oemsar-downloads.json"
TREES = {
    TRAINVAL: {
        f"dfc25_track1_trainval/train/{kind}/TrainArea_{i:03}.tif": PIXELS + bytes([i])
        for kind in ("sar_images", "rgb_images", "labels")
        for i in range(60)
    },
    TEST: {f"dfc25_track1_test/test/sar_images/TestArea_{i:03}.tif": PIXELS + bytes([i]) for i in range(30)},
}


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(scope="module")
def archives(make_zip: Any) -> dict[str, bytes]:
    return {name: make_zip(tree) for name, tree in TREES.items()}


@pytest.fixture
def release(zenodo: Any, archives: dict[str, bytes]) -> Any:
    for name, archive in archives.items():
        zenodo.add(name, archive)
    return zenodo


def impatient(**changes: Any) -> DownloadConfig:
    return DownloadConfig(**({"tries": 2, "first_wait": 0.01, "longest_wait": 0.05, "timeout": 5} | changes))


def get(release: Any, folder: Path, watch: Watch = unwatched, **changes: Any) -> DownloadSummary:
    return download_release(folder, config=impatient(url=release.api, **changes), watch=watch)


def content(folder: Path) -> dict[str, bytes]:
    """Every extracted file by its path; one that is renamed meanwhile may be missed."""
    found = {}
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):
            if path.parent != folder:
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def everything(*names: str) -> dict[str, bytes]:
    return {path: data for name in names or TREES for path, data in TREES[name].items()}


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def states(release: Any, folder: Path, **changes: Any) -> list[str]:
    return [file.state for file in get(release, folder, **changes).files]


def test_every_archive_arrives_and_is_extracted_with_its_own_paths(release: Any, tmp_path: Path) -> None:
    summary = get(release, tmp_path / "new" / "data")
    assert content(tmp_path / "new" / "data") == everything()
    assert [(o.name, o.state, o.files) for o in summary.files] == [
        (TRAINVAL, "extracted", 180),
        (TEST, "extracted", 30),
    ]
    assert (tmp_path / "new" / "data" / TEST).read_bytes() == release.files[TEST]
    assert not summary.nothing_done


@pytest.mark.parametrize("changes", [{}, {"keep_archives": False}, {"extract": False}])
def test_a_second_run_asks_for_the_record_only_and_changes_nothing(
    release: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    get(release, tmp_path, **changes)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    release.requests.clear()
    summary = get(release, tmp_path, **changes)
    assert summary.nothing_done
    assert [request.path for request in release.requests] == [f"/api/records/{release.number}"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_only_gets_what_is_named_and_a_wrong_name_is_told_with_the_right_ones(
    release: Any, tmp_path: Path
) -> None:
    get(release, tmp_path, only=(TEST,))
    assert content(tmp_path) == everything(TEST)
    with pytest.raises(InputError, match=f"no file 'test.zip'; it has {TRAINVAL}, {TEST}"):
        get(release, tmp_path, only=("test.zip",))


def test_removed_archives_are_not_fetched_again_and_extracted_ones_can_be_removed_later(
    release: Any, tmp_path: Path
) -> None:
    get(release, tmp_path, only=(TEST,))
    assert TEST in visible(tmp_path)
    assert states(release, tmp_path, keep_archives=False) == ["extracted", "extracted before"]
    assert visible(tmp_path) == {"dfc25_track1_trainval", "dfc25_track1_test"}
    assert content(tmp_path) == everything()


def test_without_extraction_the_archives_lie_there_and_a_later_run_extracts_them(
    release: Any, tmp_path: Path
) -> None:
    assert states(release, tmp_path, extract=False) == ["downloaded", "downloaded"]
    assert visible(tmp_path) == set(TREES)
    assert states(release, tmp_path) == ["extracted", "extracted"]
    assert len(release.content_requests()) == 2
    with pytest.raises(InputError, match=r"^extract, keep_archives: .*leave nothing"):
        get(release, tmp_path, extract=False, keep_archives=False)


def test_an_archive_laid_there_by_hand_is_checked_and_used(release: Any, tmp_path: Path) -> None:
    (tmp_path / TEST).write_bytes(release.files[TEST])
    assert states(release, tmp_path, only=(TEST,)) == ["extracted"]
    assert release.content_requests() == []


def test_an_archive_laid_there_by_hand_supersedes_a_broken_transfer(release: Any, tmp_path: Path) -> None:
    release.fail({"after": 1000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure):
        get(release, tmp_path, only=(TEST,), extract=False)
    (tmp_path / TEST).write_bytes(release.files[TEST])
    assert states(release, tmp_path, only=(TEST,), extract=False) == ["downloaded before"]
    assert {path.name for path in tmp_path.iterdir()} == {TEST, LEDGER}


@pytest.mark.parametrize("wrong", [b"cut off", None])
def test_an_archive_that_is_not_the_records_is_replaced_where_this_program_wrote_it(
    release: Any, tmp_path: Path, wrong: bytes | None
) -> None:
    other = wrong or bytes(len(release.files[TEST]))
    (tmp_path / TEST).write_bytes(other)
    with pytest.raises(InputError, match="is not the file of the record and was not written by this program"):
        get(release, tmp_path, only=(TEST,))
    assert (tmp_path / TEST).read_bytes() == other
    (tmp_path / TEST).unlink()
    get(release, tmp_path, only=(TEST,), extract=False)
    (tmp_path / TEST).write_bytes(other)
    get(release, tmp_path, only=(TEST,))
    assert (tmp_path / TEST).read_bytes() == release.files[TEST]
    assert content(tmp_path) == everything(TEST)


def test_a_folder_of_other_files_is_refused_before_anything_is_fetched(release: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds mine, no file of record 14950559; choose an empty folder"):
        get(release, tmp_path)
    assert release.content_requests() == []
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]


def test_a_deleted_tile_is_put_back(release: Any, tmp_path: Path) -> None:
    get(release, tmp_path)
    lost = tmp_path / "dfc25_track1_test/test/sar_images/TestArea_007.tif"
    lost.unlink()
    assert states(release, tmp_path) == ["extracted before", "extracted"]
    assert content(tmp_path) == everything()
    assert len(release.content_requests()) == 2


def test_another_record_with_an_archive_of_the_same_name_is_extracted_over_the_first(
    release: Any, tmp_path: Path, make_zip: Any
) -> None:
    get(release, tmp_path, only=(TEST,))
    changed = {path: data[::-1] for path, data in TREES[TEST].items()}
    release.add(TEST, make_zip(changed))
    assert states(release, tmp_path, only=(TEST,)) == ["extracted"]
    assert content(tmp_path) == changed


def test_a_file_that_is_no_archive_is_kept_as_it_is(release: Any, tmp_path: Path) -> None:
    release.add("README.md", b"read me")
    get(release, tmp_path, only=("README.md",), keep_archives=False)
    assert (tmp_path / "README.md").read_bytes() == b"read me"
    assert visible(tmp_path) == {"README.md"}


def test_a_wrong_checksum_is_never_extracted(release: Any, tmp_path: Path) -> None:
    right = release.checksums[TEST]
    release.checksums[TEST] = "0" * 32
    with pytest.raises(Failure, match="wrong checksum"):
        get(release, tmp_path, only=(TEST,))
    assert [path.name for path in tmp_path.iterdir()] == [LEDGER]
    release.checksums[TEST] = right
    get(release, tmp_path, only=(TEST,))
    assert content(tmp_path) == everything(TEST)


def test_a_refused_archive_leaves_nothing_extracted(release: Any, tmp_path: Path, make_zip: Any) -> None:
    release.add(TEST, make_zip({"good.tif": b"x", "../evil": b"x"}))
    for _ in range(2):
        with pytest.raises(Failure, match="is refused: its member"):
            get(release, tmp_path / "data", only=(TEST,))
        assert visible(tmp_path) == {"data"}
        assert visible(tmp_path / "data") == {TEST}


def remote(name: str, size: int) -> RemoteFile:
    return RemoteFile(name, size, "0" * 32, ("http://127.0.0.1/",))


@pytest.mark.parametrize(
    ("sizes", "changes", "expected"),
    [
        ((10, 100), {}, 10 + 20 + 100 + 200),
        ((10, 100), {"extract": False}, 10 + 100),
        ((10, 100), {"keep_archives": False}, 20 + 100 + 200),
        ((100, 10), {"keep_archives": False}, 100 + 200),
        ((100, 60), {"keep_archives": False}, 200 + 60 + 120),
    ],
)
def test_space_is_reckoned_at_the_fullest_moment(
    tmp_path: Path, sizes: tuple[int, ...], changes: dict[str, Any], expected: int
) -> None:
    """Archives are taken to double; a removed one makes room for the next."""
    steps = [
        DownloadStep(ResumableDownload(remote(f"{size}.zip", size), tmp_path), None, False) for size in sizes
    ]
    assert space_needed(steps, DownloadConfig(**changes)) == expected


def test_what_is_there_needs_no_space_again(release: Any, tmp_path: Path) -> None:
    release.fail({"after": 1000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure):
        get(release, tmp_path, only=(TEST,))
    size = len(release.files[TEST])
    transfer = ResumableDownload(RemoteFile(TEST, size, release.checksums[TEST], ()), tmp_path)
    assert space_needed([DownloadStep(transfer, None, False)], DownloadConfig()) == 3 * size - 1000
    assert space_needed([DownloadStep(transfer, 30, False)], DownloadConfig()) == 0


def test_a_disk_too_small_is_told_before_anything_is_fetched(
    release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = 3 * sum(len(body) for body in release.files.values())
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: Usage(needed, 1, needed - 1))
        with pytest.raises(DiskFull, match=r"are needed in .* for the archives"):
            get(release, tmp_path)
    assert release.content_requests() == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(needed, 0, needed))
    assert states(release, tmp_path) == ["extracted", "extracted"]


def test_an_archive_that_expands_more_than_expected_is_told_before_it_is_extracted(
    release: Any, tmp_path: Path, make_zip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.add(TEST, make_zip({"labels/a.tif": bytes(900_000), "labels/b.tif": bytes(100_000)}))
    small = Usage(999_999, 0, 999_999)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: small)
        for purpose in (f"for what {TEST} expands to", "for the archives and what they expand to"):
            with pytest.raises(DiskFull, match=purpose):
                get(release, tmp_path, only=(TEST,))
            assert visible(tmp_path) == {TEST}
    assert states(release, tmp_path, only=(TEST,)) == ["extracted"]
    assert len(release.content_requests()) == 1


def test_an_extraction_under_way_needs_space_only_for_its_rest(
    release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(release, tmp_path, only=(TEST,))
    (tmp_path / "dfc25_track1_test/test/sar_images/TestArea_007.tif").unlink()
    rest = len(PIXELS) + 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(rest, 0, rest))
    assert states(release, tmp_path, only=(TEST,)) == ["extracted"]


def test_progress_of_every_piece_of_work_ends_at_its_total(release: Any, tmp_path: Path) -> None:
    reports: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def watch(description: str) -> Iterator[Report]:
        reports[description] = []
        yield lambda done, total: reports[description].append((done, total))

    get(release, tmp_path, only=(TEST,), watch=watch)
    size, expanded = len(release.files[TEST]), sum(map(len, TREES[TEST].values()))
    assert list(reports) == [f"Downloading {TEST}", f"Checking {TEST}", f"Extracting {TEST}"]
    assert reports[f"Downloading {TEST}"][-1] == (size, size)
    assert reports[f"Extracting {TEST}"][-1] == (expanded, expanded)


def test_without_a_network_one_sentence_names_the_address_and_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(
        Failure, match=r"^http://127\.0\.0\.1:9/api/records/14950559 .* same command"
    ) as caught:
        download_release(tmp_path, config=impatient(url="http://127.0.0.1:9/api"))
    assert "\n" not in str(caught.value)


def test_a_destination_that_is_a_file_is_wrong_input(release: Any, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(InputError, match="is not a folder"):
        get(release, tmp_path / "data")


@contextmanager
def running(release: Any, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = "import typer; from oemsar.cli.data_download import download; typer.run(download)"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder), "--tries", "1"],
        env={**os.environ, "OEMSAR_ZENODO_URL": release.api},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Any, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_killed_at_random_moments_the_same_command_ends_with_the_same_bytes(
    release: Any, tmp_path: Path
) -> None:
    """Each run is killed up to 0.4 s after it began to talk to the server."""
    draw = random.Random(7)
    release.pause = 0.06
    killed = 0
    for _ in range(5):
        with running(release, tmp_path) as process:
            asked = len(release.requests)
            wait_for(lambda asked=asked: len(release.requests) > asked, process)
            time.sleep(draw.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
    release.pause = 0.0
    assert killed >= 2
    get(release, tmp_path)
    assert content(tmp_path) == everything()
    assert {name: (tmp_path / name).read_bytes() for name in TREES} == release.files
    leftovers = {path.name for path in tmp_path.iterdir()} - visible(tmp_path)
    assert leftovers == {LEDGER, *(f".{name}.extracted.json" for name in TREES)}


def test_killed_while_extracting_the_files_already_there_are_left_alone(release: Any, tmp_path: Path) -> None:
    (tmp_path / TRAINVAL).write_bytes(release.files[TRAINVAL])

    def whole_tiles() -> list[str]:  # a file that is being written bears another name
        return [path for path in content(tmp_path) if path.endswith(".tif")]

    with running(release, tmp_path) as process:
        wait_for(lambda: len(whole_tiles()) >= 20, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    whole = whole_tiles()
    assert len(whole) >= 20
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in whole}
    get(release, tmp_path)
    assert content(tmp_path) == everything()
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in whole} == before


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(command)
    return app


def test_the_command_prints_what_it_did_and_that_nothing_was_left_to_do(
    release: Any, tmp_path: Path, app: typer.Typer
) -> None:
    arguments = [str(tmp_path), "--only", TEST, "--only", TRAINVAL, "--url", release.api]
    first = CliRunner().invoke(app, [*arguments, "--json"])
    files = json.loads(first.stdout)["files"]
    assert [(f["name"], f["md5"], f["state"]) for f in files] == [
        (name, release.checksums[name], "extracted") for name in (TRAINVAL, TEST)
    ]
    second = CliRunner().invoke(app, arguments)
    assert f"{TEST}: extracted before, 30 files" in second.stdout
    assert "nothing to do" in second.stdout


def test_the_command_and_the_configuration_have_the_same_defaults(
    tmp_path: Path, app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[DownloadConfig] = []

    def remember(out: Path, *, config: DownloadConfig, watch: Any) -> None:
        seen.append(config)
        raise InputError("enough")

    monkeypatch.delenv("OEMSAR_ZENODO_URL", raising=False)
    monkeypatch.setattr("oemsar.dataset.download.run.download_release", remember)
    CliRunner().invoke(app, [str(tmp_path)])
    assert seen == [DownloadConfig()]
    assert seen[0].record == CONTEST_RECORD


def test_the_command_fails_with_the_exit_code_of_its_error(
    release: Any, tmp_path: Path, app: typer.Typer
) -> None:
    missing = CliRunner().invoke(app, [str(tmp_path), "--record", "7", "--url", release.api])
    assert isinstance(missing.exception, InputError)
    offline = CliRunner().invoke(app, [str(tmp_path), "--tries", "1", "--url", "http://127.0.0.1:9/api"])
    assert isinstance(offline.exception, Failure)
    refused = CliRunner().invoke(app, [str(tmp_path), "--tries", "0"]).exception
    assert isinstance(refused, InputError)
    assert refused.options == ("tries",)


def test_the_command_line_answers_without_loading_the_network() -> None:
    program = "import sys, oemsar.cli.data_download; print({'httpx', 'numpy', 'rasterio'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
