"""Errors of other commands in the words of a region's YAML file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oemsar.errors import InputError

_OPTION = re.compile(r"--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")


@contextmanager
def in_words_of(path: Path) -> Iterator[None]:
    """Let an error name the YAML file, and keys such as `dem_datum` where it names `--dem-datum`.

    Keys of the file have the names of the options of other commands.
    """
    try:
        yield
    except InputError as error:
        sentence = _OPTION.sub(lambda match: match[1].replace("-", "_"), str(error))
        raise InputError(f"{path}: {sentence}") from error
