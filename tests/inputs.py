"""A watch over every file that a verb reads in a test: none is another one when the verb is done.

Verbs name what they read to `require_apart`, within the lock of their output. Both are wrapped, before any
verb is imported, so that every test of every verb holds that its inputs stay as they are.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oemsar import folders, locks

_WHOLE = 1 << 20
"""Bytes up to which the content of a file is compared; of larger ones size, time and inode are."""
_read: list[dict[Path, object]] = []
_expected: set[Path] = set()


def state(path: Path) -> object:
    """Content, or size, time and inode, of a file; None where there is none."""
    try:
        stat = path.stat()
        if path.is_file() and stat.st_size <= _WHOLE:
            return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _watching(require_apart: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(require_apart)
    def watched(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
        inputs = list(inputs)
        if _read:
            _read[-1].update({path: state(path) for path in inputs if path not in _read[-1]})
        require_apart(outputs, inputs)

    return watched


def _comparing(output_lock: Callable[..., object]) -> Callable[..., object]:
    @contextmanager
    def compared(*outputs: Path) -> Iterator[None]:
        _read.append({})
        try:
            with output_lock(*outputs):  # type: ignore[attr-defined]
                yield
        finally:
            for path, before in _read.pop().items():
                assert path in _expected or state(path) == before, f"the verb changed its input {path}"

    return compared


@contextmanager
def changing(*paths: Path) -> Iterator[None]:
    """Let a test change inputs of a verb while it runs."""
    _expected.update(paths)
    yield
    _expected.difference_update(paths)


def install() -> None:
    """Watch the inputs of all verbs that are imported from now on."""
    folders.require_apart = _watching(folders.require_apart)
    locks.output_lock = _comparing(locks.output_lock)
