"""The list of models that names stand for: those of packages, and published weights that may be fetched."""

from pathlib import Path

from oemsar.config_file import Foreign, Value, read_json
from oemsar.folders import is_record
from oemsar.models.fetch import RECORD
from oemsar.models.layout import DESCRIPTION
from oemsar.models.named import MODELS, PackagedModel
from oemsar.models.published import WEIGHTS_TO_FETCH, PublishedWeights
from oemsar.models.spec import ModelSpec


class ListedModel(Value):
    """Model or weights that a name stands for."""

    name: str
    """Name."""
    about: str
    """Use, and origin of the weights, in a few words."""
    inputs: str
    """Inputs that it sees; empty where unknown."""
    size: int | None
    """Bytes of its files; None where unknown."""
    licence: str
    """Licence, or the terms of use."""
    here: Path | None
    """Folder of its files; None where it is not on this machine."""
    fetched: bool
    """Whether it is fetched before it is used; false for a model that comes with a package."""


class _Described(Foreign):
    spec: ModelSpec


def list_models() -> tuple[ListedModel, ...]:
    """List the models of installed packages, and the published weights that `fetch_model` knows.

    Weights that were fetched into the folder that bears their name in the working directory are found there.

    Raises:
        InputError: A package that offers a model cannot be imported, or its description is damaged.
    """
    return (
        *(_of_package(name, MODELS.find(name)) for name in MODELS),
        *(_published(name, WEIGHTS_TO_FETCH.find(name)) for name in WEIGHTS_TO_FETCH),
    )


def _of_package(name: str, model: PackagedModel) -> ListedModel:
    file = model.folder / DESCRIPTION
    inputs, size, here = "", None, None
    if file.is_file():
        spec = read_json(file, _Described, "description of a saved model").spec
        inputs = f"any of {', '.join(spec.modalities.names)}" if spec.takes_any else str(spec.modalities)
        size = sum(each.stat().st_size for each in model.folder.iterdir() if each.is_file())
        here = model.folder
    return ListedModel(
        name=name,
        about=model.about,
        inputs=inputs,
        size=size,
        licence=model.licence,
        here=here,
        fetched=False,
    )


def _published(name: str, weights: PublishedWeights) -> ListedModel:
    sizes = [file.size for file in weights.files if file.size is not None]
    return ListedModel(
        name=name,
        about=weights.about,
        inputs=weights.inputs,
        size=sum(sizes) if len(sizes) == len(weights.files) else None,
        licence=weights.licence,
        here=Path(name) if is_record(Path(name) / RECORD, "name", "files", "licence") else None,
        fetched=True,
    )
