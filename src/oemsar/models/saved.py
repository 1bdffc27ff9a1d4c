"""A saved model: one folder of `model.safetensors` and `model.json`, reading which executes nothing."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from oemsar import legend
from oemsar.errors import InputError
from oemsar.files import atomic_folder, recover_folder, write_json
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

FORMAT = 1
WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"


def save(network: LandCoverNetwork, folder: Path, record: dict[str, Any]) -> None:
    """Write `network` to `folder`, replacing a model that is there, whole or not at all.

    Args:
        network: the network, on any device.
        folder: the folder of the saved model.
        record: how it was trained, plain values; see `oemsar.record.run_record`.
    """
    weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    description = {
        "format": FORMAT,
        "spec": network.spec.model_dump(mode="json"),
        "legend": list(legend.NAMES),
        "record": record,
    }
    with atomic_folder(folder) as partial:
        save_file(weights, partial / WEIGHTS)
        write_json(partial / DESCRIPTION, description)


def load(path: Path) -> LandCoverNetwork:
    """Read the network saved at `path`, in evaluation mode, on the CPU.

    Args:
        path: a saved model, or a run folder that holds one in `model/`.

    Raises:
        InputError: there is no model, it is damaged, or it is of another legend or a newer format.
    """
    folder = model_folder(path)
    description = _read_description(folder / DESCRIPTION)
    network = build(_spec(description, folder))
    try:
        network.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{folder / WEIGHTS} does not hold the weights of this model ({reason})") from error
    return network.eval()


def model_folder(path: Path) -> Path:
    """The folder of the saved model that `path`, a saved model or a run, holds.

    Raises:
        InputError: it holds none.
    """
    recover_folder(path / "model")
    for folder in (path, path / "model"):
        if (folder / DESCRIPTION).is_file():
            return folder
    raise InputError(
        f"{path} holds no saved model ({DESCRIPTION} is missing); "
        "give a run of `oemsar train` or its model folder"
    )


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON; the saved model is damaged") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise InputError(f"{path} is not a saved model of format {FORMAT}; a newer oemsar may be needed")
    if description.get("legend") != list(legend.NAMES):
        raise InputError(f"{path} belongs to a model of another legend; its classes cannot be read here")
    return description


def _spec(description: dict[str, Any], folder: Path) -> ModelSpec:
    try:
        return ModelSpec.model_validate(description.get("spec"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{folder / DESCRIPTION} is damaged: {where} {first['msg']}") from error
