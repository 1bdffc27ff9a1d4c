"""A record says what a run was made of, and records of earlier versions are still read."""

import hashlib
import json
import os
import subprocess
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import pytest

import oemsar
from oemsar import record as record_module
from oemsar.config_file import Config, read_json
from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.record import FileOrigin, RunRecord, TableOrigin, origin, run_record


class _Kind(StrEnum):
    A = "a"


class _Config(Config):
    kind: _Kind = _Kind.A
    sizes: tuple[int, int] = (3, 4)
    out: Path = Path("maps/a.tif")


def test_a_record_holds_command_configuration_seed_table_and_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/oemsar", "train", "--seed", "7"])
    table = tmp_path / "tiles.parquet"
    table.write_bytes(b"tiles")
    plain = run_record(_Config(), seed=7, data=table).plain()
    assert plain["command"] == ["oemsar", "train", "--seed", "7"]
    assert plain["config"] == {"kind": "a", "sizes": [3, 4], "out": "maps/a.tif"}
    assert plain["seed"] == 7
    assert plain["data"] == {"table": "tiles.parquet", "sha256": hashlib.sha256(b"tiles").hexdigest()}
    assert plain["versions"]["oemsar"] == oemsar.__version__
    assert plain["versions"]["numpy"] == version("numpy")
    assert plain["started"].endswith("+00:00")


def test_origins_inside_a_configuration_become_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "scene.tif"
    path.write_bytes(b"scene")
    found = origin(path)
    assert found == FileOrigin(file="scene.tif", sha256=hashlib.sha256(b"scene").hexdigest())
    assert run_record({"inputs": [found]}).plain()["config"]["inputs"] == [found.model_dump()]


def test_tiles_given_as_values_have_a_checksum_and_no_file() -> None:
    table = TableOrigin(table=None, sha256="0" * 64)
    assert run_record({}, data=table).data == table


def test_a_record_comes_back_from_its_file_and_without_a_format_too(tmp_path: Path) -> None:
    record = run_record({"gsd": 0.5, "crs": None, "bands": [1, 2]}, seed=3)
    write_json(tmp_path / "record.json", record.plain())
    assert read_json(tmp_path / "record.json", RunRecord, "record of a run") == record
    stored = record.plain()
    assert stored.pop("format") == 1
    (tmp_path / "old.json").write_text(json.dumps(stored))
    assert read_json(tmp_path / "old.json", RunRecord, "record of a run") == record


def test_a_record_with_a_field_of_a_later_version_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "record.json", {**run_record({}).plain(), "host": "a"})
    with pytest.raises(InputError, match=r"record\.json is not a record of a run .*host"):
        read_json(tmp_path / "record.json", RunRecord, "record of a run")


def test_the_commit_says_whether_files_differ_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "src" / "oemsar" / "record.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    monkeypatch.setattr(record_module, "__file__", str(module))
    assert run_record({}).git_commit is None

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "a")
    commit = git("rev-parse", "HEAD")
    assert run_record({}).git_commit == commit
    module.write_text("changed")
    assert run_record({}).git_commit == f"{commit}+changes"


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "nothing"])
def test_an_origin_that_is_no_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    """A pipe would be waited for without end."""
    path = tmp_path / "weights.pth"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    with pytest.raises(InputError, match=r"no regular file|is a folder|cannot be read|does not exist"):
        origin(path)
