"""Published weights by name: what they are, where they lie, and under which terms they may be fetched."""

from typing import Annotated

from pydantic import Field

from oemsar.config_file import Value
from oemsar.registry import Registry


class PublishedFile(Value):
    """File of published weights; what is not published about it is unknown."""

    name: Annotated[str, Field(pattern=r"^\w[\w.+-]*$", max_length=200)]
    """Name of the file, without a folder."""
    addresses: Annotated[tuple[Annotated[str, Field(pattern="^https?://[^/]")], ...], Field(min_length=1)]
    """Addresses that serve it, the best first."""
    size: Annotated[int, Field(ge=1)] | None = None
    """Size in bytes; None where unknown."""
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    """SHA-256 of the content, hexadecimal; empty where unknown."""
    md5: Annotated[str, Field(pattern="^([0-9a-f]{32})?$")] = ""
    """MD5 of the content, hexadecimal; empty where unknown."""


class PublishedWeights(Value):
    """Weights that others publish and that may be fetched."""

    about: str
    """Network, and the data that it was trained on, in a few words."""
    inputs: str
    """Inputs that the weights see."""
    licence: str
    """Licence, or the terms of use."""
    page: str
    """Address of the page that states them."""
    must_accept: bool = False
    """Whether the terms restrict the use, so that they are to be accepted first."""
    files: Annotated[tuple[PublishedFile, ...], Field(min_length=1)]
    """Files of the weights."""
    use: str
    """Command that uses them: `FILE` is the path of the first file in it, `FOLDER` that of its folder."""


WEIGHTS_TO_FETCH: "Registry[PublishedWeights]" = Registry(
    "published weights",
    "oemsar.published_weights",
    {
        "mars-sar": "oemsar.models.publishers:MARS_SAR",
        "mars-optical": "oemsar.models.publishers:MARS_OPTICAL",
        **{f"mit-b{size}": f"oemsar.models.publishers:MIT_B{size}" for size in range(6)},
        "vmamba-t": "oemsar.models.publishers:VMAMBA_T",
        "vmamba-s": "oemsar.models.publishers:VMAMBA_S",
        "vmamba-b": "oemsar.models.publishers:VMAMBA_B",
        "vmamba-s-s1l20": "oemsar.models.publishers:VMAMBA_S_S1L20",
        "vmamba-b-s1l20": "oemsar.models.publishers:VMAMBA_B_S1L20",
    },
)
"""Published weights by the names that fetch them."""
