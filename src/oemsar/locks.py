"""Locks of outputs: one command at a time writes a file or a folder.

A lock is a `flock` on a small file beside the output, which the kernel releases however the process ends, and
which says who holds it. The library filelock keeps its files on disk and empties the note of the holder while
another tries; here the file goes with the lock, and a process that locked a file which another one has just
removed notices by its inode and tries again.
"""

import errno
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from oemsar.disk import disk_error
from oemsar.errors import InputError, Occupied
from oemsar.files import UNFINISHED, require_writable
from oemsar.limits import read_text

try:
    import fcntl
except ImportError:  # a system without flock
    fcntl = None  # type: ignore[assignment]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)

HIDDEN = ".oemsar-"
"""Beginning of the names of files that only the program itself needs."""

_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
_PATIENCE_SECONDS = 5.0
"""Time that a lock is waited for whose holder has ended or has not yet written its note."""

_HELD: ContextVar[frozenset[Path]] = ContextVar("held", default=frozenset())
"""Locks that the present call holds; verbs that it calls take them as theirs."""
_OPEN: set[int] = set()
"""File descriptors of the locks of this process."""


class _Holder(NamedTuple):
    """Process that holds a lock."""

    process: int
    host: str
    since: str

    @property
    def has_ended(self) -> bool:
        """Whether it ran on this machine and runs no more."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


@contextmanager
def output_lock(*outputs: Path) -> Iterator[None]:
    """Hold outputs, so that no other command writes them; a verb called meanwhile may.

    Folders that had to be made for the lock are removed at the end where nothing came to lie in them. On a
    disk without locks a warning is logged and nothing is held.

    Args:
        outputs: Files and folders to be written; those that a link names are held under their own name.

    Raises:
        Occupied: Another command holds one of them.
        InputError: The folder of one cannot be written to.
    """
    held = _HELD.get()
    wanted = {_lock_path(output): output for output in outputs}
    with ExitStack() as stack:
        for path in sorted(set(wanted) - held):
            stack.enter_context(_lock(path, wanted[path]))
        _HELD.set(held | set(wanted))
        try:
            yield
        finally:
            _HELD.set(held)


def holds_output(
    outputs: Callable[[Path], Iterable[Path]] = lambda out: (out,), argument: str = "out"
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Let a function hold its outputs from before its first check until its end, as `output_lock` does.

    Args:
        outputs: Lists the outputs that belong to an argument of the function; by default that itself.
        argument: Name of the argument; nothing is held where it is None.
    """

    def decorate(verb: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        bind = signature(verb).bind

        @wraps(verb)
        def held(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
            out = bind(*arguments, **named).arguments.get(argument)
            with output_lock(*([] if out is None else outputs(Path(out)))):
                return verb(*arguments, **named)

        return held

    return decorate


def _lock_path(output: Path) -> Path:
    """Name the file of a lock: beside the output, or in a folder whose own folder cannot be written to."""
    path = Path(os.path.realpath(output))
    inside = path.is_dir() and not os.access(path.parent, os.W_OK)
    if not path.name or inside:
        return path / f"{HIDDEN}folder.lock"
    return path.with_name(f"{HIDDEN}{path.name}.lock")


@contextmanager
def _lock(path: Path, output: Path) -> Iterator[None]:
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    try:
        descriptor = _acquire(path, output)
        try:
            yield
        finally:
            if descriptor is not None:
                _release(path, descriptor)
    finally:
        for folder in missing:
            with suppress(OSError):  # something lies in it
                folder.rmdir()


def _acquire(path: Path, output: Path) -> int | None:
    """Take a lock; None on a disk, or a system, that has none."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        require_writable(path.parent)
        descriptor = _open(path, output)
        if descriptor is None:
            continue
        try:
            if fcntl is None:
                raise OSError(errno.ENOSYS, "no flock")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in _TAKEN:
                path.unlink(missing_ok=True)
                _log.warning(
                    "the disk of %s has no locks (%s): see that no other command writes it",
                    output,
                    error.strerror,
                )
                return None
            holder = _read(path)
            if (holder is not None and not holder.has_ended) or time.monotonic() > deadline:
                raise Occupied(_refusal(output, holder)) from error
            time.sleep(0.05)
            continue
        if _is_at(descriptor, path):
            break
        os.close(descriptor)
    _OPEN.add(descriptor)
    UNFINISHED.add(path)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    with suppress(OSError):  # on a full disk the note of the holder may be missing
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(_Holder(os.getpid(), socket.gethostname(), now)).encode())
    return descriptor


def _open(path: Path, output: Path) -> int | None:
    """Open the file of a lock; None where its folder was removed meanwhile."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        return None
    except OSError as error:
        if (full := disk_error(error, output)) is not None and error.errno != errno.EROFS:
            raise full from error
        raise InputError(
            f"{output} cannot be written to ({error.strerror}); choose another output path"
        ) from error


def _release(path: Path, descriptor: int) -> None:
    """Remove the file of a lock, then let go of it."""
    with suppress(OSError):
        path.unlink()
    UNFINISHED.discard(path)
    _OPEN.discard(descriptor)
    with suppress(OSError):
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Check that an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _read(path: Path) -> _Holder | None:
    """Read who holds a lock; None where that is not written yet."""
    try:
        process, host, since = json.loads(read_text(path))
        return _Holder(int(process), str(host), str(since))
    except (InputError, OSError, ValueError, TypeError, OverflowError, RecursionError):
        return None


def _refusal(output: Path, holder: _Holder | None) -> str:
    if holder is None:
        return f"{output} is being written by another process; wait for it or choose another output"
    return (
        f"{output} is being written by process {holder.process} on {holder.host} since {holder.since}; "
        "wait for it or choose another output"
    )


def _close_in_child() -> None:
    """Leave the locks of a process to itself: a process forked from it may outlive it."""
    for descriptor in _OPEN:
        with suppress(OSError):
            os.close(descriptor)
    _OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
