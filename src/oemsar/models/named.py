"""Saved models by name: those that come with oemsar, and those of other packages."""

import logging
from functools import cache
from pathlib import Path

from oemsar.config_file import Value
from oemsar.files import readable_folder
from oemsar.registry import Registry

log = logging.getLogger(__name__)


class PackagedModel(Value):
    """Saved model that comes with a package, so that a name stands for it."""

    about: str
    """Use of the model and origin of its weights in a few words."""
    licence: str
    """Licence of the weights."""
    folder: Path
    """Folder of the saved model in the package."""


class NamesModel:
    """Mark of an option that names a model, in the metadata of its field: its help lists the names."""


MODELS: "Registry[PackagedModel]" = Registry(
    "model", "oemsar.models", {"starter": "oemsar.models.packaged:STARTER"}
)
"""Saved models by the names that stand for them wherever a model is named."""


def packaged(path: Path) -> PackagedModel | None:
    """Find the model that a name stands for; None for a path, and where a folder has that name.

    Args:
        path: Name of a model, or path of a run or of a saved model.

    Raises:
        InputError: The package that offers the model cannot be imported.
    """
    name = str(path)
    if path.name != name or name not in MODELS:
        return None
    if is_hidden(path):
        _tell_of_folder(path.absolute())
        return None
    model = MODELS.find(name)
    _tell_of_model(name, model.about)
    return model


def is_hidden(path: Path) -> bool:
    """Tell whether a path is the name of a model and of a folder, which goes before it."""
    return path.name == str(path) and path.name in MODELS and readable_folder(path).is_dir()


@cache
def _tell_of_folder(folder: Path) -> None:
    log.info("%s is a folder here, which is taken instead of the packaged model of that name", folder.name)


@cache
def _tell_of_model(name: str, about: str) -> None:
    log.info("%s is a packaged model: %s", name, about)
