"""A command that is stopped while its code is read says so in one sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("wanted", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_the_command_is_read_is_one_sentence(
    tmp_path: Path, wanted: signal.Signals, code: int
) -> None:
    slow = f"import pathlib, time; pathlib.Path({str(tmp_path / 'begun')!r}).touch(); time.sleep(60)"
    (tmp_path / "typer.py").write_text(slow)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from oemsar.cli.start import main; main()"
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    try:
        while not (tmp_path / "begun").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(wanted)
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, stderr) == (code, "oemsar: interrupted before it began\n")
