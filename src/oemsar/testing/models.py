"""The contract of a packaged model."""

import torch

from oemsar.legend import NUM_CLASSES
from oemsar.models.layout import DESCRIPTION, WEIGHTS
from oemsar.models.named import MODELS, PackagedModel
from oemsar.models.saved import load_model
from oemsar.testing.expect import expect


def check_model(name: str) -> None:
    """Check that a packaged model keeps the contract.

    It tells its use and its licence, its folder holds a saved model that can be read, and the network gives
    finite logits of the eight classes.

    Args:
        name: Name in `oemsar.models.named.MODELS`.

    Raises:
        AssertionError: The model breaks the contract; the sentence says how.
        InputError: The model is not known, not installed, or cannot be read.
    """
    model = MODELS.find(name)
    expect(isinstance(model, PackagedModel), f"{name} is a {type(model).__name__}, no PackagedModel")
    for field in ("about", "licence"):
        text = getattr(model, field)
        expect(bool(text.strip()) and "\n" not in text, f"{field} of {name} is no line of text: {text!r}")
    expect(model.folder.is_absolute(), f"the folder of {name} is no absolute path: {model.folder}")
    for file in (WEIGHTS, DESCRIPTION):
        expect((model.folder / file).is_file(), f"{model.folder} lacks {file}")
    network = load_model(model.folder)
    channels, height = network.spec.modalities.channels, 2 * network.stride + 5
    width = height + 8
    with torch.inference_mode():
        logits = network(torch.full((1, channels, height, width), 100.0))
    expect(
        logits.shape == (1, NUM_CLASSES, height, width) and bool(logits.isfinite().all()),
        f"{name} gives no finite logits of {NUM_CLASSES} classes",
    )
