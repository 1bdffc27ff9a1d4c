"""Runs commands in processes forked from one that has everything imported, a fraction of a second each.

Reads one JSON object a line: `argv`, `folder` (for the two streams), `seconds`, `file_bytes` (the largest
file that may be written, or null). Answers with one line: `code` (exit code; the negative number of a signal;
null after `seconds`), `seconds`, `peak_bytes`.
"""

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

MOST_BYTES = 8 << 30
"""Address space of a command, so that one that takes all memory ends alone."""


def preload() -> None:
    """Import what the verbs import; PyTorch keeps to one thread, since others do not survive a fork."""
    import rasterio  # noqa: F401
    import torch

    import oemsar.cli.app
    import oemsar.dataset.verify
    import oemsar.evaluate.run
    import oemsar.predict.run
    import oemsar.prepare.ortho.run
    import oemsar.prepare.radiometry.run  # noqa: F401

    torch.set_num_threads(1)


def run_command(argv: list[str], folder: Path, file_bytes: int | None) -> None:
    """Become the command `oemsar ARGV` with both streams in files, and end as it ends."""
    os.setsid()
    # the streams are no files on the disk that is full
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
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


def watch(child: int, seconds: float) -> dict[str, object]:
    """Wait for a command, and kill it and its children where it takes longer than `seconds`."""
    begin = time.monotonic()
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        took = time.monotonic() - begin
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return {"code": code, "seconds": took, "peak_bytes": usage.ru_maxrss * 1024}
        if took > seconds:
            os.killpg(child, signal.SIGKILL)
            os.wait4(child, 0)
            return {"code": None, "seconds": took, "peak_bytes": 0}
        time.sleep(0.01)


def main() -> None:
    """Serve until standard input ends."""
    preload()
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            run_command(task["argv"], Path(task["folder"]), task["file_bytes"])
        print(json.dumps(watch(child, task["seconds"])), flush=True)


if __name__ == "__main__":
    main()
