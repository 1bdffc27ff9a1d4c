"""The YAML file of a region."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oemsar.config_file import read_yaml
from oemsar.errors import InputError
from oemsar.prepare.pair.config import OF_EVERY_VERB, PairRegion


def read_region(path: Path) -> PairRegion:
    """Read a region from its YAML file; relative paths in it count from its folder.

    Raises:
        InputError: The file cannot be read, or a key or value is wrong; file and key are named.
    """
    content = read_yaml(path)
    with naming(path):
        return PairRegion.model_validate(content, context={"folder": path.parent})


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let errors name the region file and its key: the keys bear the names of the options of other verbs."""
    try:
        yield
    except InputError as error:
        if set(error.options) & set(OF_EVERY_VERB):
            raise InputError(f"{path}: {error.sentence}", option=error.options) from error
        raise InputError(f"{path}: {error}") from error
