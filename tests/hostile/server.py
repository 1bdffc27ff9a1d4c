"""Runs commands in processes forked from one that has everything imported, a fraction of a second each.

Reads one JSON list a line, of commands that run at once: `argv`, `seconds`, `file_bytes` (the largest file
that may be written, or null), `after` (seconds to wait before its start), `kill_after` (seconds after its
start at which it alone, not the processes that it started, gets SIGKILL, or null). Answers with one line, a
list: `code` (exit code; the negative number of a signal; null after `seconds`), `seconds`, `peak_bytes`,
`group` (of the processes of the command), `stdout`, `stderr`. Pipes carry the two streams, since a full disk
would cut files short.
"""

import importlib
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

MARK = "OEMSAR_ATTACK"
"""Environment variable by which the processes that a command starts are known."""
MOST_BYTES = 8 << 30
"""Address space of a command, so that one that takes all memory ends alone."""


NEEDED = {
    "train": "oemsar.train.run",
    "benchmark": "oemsar.benchmark.run",
    "demo": "oemsar.demo.run",
    "evaluate": "oemsar.evaluate.run",
    "predict": "oemsar.predict.run",
    "contest": "oemsar.predict.contest",
    "models": "oemsar.models.onnx_file",
    "figures": "oemsar.paper.figures",
    "data": "oemsar.dataset.index",
    "prepare": "oemsar.prepare.pair.run",
    "simulate": "oemsar.simulate.release.run",
    "simulate-scene": "oemsar.simulate.scene.run",
}
"""Module that a verb stands on."""
NETWORKS = {"train", "benchmark", "demo", "evaluate", "predict", "contest", "models"}


def preload() -> None:
    """Import what all verbs import; PyTorch keeps to one thread, since others do not survive a fork."""
    import rasterio  # noqa: F401
    import torch

    import oemsar.cli.app  # noqa: F401

    torch.set_num_threads(1)


def preload_for(argv: list[str]) -> None:
    """Import what a verb imports, and what the library of networks imports as it builds one."""
    verbs = [each for each in argv if each in NEEDED]
    for verb in verbs:
        importlib.import_module(NEEDED[verb])
    if NETWORKS & set(verbs) and "segmentation_models_pytorch" not in sys.modules:
        from oemsar.models.registry import build
        from oemsar.models.spec import ModelSpec

        encoder = "tu-mobilenetv3_small_050"
        build(ModelSpec(architecture="unet", encoder=encoder, modalities="sar", mean=(60.0,), std=(40.0,)))


def run_command(argv: list[str], streams: tuple[int, int], file_bytes: int | None) -> None:
    """Become the command `oemsar ARGV` with standard output and error in two pipes, and end as it ends."""
    os.setsid()
    os.environ[MARK] = str(os.getpid())
    for number, stream in zip((1, 2), streams, strict=True):
        os.dup2(stream, number)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    if file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        # Python keeps bytecode that was cut short, and no later process could import that module
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.argv = ["oemsar", *argv]
    from oemsar.cli.app import main

    code = 0
    try:
        main()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass
class Command:
    """A command at work.

    Attributes:
        task: What it was asked for.
        child: Its process, which leads a group of its own.
        streams: Ends of its pipes to read from.
        begin: Time of its start.
        written: What came through the pipes so far.
        answer: How it ended; None while it runs.
    """

    task: dict[str, Any]
    child: int
    streams: tuple[int, int]
    begin: float
    written: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    answer: dict[str, object] | None = None

    def poll(self) -> None:
        """Read the pipes; end the command where its time is over, with its children where it is too long."""
        if self.answer is not None:
            return
        ended, status, usage = os.wait4(self.child, os.WNOHANG)
        seconds, kill_after = time.monotonic() - self.begin, self.task["kill_after"]
        code = os.waitstatus_to_exitcode(status) if ended else None
        if not ended and seconds > self.task["seconds"]:
            os.killpg(self.child, signal.SIGKILL)
            ended, _, usage = os.wait4(self.child, 0)
        elif not ended and kill_after is not None and seconds > kill_after:
            os.kill(self.child, signal.SIGKILL)
            ended, status, usage = os.wait4(self.child, 0)
            code = os.waitstatus_to_exitcode(status)
        for stream, text in zip(self.streams, self.written, strict=True):
            with suppress(BlockingIOError):
                while part := os.read(stream, 1 << 16):
                    text.extend(part)
        if ended:
            stdout, stderr = (text.decode(errors="replace") for text in self.written)
            peak = usage.ru_maxrss * 1024
            self.answer = {"code": code, "seconds": seconds, "peak_bytes": peak, "group": self.child}
            self.answer |= {"stdout": stdout, "stderr": stderr}
            for stream in self.streams:
                os.close(stream)


def start(task: dict[str, Any]) -> Command:
    """Start a command."""
    pipes = [os.pipe(), os.pipe()]
    child = os.fork()
    if child == 0:
        run_command(task["argv"], (pipes[0][1], pipes[1][1]), task["file_bytes"])
    for reading, writing in pipes:
        os.close(writing)
        os.set_blocking(reading, False)
    return Command(task, child, (pipes[0][0], pipes[1][0]), time.monotonic())


def run(tasks: list[dict[str, Any]]) -> list[dict[str, object] | None]:
    """Run commands, each from its own moment on."""
    for task in tasks:
        preload_for(task["argv"])
    begin = time.monotonic()
    commands: dict[int, Command] = {}
    while len(commands) < len(tasks) or any(command.answer is None for command in commands.values()):
        for number, task in enumerate(tasks):
            if number not in commands and time.monotonic() - begin >= task["after"]:
                commands[number] = start(task)
        for command in commands.values():
            command.poll()
        time.sleep(0.005)
    return [commands[number].answer for number in range(len(tasks))]


def main() -> None:
    """Serve until standard input ends."""
    preload()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
