"""Runs commands in processes forked from one that has everything imported, a fraction of a second each.

Reads one JSON object a line: `argv`, `seconds`, `file_bytes` (the largest file that may be written, or null).
Answers with one line: `code` (exit code; the negative number of a signal; null after `seconds`), `seconds`,
`peak_bytes`, `stdout`, `stderr`. Pipes carry the two streams, since a full disk would cut files short.
"""

import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import Any

MOST_BYTES = 8 << 30
"""Address space of a command, so that one that takes all memory ends alone."""


def preload() -> None:
    """Import what the verbs import; PyTorch keeps to one thread, since others do not survive a fork.

    A network is built, since the libraries of encoders are imported then, and torchvision with them.
    """
    import rasterio  # noqa: F401
    import torch

    import oemsar.cli.app
    import oemsar.dataset.verify
    import oemsar.evaluate.run
    import oemsar.predict.run
    import oemsar.prepare.align.run
    import oemsar.prepare.ortho.run
    import oemsar.prepare.pair.run
    import oemsar.prepare.radiometry.run  # noqa: F401
    from oemsar.models.registry import build
    from oemsar.models.spec import ModelSpec

    torch.set_num_threads(1)
    encoder = "tu-mobilenetv3_small_050"
    build(ModelSpec(architecture="unet", encoder=encoder, modalities="sar", mean=(60.0,), std=(40.0,)))


def run_command(argv: list[str], streams: tuple[int, int], file_bytes: int | None) -> None:
    """Become the command `oemsar ARGV` with standard output and error in two pipes, and end as it ends."""
    os.setsid()
    for number, stream in zip((1, 2), streams, strict=True):
        os.dup2(stream, number)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    if file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
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


def watch(child: int, streams: tuple[int, int], seconds: float) -> dict[str, object]:
    """Read the pipes of a command until it ends; kill it and its children after `seconds`."""
    begin = time.monotonic()
    written = [bytearray(), bytearray()]
    answer: dict[str, object] = {"code": None, "peak_bytes": 0}
    for stream in streams:
        os.set_blocking(stream, False)
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        answer["seconds"] = time.monotonic() - begin
        if ended:
            answer["code"] = os.waitstatus_to_exitcode(status)
            answer["peak_bytes"] = usage.ru_maxrss * 1024
        elif time.monotonic() - begin > seconds:
            os.killpg(child, signal.SIGKILL)
            os.wait4(child, 0)
            ended = child
        for stream, text in zip(streams, written, strict=True):
            with suppress(BlockingIOError):
                while part := os.read(stream, 1 << 16):
                    text.extend(part)
        if ended:
            answer["stdout"], answer["stderr"] = (text.decode(errors="replace") for text in written)
            return answer
        time.sleep(0.01)


def run(task: dict[str, Any]) -> dict[str, object]:
    """Run one command."""
    pipes = [os.pipe(), os.pipe()]
    reading, writing = ((pipes[0][end], pipes[1][end]) for end in (0, 1))
    child = os.fork()
    if child == 0:
        run_command(task["argv"], writing, task["file_bytes"])
    for stream in writing:
        os.close(stream)
    answer = watch(child, reading, task["seconds"])
    for stream in reading:
        os.close(stream)
    return answer


def main() -> None:
    """Serve until standard input ends."""
    preload()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
