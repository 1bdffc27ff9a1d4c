"""No output replaces an input, and no folder of a person's is taken for a folder of results."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.folders import claimed, is_record, occupants, require_apart, require_own, strangers


def test_an_output_is_no_input_by_whatever_name(tmp_path: Path) -> None:
    scene, link, hard = (tmp_path / name for name in ("scene.tif", "link.tif", "hard.tif"))
    scene.write_bytes(b"scene")
    link.symlink_to(scene)
    hard.hardlink_to(scene)
    (tmp_path / "sub").mkdir()
    (tmp_path / "folder").symlink_to(tmp_path)
    for output in (
        scene,
        link,
        hard,
        tmp_path / "sub" / ".." / "scene.tif",
        tmp_path / "folder" / "scene.tif",
    ):
        with pytest.raises(InputError, match=r"the input .*scene\.tif; choose another output path"):
            require_apart([tmp_path / "map.tif", output], [tmp_path / "dem.tif", scene])
    require_apart([tmp_path / "map.tif", tmp_path / "map.json"], [scene, link])


def test_a_path_that_is_not_there_yet_counts_by_itself(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="would replace the input"):
        require_apart([tmp_path / "a.tif"], [tmp_path / "a.tif"])


@pytest.mark.parametrize("name", [".map.tif.partial", ".map.tif.old", ".map.tif.partial/deep/scene.tif"])
def test_the_names_of_an_output_that_is_not_whole_count_with_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.map\.tif\.(partial|old) would replace"):
        require_apart([tmp_path / "map.tif"], [tmp_path / name])


def test_an_input_in_a_folder_that_is_replaced_is_told(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "model")
    for read in (tmp_path / "model" / "a" / "weights.pth", tmp_path / "link" / "weights.pth"):
        with pytest.raises(InputError, match=r"model would replace the folder of the input .*weights\.pth"):
            require_apart([tmp_path / "model"], [read])
    require_apart([tmp_path / "model" / "a"], [tmp_path / "model" / "weights.pth"])


@pytest.mark.parametrize("ending", [".tif.aux.xml", ".tif.ovr", ".tif.MSK", ".tfw", ".prj"])
def test_a_file_that_is_read_with_an_input_is_no_output(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match="is read with the input"):
        require_apart([tmp_path / f"scene{ending}"], [tmp_path / "scene.tif"])
    require_apart([tmp_path / f"scene2{ending}"], [tmp_path / "scene.tif"])


def test_the_archive_of_an_address_is_an_input_and_a_server_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    with pytest.raises(InputError, match=r"a\.zip would replace the input"):
        require_apart([tmp_path / "a.zip"], [Path(f"/vsizip/{tmp_path}/a.zip/scene.tif")])
    require_apart([tmp_path / "a.zip"], [Path("https://example.org/a.zip")])


def results(folder: Path, *, fail: bool = False) -> None:
    """A verb that writes two files, its record last."""
    files = [folder / "table.md", folder / "record.json"]
    with claimed(files[-1], lambda: is_record(files[-1], "miou"), files):
        files[0].write_text("table")
        if fail:
            raise KeyboardInterrupt
        files[-1].write_text(json.dumps({"miou": 0.5}))


def test_results_are_written_beside_other_files_and_again_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    results(tmp_path)
    results(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "table.md", "record.json"}


@pytest.mark.parametrize(("name", "content"), [("table.md", "mine"), ("record.json", '{"mine": 1}')])
def test_files_of_another_origin_are_not_replaced(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=rf"holds {name}, which this command did not write"):
        results(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: content}


def test_a_run_that_was_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        results(tmp_path / "out", fail=True)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"table.md", ".oemsar-record.json"}
    results(tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"table.md", "record.json"}


def test_a_claim_that_comes_to_nothing_leaves_no_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="wrong"),
        claimed(tmp_path / "new" / "deep" / "record.json", lambda: False, []),
    ):
        raise InputError("wrong")
    assert list(tmp_path.iterdir()) == []


def test_empty_folders_of_a_run_that_came_to_nothing_go_and_those_of_a_person_stay(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    for out in (tmp_path / "new", tmp_path):
        stages = out / "stages"
        with claimed(out / "record.json", lambda: False, [stages, out / "record.json"]):
            stages.mkdir(exist_ok=True)
        assert stages.exists() == (out == tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["stages"]


def test_a_whole_folder_is_claimed_only_where_nothing_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with claimed(tmp_path / "scene.json", lambda: False):
        pass
    (tmp_path / "dem.tif").touch()
    with pytest.raises(InputError, match=r"holds dem\.tif"), claimed(tmp_path / "scene.json", lambda: False):
        pass
    assert [path.name for path in occupants(tmp_path)] == ["dem.tif"]
    with pytest.raises(InputError, match="is not a folder"):
        next(occupants(tmp_path / "dem.tif"))


def test_what_a_command_reads_and_logs_are_no_strangers_in_a_folder_that_it_owns_whole(
    tmp_path: Path,
) -> None:
    out, link = tmp_path / "out", tmp_path / "link"
    (out / "data" / "labels").mkdir(parents=True)
    (out / "empty").mkdir()
    link.symlink_to(out)
    label = out / "data" / "labels" / "a.tif"
    own = (Path("record.json"), Path("model"))
    for path in (label, *(out / name for name in ("run.yaml", "slurm-7.out", "a.LOG", "b.err", "notes.txt"))):
        path.touch()
    (out / ".record.json.partial").touch()
    (out / ".model.old" / "deep").mkdir(parents=True)
    assert list(strangers(tmp_path / "new", [label])) == []
    assert [path.name for path in strangers(out, own=own)] == ["data", "notes.txt", "run.yaml"]
    for folder, read in ((out, link / "run.yaml"), (link, out / "run.yaml")):
        assert [path.name for path in strangers(folder, [read, label], own)] == ["notes.txt"]
    assert ".record.json.partial" in [path.name for path in strangers(out)]
    (out / "c.log").mkdir()
    (out / "c.log" / "mine").touch()
    assert [path.name for path in strangers(out, [out / "run.yaml", label], own)] == ["c.log", "notes.txt"]


def test_a_log_does_not_hold_up_who_owns_the_whole_folder(tmp_path: Path) -> None:
    (tmp_path / "slurm-7.out").touch()
    with claimed(tmp_path / "scene.json", lambda: False):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["slurm-7.out"]


def test_a_folder_that_cannot_be_looked_into_counts_as_one_that_holds_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lost+found").mkdir()
    assert list(occupants(tmp_path)) == []
    listed = Path.iterdir

    def refused(folder: Path) -> Iterator[Path]:
        if folder.name == "lost+found":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    assert [path.name for path in occupants(tmp_path)] == ["lost+found"]


def test_only_files_of_the_kind_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "tiles.parquet"
    require_own([path], lambda _: False, "a table")
    path.write_bytes(b"PAR1")
    require_own([path], lambda path: path.read_bytes() == b"PAR1", "a table")
    with pytest.raises(InputError, match=r"tiles\.parquet is there and is not a zip"):
        require_own([path], lambda _: False, "a zip")


@pytest.mark.parametrize("content", ["[1]", "{", "\xff", "[" * 100_000, '{"a": 1}'])
def test_what_is_no_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content, encoding="latin-1")
    assert not is_record(tmp_path / "a.json", "b")
    assert not is_record(tmp_path / "missing.json", "b")


def test_a_record_has_all_of_its_keys(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"miou": 0.5, "classes": {}}')
    assert is_record(tmp_path / "a.json", "classes", "miou")
    assert not is_record(tmp_path / "a.json", "classes", "confusion")
