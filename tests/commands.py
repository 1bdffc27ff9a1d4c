"""Runs commands of `oemsar` and of Python, each in a process of its own, a fraction of a second each."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from .forking import forking

SECONDS = 60.0


@dataclass(frozen=True)
class Command:
    """A command and what it finds.

    Attributes:
        argv: `oemsar` or `python -c CODE`, and arguments.
        seconds: Time after which it is killed.
        folder: Working folder; None for that of the tests.
        site: Folder of installed packages that are found as well; None for none.
        environment: Variables that it sees beside those of the tests.
    """

    argv: tuple[str, ...]
    seconds: float = SECONDS
    folder: Path | None = None
    site: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """The end of a command.

    Attributes:
        code: Exit code; the negative number of a signal; None after the time it was given.
        stdout: Standard output.
        stderr: Standard error.
    """

    code: int | None
    stdout: str
    stderr: str


Run = Callable[[Command], Ended]


@contextmanager
def command_server() -> Iterator[Run]:
    """Start the process that commands are forked from; the block's function runs one."""
    here, there = forking().Pipe()
    # no daemon, since those have no children
    server = forking().Process(target=serve, args=(there,))
    server.start()
    there.close()

    def run(command: Command) -> Ended:
        here.send(command)
        ended = here.recv()
        assert isinstance(ended, Ended)
        return ended

    yield run
    here.close()
    server.join(30)


def serve(pipe: Connection) -> None:
    """Run what comes through a pipe until it is closed.

    A network is built first, since the libraries of encoders are imported then, and torchvision with them.
    """
    import torch

    from oemsar.models.registry import build
    from oemsar.models.spec import ModelSpec

    torch.set_num_threads(1)  # others do not survive a fork
    encoder = "tu-mobilenetv3_small_050"
    build(ModelSpec(architecture="unet", encoder=encoder, modalities="sar", mean=(60.0,), std=(40.0,)))
    with suppress(EOFError):
        while True:
            pipe.send(_run(pipe.recv()))


def _run(command: Command) -> Ended:
    pipes = [os.pipe(), os.pipe()]
    reading, writing = ((pipes[0][end], pipes[1][end]) for end in (0, 1))
    child = os.fork()
    if child == 0:
        _become(command, writing)
    for stream in writing:
        os.close(stream)
    ended = _watch(child, reading, command.seconds)
    for stream in reading:
        os.close(stream)
    return ended


def _become(command: Command, streams: tuple[int, int]) -> None:
    """Become the command, with standard output and error in two pipes, and end as it ends."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in zip((1, 2), streams, strict=True):
        os.dup2(stream, number)
    os.environ.update(command.environment)
    if command.folder is not None:
        os.chdir(command.folder)
    if command.site is not None:
        from oemsar import registry

        sys.path.insert(0, str(command.site))
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(command.site), os.environ.get("PYTHONPATH")))
        )
        registry._entry_points.cache_clear()
    code = 0
    try:
        _call(command.argv)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _call(argv: tuple[str, ...]) -> None:
    program, *arguments = argv
    if program == "python":
        flag, code, *arguments = arguments
        assert flag == "-c"
        sys.argv = ["-c", *arguments]
        exec(code, {"__name__": "__main__"})  # noqa: S102 (of a test)
        return
    assert program == "oemsar"
    sys.argv = ["oemsar", *arguments]
    from oemsar.cli.app import main

    main()


def _watch(child: int, streams: tuple[int, int], seconds: float) -> Ended:
    """Read the pipes of a command until it ends; kill it and its children after `seconds`."""
    begin = time.monotonic()
    written = [bytearray(), bytearray()]
    code: int | None = None
    for stream in streams:
        os.set_blocking(stream, False)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
        elif time.monotonic() - begin > seconds:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            ended = child
        for stream, text in zip(streams, written, strict=True):
            with suppress(BlockingIOError):
                while part := os.read(stream, 1 << 16):
                    text.extend(part)
        if ended:
            stdout, stderr = (text.decode(errors="replace") for text in written)
            return Ended(code, stdout, stderr)
        time.sleep(0.01)
