"""One command at a time writes an output; the others are told who does."""

import errno
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from oemsar import locks
from oemsar.errors import InputError, Occupied
from oemsar.locks import holds_output, output_lock

HOLD = """
import sys, time
from pathlib import Path
from oemsar.locks import output_lock
with output_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(out: Path) -> "subprocess.Popen[str]":
    """A process that holds `out` and has said so."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(out)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_writes_and_takes_over_from_a_dead_one(tmp_path: Path) -> None:
    out, link = tmp_path / "maps" / "map.tif", tmp_path / "link"
    with holder(out) as first:
        link.symlink_to(tmp_path / "maps")
        for name in (out, link / "map.tif", tmp_path / "maps" / ".." / "maps" / "map.tif"):
            said = rf"map\.tif is being written by process {first.pid} on \S+ since \d{{4}}-.* UTC; wait"
            with pytest.raises(Occupied, match=said) as caught, output_lock(name):
                pass
            assert caught.value.exit_code == 1
        with output_lock(out.with_name("other.tif")):
            pass
        first.send_signal(signal.SIGKILL)
    with output_lock(out):
        assert len(list(out.parent.iterdir())) == 1
    assert list(out.parent.iterdir()) == []


def test_a_verb_that_calls_a_verb_takes_its_lock_along(tmp_path: Path) -> None:
    out = tmp_path / "out"

    @holds_output()
    def inner(out: Path) -> str:
        return out.name

    @holds_output(lambda folder: [folder, folder / "inner"], "folder")
    def outer(folder: Path) -> str:
        folder.mkdir(exist_ok=True)
        (folder / "result").touch()
        return inner(folder / "inner") + inner(out=folder)

    assert outer(out) == "innerout"
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "result"]


def test_two_threads_of_one_process_are_two_commands(tmp_path: Path) -> None:
    seen: list[str] = []

    def second() -> None:
        try:
            with output_lock(tmp_path / "out"):
                seen.append("held")
        except Occupied as error:
            seen.append(str(error))

    with output_lock(tmp_path / "out"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(seen) == 1
    assert f"is being written by process {os.getpid()} " in seen[0]


def test_a_process_forked_from_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    with output_lock(tmp_path / "out"):
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(30,))
        child.start()
    try:
        with output_lock(tmp_path / "out"):
            pass
    finally:
        child.kill()
        child.join()


def test_only_a_process_of_this_machine_is_known_to_have_ended() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = socket.gethostname()
    assert locks._Holder(ended.pid, here, "").has_ended
    assert not locks._Holder(os.getpid(), here, "").has_ended
    assert not locks._Holder(ended.pid, f"not-{here}", "").has_ended


def test_a_lock_that_outlives_its_holder_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """As the kernel releases it some time after the end of a process, or of what that started."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / ".oemsar-out.lock"
    path.write_text(json.dumps([ended.pid, socket.gethostname(), "2026-01-01 00:00:00 UTC"]))
    with path.open("r+") as file:
        locks.fcntl.flock(file, locks.fcntl.LOCK_EX)
        timer = threading.Timer(0.2, lambda: locks.fcntl.flock(file, locks.fcntl.LOCK_UN))
        timer.start()
        with output_lock(tmp_path / "out"):
            timer.join()


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by its holder, who ended between the opening of the file and the lock on it."""
    opened: list[Path] = []
    real = locks._open

    def removed_once(path: Path, output: Path) -> int | None:
        descriptor = real(path, output)
        if not opened:
            path.unlink()
        opened.append(path)
        return descriptor

    monkeypatch.setattr(locks, "_open", removed_once)
    with output_lock(tmp_path / "out"):
        assert [path.name for path in tmp_path.iterdir()] == [".oemsar-out.lock"]
    assert len(opened) == 2


def test_a_disk_without_locks_is_told_and_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", no_locks)
    with output_lock(tmp_path / "out"):
        pass
    assert "has no locks (No locks available): see that no other command writes it" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_someone_laid_out_as_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".oemsar-out.lock").symlink_to(victim)
    with pytest.raises(InputError, match="cannot be written to"), output_lock(tmp_path / "out"):
        pass
    assert victim.read_text() == "mine"


def test_a_folder_whose_own_folder_cannot_be_written_to_is_held_from_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with output_lock(mounted):
        assert [path.name for path in mounted.iterdir()] == [".oemsar-folder.lock"]
    assert list(mounted.iterdir()) == []


def contend(folder: str, start: "multiprocessing.Barrier", number: int) -> None:  # type: ignore[valid-type]
    """Add 1 to a number in a file, as one of many."""
    out = Path(folder) / "counter"
    start.wait()
    done = 0
    while done < 20:
        try:
            with output_lock(out):
                value = int(out.read_text()) if out.exists() else 0
                out.write_text(str(value + 1))
                done += 1
        except Occupied:
            time.sleep(0.001)


def test_the_lock_excludes_and_its_file_goes_however_many_want_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(6)
    processes = [context.Process(target=contend, args=(str(tmp_path), start, n)) for n in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    assert (tmp_path / "counter").read_text() == "120"
    assert [path.name for path in tmp_path.iterdir()] == ["counter"]
