"""Runs commands of `oemsar` and of Python, each in a process of its own, a fraction of a second each.

Pipes carry the two streams of a command, since a full disk would cut files short.
"""

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
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
        file_bytes: Size of the largest file that it may write; None for no limit.
        most_bytes: Address space that it may take, so that one that takes all memory ends alone.
        after: Seconds to wait before its start.
        kill_after: Seconds after its start at which it alone, not what it started, is killed; None for never.
    """

    argv: tuple[str, ...]
    seconds: float = SECONDS
    folder: Path | None = None
    site: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    file_bytes: int | None = None
    most_bytes: int | None = None
    after: float = 0.0
    kill_after: float | None = None


@dataclass(frozen=True)
class Ended:
    """The end of a command.

    Attributes:
        code: Exit code; the negative number of a signal; None after the time it was given.
        stdout: Standard output.
        stderr: Standard error.
        seconds: Time that it took.
        peak_bytes: Most memory that it or what it waited for held.
        group: Processes of the command, and the value of `MARK` in the environment of those that left it.
    """

    code: int | None
    stdout: str
    stderr: str
    seconds: float
    peak_bytes: int
    group: int


MARK = "OEMSAR_COMMAND"
"""Environment variable by which the processes that a command starts are known."""

Run = Callable[[Command], Ended]
Together = Callable[[Sequence[Command]], list[Ended]]


@contextmanager
def command_server() -> Iterator[Together]:
    """Start the process that commands are forked from; the block's function runs some at once."""
    here, there = forking().Pipe()
    # no daemon, since those have no children
    server = forking().Process(target=serve, args=(there,))
    server.start()
    there.close()

    def run(commands: Sequence[Command]) -> list[Ended]:
        here.send(list(commands))
        ended: list[Ended] = here.recv()
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
    encoder = "tu-test_efficientnet"
    build(ModelSpec(architecture="unet", encoder=encoder, modalities="sar", mean=(60.0,), std=(40.0,)))
    with suppress(EOFError):
        while True:
            pipe.send(_run(pipe.recv()))


def _run(commands: Sequence[Command]) -> list[Ended]:
    """Run commands, each from its own moment on."""
    begin = time.monotonic()
    started: dict[int, _Started] = {}
    ended: dict[int, Ended] = {}
    while len(ended) < len(commands):
        for number, command in enumerate(commands):
            if number in started:
                found = None if number in ended else started[number].poll()
                if found is not None:
                    ended[number] = found
            elif time.monotonic() - begin >= command.after:
                started[number] = _Started.from_command(command)
        time.sleep(0.005)
    return [ended[number] for number in range(len(commands))]


@dataclass(frozen=True)
class _Started:
    """A command at work.

    Attributes:
        command: The command.
        child: Its process, which leads a group of its own.
        streams: Ends of its pipes to read from.
        begin: Time of its start.
        written: What came through the pipes so far.
    """

    command: Command
    child: int
    streams: tuple[int, int]
    begin: float
    written: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))

    @classmethod
    def from_command(cls, command: Command) -> "_Started":
        """Fork the process of a command."""
        pipes = [os.pipe(), os.pipe()]
        child = os.fork()
        if child == 0:
            _become(command, (pipes[0][1], pipes[1][1]))
        for reading, writing in pipes:
            os.close(writing)
            os.set_blocking(reading, False)
        return cls(command, child, (pipes[0][0], pipes[1][0]), time.monotonic())

    def poll(self) -> Ended | None:
        """Read the pipes and tell how the command ended; kill it and its children when its time is over."""
        ended, status, usage = os.wait4(self.child, os.WNOHANG)
        seconds, kill_after = time.monotonic() - self.begin, self.command.kill_after
        in_time = ended != 0 or seconds <= self.command.seconds
        if not in_time:
            os.killpg(self.child, signal.SIGKILL)
            ended, status, usage = os.wait4(self.child, 0)
        elif not ended and kill_after is not None and seconds > kill_after:
            os.kill(self.child, signal.SIGKILL)
            ended, status, usage = os.wait4(self.child, 0)
        for stream, text in zip(self.streams, self.written, strict=True):
            with suppress(BlockingIOError):
                while part := os.read(stream, 1 << 16):
                    text.extend(part)
        if not ended:
            return None
        for stream in self.streams:
            os.close(stream)
        code = os.waitstatus_to_exitcode(status) if in_time else None
        stdout, stderr = (text.decode(errors="replace") for text in self.written)
        return Ended(code, stdout, stderr, seconds, usage.ru_maxrss * 1024, self.child)


def _become(command: Command, streams: tuple[int, int]) -> None:
    """Become the command, with standard output and error in two pipes, and end as it ends."""
    import torch

    torch.set_num_threads(1)  # makes PyTorch's pool anew: two threads of a fork that do so at once fail
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in zip((1, 2), streams, strict=True):
        os.dup2(stream, number)
    os.environ.update(command.environment | {MARK: str(os.getpid())})
    _limit(command)
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


def _limit(command: Command) -> None:
    if command.most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (command.most_bytes, command.most_bytes))
    if command.file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (command.file_bytes, command.file_bytes))
        # Python keeps bytecode that was cut short, and no later process could import that module
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


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
