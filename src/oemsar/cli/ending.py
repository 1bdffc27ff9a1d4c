"""How a command ends: the exit code, and one sentence for whatever stopped it."""

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NoReturn

from oemsar.cli.document import write_failure
from oemsar.cli.spelling import spelled
from oemsar.cli.terminal import echo
from oemsar.disk import disk_error
from oemsar.errors import Failure, Interrupted, OemsarError
from oemsar.signals import signal_of, stopping

_CLOSED_PIPE = 141
"""Exit code of other tools whose reader has gone, such as `head`: 128 and the number of SIGPIPE."""


class ClosedPipeError(Exception):
    """The reader of the output has gone; no `OSError`, which Typer would answer itself."""


def translated(work: Callable[[], object]) -> object:
    """Do the work of a command, with errors that Typer does not answer.

    Raises:
        Interrupted: A signal came.
        ClosedPipeError: The reader of the output has gone.
    """
    try:
        return work()
    except KeyboardInterrupt as error:
        raise _interrupted(error) from error
    except BrokenPipeError as error:
        if not _reader_has_gone():
            raise RuntimeError("a pipe between processes of the command broke") from error
        raise ClosedPipeError from error


def _reader_has_gone() -> bool:
    """Tell whether nobody reads standard output or standard error any more."""
    if not hasattr(select, "poll"):
        return True
    watch = select.poll()
    for descriptor in (1, 2):
        watch.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll(0))


def run(command: Callable[[], object]) -> NoReturn:
    """Run the command line and end the process.

    Args:
        command: Reads the arguments and does the work; Typer's application.
    """
    threading.excepthook = _in_thread
    with stopping():
        code = _code(command)
        for stream in (sys.stdout, sys.stderr):
            code = _flush(stream, code)
    if code > 128:  # threads may be at work for long
        os._exit(code)
    sys.exit(code)


def _code(command: Callable[[], object]) -> int:
    """Run a command and tell its exit code."""
    try:
        command()
    except OemsarError as error:
        return _tell(error)
    except KeyboardInterrupt as error:
        return _tell(_interrupted(error))
    except (ClosedPipeError, BrokenPipeError):
        return _CLOSED_PIPE
    except OSError as error:
        found = _of_disk(error)
        if found is None:
            write_failure(error)
            raise
        return _tell(found)
    except SystemExit as ending:
        if isinstance(ending.code, str):
            raise
        return ending.code or 0
    except Exception as error:
        write_failure(error)
        raise
    return 0


@contextmanager
def going_on() -> Iterator[None]:
    """Say of an interruption that the same command goes on, as a verb does that resumes its trainings.

    Raises:
        Interrupted: A signal came.
    """
    try:
        yield
    except Interrupted as error:
        raise Interrupted("interrupted; the same command goes on with it", signal=error.signal) from error


def _interrupted(error: KeyboardInterrupt) -> Interrupted:
    return Interrupted("interrupted; the same command goes on where it can", signal=signal_of(error))


def _tell(error: OemsarError) -> int:
    """Print the sentence of an error, and the document where one is asked for; give the exit code."""
    with suppress(OSError):
        write_failure(error)
    with suppress(OSError):
        echo(f"oemsar: {error.spelled(spelled)}", err=True, colour="red" if sys.stderr.isatty() else None)
    return error.exit_code


def _of_disk(error: OSError) -> Failure | None:
    """Find the sentence for an error of a disk at whatever was written; None for any other error."""
    if error.filename is not None:
        return disk_error(error, Path(os.fsdecode(error.filename)))
    if disk_error(error, Path("output")) is None:
        return None
    return Failure(f"the output could not be written ({error.strerror}); free some space and run again")


def _flush(stream: IO[str] | None, code: int) -> int:
    """Write what is left of a standard stream, and give the exit code after that."""
    try:
        if stream is not None and not stream.closed:
            stream.flush()
    except BrokenPipeError:
        _close_for_good(stream)
        return code or _CLOSED_PIPE
    except OSError as error:
        _close_for_good(stream)
        return code or _tell(Failure(f"the output could not be written ({error.strerror})"))
    return code


def _close_for_good(stream: IO[str] | None) -> None:
    """Let what is left of a stream go nowhere: Python would try again, and complain, as it ends."""
    if stream is not None:
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())


def _in_thread(failed: threading.ExceptHookArgs) -> None:
    """Show the traceback of a thread that died, but of a full disk, which the main thread meets as well."""
    error = failed.exc_value
    if not (isinstance(error, OSError) and disk_error(error, Path("output")) is not None):
        threading.__excepthook__(failed)
