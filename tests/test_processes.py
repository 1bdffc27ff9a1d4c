import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from oemsar import processes
from oemsar.files import atomic_write
from oemsar.processes import process_pool, thread_pool, watch_parent


def slowly(path: Path) -> None:
    path.touch()
    time.sleep(0.05)


def begin_and_fail(folder: Path, error: type[BaseException]) -> None:
    with process_pool(2) as pool:
        for number in range(200):
            pool.submit(slowly, folder / str(number))
        while not any(folder.iterdir()):
            time.sleep(0.01)
        raise error


def write_for_long(path: Path) -> None:
    with atomic_write(path / "result") as partial:
        partial.write_text("half")
        (path / "begun").touch()
        time.sleep(60)


def begin_to_write_and_fail(folder: Path) -> None:
    with process_pool(1) as pool:
        pool.submit(write_for_long, folder)
        while not (folder / "begun").exists():
            time.sleep(0.01)
        raise KeyboardInterrupt


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_after_an_error_what_was_begun_is_left_and_removed(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        begin_to_write_and_fail(tmp_path)
    assert time.monotonic() - start < 30
    assert [path.name for path in tmp_path.iterdir()] == ["begun"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_after_an_error_what_is_queued_is_not_begun(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        begin_and_fail(tmp_path, error)
    assert 0 < len(list(tmp_path.iterdir())) < 100


def test_without_one_everything_is_done(tmp_path: Path) -> None:
    with process_pool(2) as pool:
        for number in range(20):
            pool.submit(slowly, tmp_path / str(number))
    assert len(list(tmp_path.iterdir())) == 20


def test_a_parent_that_is_dead_already_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr("os._exit", leave)
    with pytest.raises(SystemExit):
        watch_parent(os.getppid() + 1)
    watch_parent(os.getppid())


def never_look(begun: Connection) -> None:
    """Watch the parent, but never ask the system whether it still is there."""
    processes._LOOK_SECONDS = 3600.0
    watch_parent(os.getppid())
    begun.send("begun")
    time.sleep(60)


def start_one(begun: Connection) -> None:
    multiprocessing.get_context("spawn").Process(target=never_look, args=(begun,)).start()
    time.sleep(60)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_process_learns_at_once_that_its_parent_was_killed() -> None:
    here, there = multiprocessing.Pipe()
    parent = multiprocessing.get_context("spawn").Process(target=start_one, args=(there,))
    parent.start()
    there.close()
    assert here.recv() == "begun"
    parent.kill()
    parent.join()
    assert here.poll(30)
    with pytest.raises(EOFError):  # the last process that held the other end is gone
        here.recv()


@pytest.mark.parametrize("wait", [True, False])
def test_after_an_error_threads_begin_nothing_that_is_queued(wait: bool) -> None:
    begun: list[int] = []

    def slow(number: int) -> None:
        begun.append(number)
        time.sleep(0.02)

    def fail() -> None:
        with thread_pool(2, wait=wait) as pool:
            for number in range(200):
                pool.submit(slow, number)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert len(begun) < 50
    with thread_pool(2) as pool:
        assert sum(pool.map(abs, range(-9, 0))) == 45
