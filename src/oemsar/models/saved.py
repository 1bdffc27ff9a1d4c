"""A saved model: one folder of `model.safetensors` and `model.json`, reading which executes nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import JsonValue, model_validator
from safetensors import SafetensorError

from oemsar import legend
from oemsar.config_file import Value, read_json
from oemsar.errors import InputError
from oemsar.files import atomic_folder, readable_folder, write_json
from oemsar.folders import is_record, strangers
from oemsar.locks import holds_output
from oemsar.models.calibration import Calibration
from oemsar.models.finite import require_finite
from oemsar.models.layout import DESCRIPTION, WEIGHTS
from oemsar.models.named import is_hidden, packaged
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.models.weights_file import read_weights, write_weights


class ModelDescription(Value):
    """Content of `model.json`."""

    format: Literal[1] = 1
    """Version of the format."""
    spec: ModelSpec
    """Architecture, input and normalisation."""
    legend: tuple[str, ...]
    """Names of the classes in the order of the logits."""
    record: dict[str, JsonValue]
    """How the network was trained or where it was imported from."""
    calibration: Calibration | None = None
    """Scaling of the probabilities; None for those of the logits."""

    def to_json(self) -> dict[str, JsonValue]:
        """Give the plain values that are stored; a model that was not calibrated says nothing of it."""
        return self.model_dump(mode="json", exclude={"calibration"} if self.calibration is None else set())

    @model_validator(mode="after")
    def _has_this_legend(self) -> Self:
        if self.legend != legend.NAMES:
            raise InputError("it belongs to a model of another legend, whose classes cannot be read here")
        return self


@holds_output(argument="folder")
def save_model(network: LandCoverNetwork, folder: Path, record: Mapping[str, Any]) -> None:
    """Write a network to a folder, whole or not at all; a model that is there is replaced.

    What else lies beside a model that is there stays.

    Args:
        network: Network on any device.
        folder: Folder of the saved model.
        record: Origin of the network (training or import), plain values; see `oemsar.record.run_record`.

    Raises:
        InputError: The folder holds something and no saved model, or cannot be written to.
        Occupied: Another command writes it.
    """
    weights = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    description = ModelDescription(
        spec=network.spec, legend=legend.NAMES, record=dict(record), calibration=network.calibration
    )
    require_own_model(folder)
    with atomic_folder(folder, own=(WEIGHTS, DESCRIPTION)) as partial:
        write_weights(weights, partial / WEIGHTS)
        write_json(partial / DESCRIPTION, description.to_json())


def require_own_model(folder: Path) -> None:
    """Check that a folder is empty but for logs, not there, or a saved model.

    Raises:
        InputError: It holds something and no saved model, is a file, or is the name of a model of a package.
    """
    if packaged(folder) is not None:
        raise InputError(
            f"{folder} is the name of a model that comes with a package, which is not written to; "
            "choose a folder of another name",
            option="out",
        )
    stranger = next(strangers(folder), None)
    if stranger is not None and not is_record(folder / DESCRIPTION, "spec", "legend"):
        raise InputError(
            f"{folder} holds {stranger.name} and no saved model; choose an empty or a new folder",
            option="out",
        )


def load_model(path: Path | str) -> LandCoverNetwork:
    """Read a saved network, in evaluation mode, on the CPU; nothing on disk changes.

    Args:
        path: Folder of a saved model, or of a run that holds one in `model/`, or the name of a model that
            comes with a package, such as `starter`.

    Raises:
        InputError: There is no model, it is damaged, a weight is not finite, or it is of another legend or a
            newer format.
    """
    path = Path(path)
    folder = model_folder(path)
    description = read_description(path)
    try:
        network = build(description.spec)
    except InputError as error:
        raise InputError(
            f"{folder / DESCRIPTION} is of a network that is not known here: {error.sentence}"
        ) from error
    network.calibration = description.calibration
    try:
        weights = read_weights(folder / WEIGHTS)
        network.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{folder / WEIGHTS} does not hold the weights of this model ({reason})") from error
    require_finite(weights, folder / WEIGHTS)
    return network.eval()


def read_description(path: Path) -> ModelDescription:
    """Read the description of a saved model, or of a run that holds one.

    Raises:
        InputError: There is none, it is damaged, or it is of another legend or a newer format.
    """
    return read_json(model_folder(path) / DESCRIPTION, ModelDescription, "description of a saved model")


def store_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration into a saved model; its weights stay as they are.

    Raises:
        InputError: The path holds no saved model, or is the name of one that comes with a package.
        DiskFull: The disk has no room left.
    """
    if packaged(path) is not None:
        raise InputError(
            f"the model {path} comes with a package and is not written to; copy it, or give the result a "
            "folder of its own"
        )
    description = read_description(path).model_copy(update={"calibration": calibration})
    write_json(model_folder(path) / DESCRIPTION, description.to_json())


def as_network(model: Path | str | LandCoverNetwork) -> LandCoverNetwork:
    """Load the network of a path or a name; a network is given back as it is.

    Raises:
        InputError: The path holds no model that can be read.
    """
    return model if isinstance(model, LandCoverNetwork) else load_model(model)


def model_files(model: Path | str | LandCoverNetwork) -> list[Path]:
    """List the files of a saved model, weights first; a network in memory has none.

    Raises:
        InputError: The path holds no saved model.
    """
    if isinstance(model, LandCoverNetwork):
        return []
    return [model_folder(Path(model)) / name for name in (WEIGHTS, DESCRIPTION)]


def model_folder(path: Path) -> Path:
    """Find the folder of the saved model in a saved model or a run, or the one that a name stands for.

    Raises:
        InputError: There is none.
    """
    folder = find_model(path)
    if folder is not None:
        return folder
    named = packaged(path)
    if named is not None:
        raise InputError(
            f"the packaged model {path} is not installed ({named.folder / DESCRIPTION} is missing); "
            "install its package again, or give a run of `oemsar train`"
        )
    hides = "; the folder hides the model of that name" if is_hidden(path) else ""
    raise InputError(
        f"{path} holds no saved model ({DESCRIPTION} is missing){hides}; "
        "give a run of `oemsar train` or its model folder"
    )


def find_model(path: Path) -> Path | None:
    """Find the folder of the saved model in a saved model or a run, or that a name stands for; else None."""
    named = packaged(path)
    folders = (path, path / "model") if named is None else (named.folder,)
    found = (folder for folder in map(readable_folder, folders) if (folder / DESCRIPTION).is_file())
    return next(found, None)
