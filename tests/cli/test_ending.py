"""Commands end with their code and at most one sentence, whatever stops them."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from oemsar.cli import ending
from oemsar.cli.ending import ClosedPipeError, going_on, translated
from oemsar.errors import InputError, Interrupted
from oemsar.signals import Stopped

posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")

WORK = """
import sys, time
from pathlib import Path

out = Path(sys.argv[1])

def simple():
    with (
        output_lock(out / "map.tif"),
        scratch_folder(out / "map.tif") as folder,
        atomic_write(out / "map.json") as partial,
    ):
        (folder / "a").write_text("x"); partial.write_text("y")
        (out / "begun").touch()
        try:
            time.sleep(30)
        finally:
            {cleaning}

def pooled():
    with scratch_folder(out / "map.tif"), process_pool(2) as pool:
        pending = [pool.submit(time.sleep, 0.2) for _ in range(200)]
        pending[0].result()
        (out / "begun").touch()
        for each in pending:
            each.result()

if __name__ == "__main__":
    from oemsar.cli.ending import run, translated
    from oemsar.files import atomic_write, scratch_folder
    from oemsar.locks import output_lock
    from oemsar.processes import process_pool
    run(lambda: translated({work}))
"""


def _started(tmp_path: Path, work: str, cleaning: str = "pass") -> subprocess.Popen[str]:
    """A command at work in a process group of its own."""
    script = tmp_path / "script.py"
    script.write_text(WORK.replace("{work}", work).replace("{cleaning}", cleaning))
    (tmp_path / "out").mkdir()
    command = [sys.executable, str(script), str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not (tmp_path / "out" / "begun").exists() and process.poll() is None:
        time.sleep(0.02)
    return process


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, float]:
    """Exit code, standard error and seconds until the end."""
    start = time.monotonic()
    try:
        _, stderr = process.communicate(timeout=25)
    finally:
        process.kill()
    return process.returncode, stderr, time.monotonic() - start


@posix
@pytest.mark.parametrize(("wanted", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_and_cleans_also_when_it_comes_twice(
    tmp_path: Path, wanted: signal.Signals, code: int
) -> None:
    process = _started(tmp_path, "simple", "time.sleep(0.2)")
    process.send_signal(wanted)
    time.sleep(0.1)
    process.send_signal(wanted)
    ended, stderr, _ = _ended(process)
    assert (ended, stderr) == (code, "oemsar: interrupted; the same command goes on where it can\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["begun"]


@posix
def test_the_second_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    process = _started(tmp_path, "simple", "time.sleep(30)")
    process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    ended, stderr, seconds = _ended(process)
    assert (ended, stderr) == (130, "")
    assert seconds < 5
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["begun"]


@posix
@pytest.mark.parametrize(("wanted", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_processes_of_a_pool_answer_no_signal_and_end_with_the_command(
    tmp_path: Path, wanted: signal.Signals, code: int
) -> None:
    process = _started(tmp_path, "pooled")
    os.killpg(process.pid, wanted)
    ended, stderr, _ = _ended(process)
    assert (ended, stderr) == (code, "oemsar: interrupted; the same command goes on where it can\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["begun"]
    with pytest.raises(ProcessLookupError):  # nobody is left in the group
        _wait_for_end_of_group(process.pid)


def _wait_for_end_of_group(group: int) -> None:
    """Ask for a group of processes until there is none, for five seconds."""
    for _ in range(100):
        os.killpg(group, 0)
        time.sleep(0.05)


SAY = """
import sys
from oemsar.cli.ending import run, translated

def say():
    for number in range(100_000):
        print("a line of the output", number)

run(lambda: translated(say))
"""


@posix
def test_a_reader_that_goes_ends_a_command_quietly() -> None:
    process = subprocess.Popen([sys.executable, "-c", SAY], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"a line of the output 0\n"
    process.stdout.close()
    process.stdout = None
    assert process.communicate(timeout=25) == (None, b"")
    assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's full device")
@pytest.mark.parametrize("lines", ["1", "100_000"])
def test_an_output_that_takes_nothing_is_one_sentence(lines: str) -> None:
    with Path("/dev/full").open("w") as full:
        script = SAY.replace("100_000", lines)
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("oemsar: the output could not be written (No space left on device)")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("code", "ended"), [(0, 141), (2, 2), (130, 130)])
def test_a_reader_that_goes_changes_no_code_of_a_failure(code: int, ended: int, tmp_path: Path) -> None:
    def flush() -> None:
        raise BrokenPipeError

    with (tmp_path / "a").open("w") as file:
        stream: Any = SimpleNamespace(closed=False, flush=flush, fileno=file.fileno)
        assert ending._flush(stream, code) == ended


def test_what_stops_a_command_from_outside_becomes_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(error: BaseException) -> Callable[[], None]:
        def work() -> None:
            raise error

        return work

    with pytest.raises(Interrupted, match="goes on where it can") as caught:
        translated(stopped(Stopped(signal.SIGTERM)))
    assert caught.value.exit_code == 143
    monkeypatch.setattr(ending, "_reader_has_gone", lambda: True)
    with pytest.raises(ClosedPipeError):
        translated(stopped(BrokenPipeError()))
    monkeypatch.setattr(ending, "_reader_has_gone", lambda: False)
    with pytest.raises(RuntimeError, match="a pipe between processes"):
        translated(stopped(BrokenPipeError()))
    assert translated(lambda: 7) == 7


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (InputError("wrong", option="dem_datum"), 2, "oemsar: --dem-datum: wrong\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/a/b.tif"), 1, "no room left for b.tif"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/a/b.tif"), 1, "the quota of the disk of /a"),
        (typer.Exit(3), 3, ""),
        (SystemExit(None), 0, ""),
    ],
)
def test_each_ending_has_its_code_and_sentence(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    application = typer.Typer()

    @application.command()
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        ending.run(lambda: application([]))
    assert ended.value.code == code
    stderr = capsys.readouterr().err
    assert sentence in stderr
    assert stderr.count("\n") == (1 if sentence else 0)


def test_a_programming_error_keeps_its_traceback() -> None:
    def work() -> None:
        raise PermissionError(errno.EACCES, "a fault of ours")

    with pytest.raises(PermissionError):
        ending.run(work)


def test_a_verb_that_resumes_by_itself_says_so_of_a_training_in_it() -> None:
    sentence = "interrupted at step 3; resume the run to go on with it"
    with pytest.raises(Interrupted, match=r"^interrupted; the same command goes on") as raised, going_on():
        raise Interrupted(sentence, option="resume", signal=signal.SIGTERM)
    assert raised.value.options == ()
    assert raised.value.exit_code == 143
