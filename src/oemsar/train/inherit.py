"""Options that a training takes over from the network it starts from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def with_options_of_init(options: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the options of a training that starts from a saved model by those of its network.

    Network, encoder, inputs and fusion that are not given are those of the model: the encoder only where the
    network is the same, the fusion only where there are two inputs to fuse.

    Args:
        options: Options by name, of which some may be missing or None.

    Returns:
        The options with those of the model; as they were where they name no model or lack none.

    Raises:
        InputError: There is no model, or its description cannot be read.
    """
    completed = dict(options)
    source = options.get("init")
    lacking = [name for name in ("model", "modalities", "fusion") if options.get(name) is None]
    sized = any(options.get(name) for name in ("encoder", "variant"))
    if not isinstance(source, str | Path) or (sized and not lacking):
        return completed
    from oemsar.models.transfer import read_spec  # loads PyTorch

    spec = read_spec(Path(source))
    if options.get("model") is None:
        completed["model"] = spec.architecture
    if not sized and completed["model"] == spec.architecture:
        completed["encoder"] = spec.encoder
    if options.get("modalities") is None:
        completed["modalities"] = spec.modalities
    if options.get("fusion") is None and "+" in str(completed["modalities"]):
        completed["fusion"] = spec.fusion
    return completed
