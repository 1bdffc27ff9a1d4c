"""Saved models in half precision: half the size on disk, the same network in memory."""

from pathlib import Path
from typing import Literal

import torch
from pydantic import JsonValue
from torch import Tensor

from oemsar.config_file import Value
from oemsar.files import atomic_folder, write_json
from oemsar.folders import require_apart
from oemsar.locks import holds_output
from oemsar.models.layout import DESCRIPTION, WEIGHTS
from oemsar.models.saved import (
    load_model,
    model_files,
    read_description,
    require_own_model,
)
from oemsar.models.weights_file import write_weights

_ROUNDING = 2.0**-11
"""Largest relative error of a number that float16 holds with all of its bits (IEEE 754, binary16)."""


class HalfModel(Value):
    """A saved model that was written in half precision."""

    format: Literal[1] = 1
    """Version of the format."""
    path: Path
    """Folder of the saved model."""
    size: int
    """Bytes of its files together."""
    kept: tuple[str, ...]
    """Names of the tensors that stayed float32."""


@holds_output()
def halve_model(model: Path | str, out: Path) -> HalfModel:
    """Write a saved model with its weights in float16, which loads into a network of float32.

    A tensor with a value beyond the range of float16 stays float32, and so does a buffer, such as the
    statistics of a batch norm, with a value that loses more than rounding. Description and calibration stay
    as they are; the record tells of the precision.

    Args:
        model: Folder of a run or of a saved model, or the name of one that comes with a package.
        out: Folder of the model in half precision.

    Raises:
        InputError: There is no model, it is damaged, or `out` is the model or holds something else.
    """
    require_apart([out, out / WEIGHTS, out / DESCRIPTION], model_files(model))
    require_own_model(out)
    network, description = load_model(model), read_description(Path(model))
    parameters = {name for name, _ in network.named_parameters()}
    given = network.state_dict()
    written = {name: _halved(value, is_parameter=name in parameters) for name, value in given.items()}
    kept = tuple(name for name, value in written.items() if value.dtype == torch.float32)
    precision: dict[str, JsonValue] = {"weights": "float16", "kept": [*kept]}
    halved = description.model_copy(update={"record": {**description.record, "halved": precision}})
    with atomic_folder(out, own=(WEIGHTS, DESCRIPTION)) as partial:
        write_weights(written, partial / WEIGHTS)
        write_json(partial / DESCRIPTION, halved.to_json())
    return HalfModel(path=out, size=sum(file.stat().st_size for file in model_files(out)), kept=kept)


def _halved(value: Tensor, *, is_parameter: bool) -> Tensor:
    """Round a tensor to float16 where it keeps its meaning."""
    if value.dtype != torch.float32:
        return value
    half = value.half()
    if not half.isfinite().all():
        return value
    loses = (half.float() - value).abs() > _ROUNDING * value.abs()
    return value if not is_parameter and loses.any() else half
