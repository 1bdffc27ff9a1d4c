"""Inputs that the simulator writes beside radar and optical images."""

from oemsar.errors import InputError
from oemsar.inputs import Inputs

FURTHER = ("height", "nir")
"""Metres above ground of what is seen from above, float32, and near infrared, uint8."""


def require_simulated(inputs: Inputs | None) -> None:
    """Check that inputs are among those the simulator writes.

    Raises:
        InputError: One of them is not.
    """
    for part in inputs or ():
        if part.name not in FURTHER:
            raise InputError(
                f"{part.name} is not simulated beside the images; choose from {' and '.join(FURTHER)}",
                option="inputs",
            )
