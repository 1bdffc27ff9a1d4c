"""The contract of published weights."""

from oemsar.models.named import MODELS
from oemsar.models.published import WEIGHTS_TO_FETCH, PublishedWeights
from oemsar.testing.expect import expect


def check_published_weights(name: str) -> None:
    """Check that published weights keep the contract; nothing is fetched.

    They state what they are, their terms and where these stand, every address is one of https, and the name
    is no packaged model's.

    Args:
        name: Name in `oemsar.models.published.WEIGHTS_TO_FETCH`.

    Raises:
        AssertionError: The weights break the contract; the sentence says how.
        InputError: The weights are not known.
    """
    weights = WEIGHTS_TO_FETCH.find(name)
    expect(isinstance(weights, PublishedWeights), f"{name} is no PublishedWeights: {weights}")
    for field in ("about", "inputs", "licence", "use"):
        text = getattr(weights, field)
        expect(bool(text.strip()) and "\n" not in text, f"{field} of {name} is no line of text: {text!r}")
    addresses = [address for file in weights.files for address in file.addresses]
    for address in (weights.page, *addresses):
        expect(address.startswith("https://"), f"{name} gives an address that is not one of https: {address}")
    names = [file.name for file in weights.files]
    expect(len(set(names)) == len(names), f"{name} has two files of one name: {names}")
    expect(name not in MODELS, f"{name} is the name of a packaged model, too")
    expect(
        "FILE" in weights.use or "FOLDER" in weights.use, f"{name} does not say how it is used: {weights.use}"
    )
