"""Networks in ONNX files, with a description of their inputs and their legend beside them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oemsar.config_file import Value, read_yaml
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.calibration import Calibration
from oemsar.models.foreign_legend import LEGENDS, channels_of
from oemsar.models.spec import ModelSpec

SUFFIX = ".onnx"


class OnnxDescription(Value):
    """Inputs, legend and output of a network in an ONNX file: the content of the YAML file beside it."""

    modalities: Inputs
    """Inputs that the network sees, their channels stacked in their order, radar first."""
    legend: str | tuple[str, ...]
    """Names of the classes of its channels in their order, or the name of a legend: oemsar, openearthmap."""
    values: Literal["logits", "probabilities"] = "logits"
    """Values that the network gives."""
    output: str | None = None
    """Name of the output to take; the first by default."""
    mean: tuple[Annotated[float, Field(ge=-1e6, le=1e6)], ...] = ()
    """Mean of each channel that is subtracted before the network, in the unit of its input; 0 by default."""
    std: tuple[Annotated[float, Field(ge=1e-3, le=1e6)], ...] = ()
    """Number that each channel is divided by then; 1 by default."""
    multiple: int = Field(32, ge=1, le=1024)
    """Number that both sides of an image must be a multiple of; images are padded to it."""

    @model_validator(mode="after")
    def _has_a_known_legend(self) -> Self:
        if isinstance(self.legend, str) and self.legend not in LEGENDS:
            raise InputError(
                f"{self.legend} is not known; give one of {', '.join(LEGENDS)}, or a list of names",
                option="legend",
            )
        channels_of(self.names)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes of the channels, in their order."""
        return LEGENDS[self.legend] if isinstance(self.legend, str) else self.legend


@dataclass(frozen=True)
class OnnxModel:
    """Network in an ONNX file.

    Attributes:
        path: The file.
        description: Its inputs, legend and output.
        spec: Its inputs and their normalisation as of a network of this project.
        calibration: None: an ONNX file brings its own.
    """

    path: Path
    description: OnnxDescription
    spec: ModelSpec
    calibration: Calibration | None = None

    @property
    def files(self) -> list[Path]:
        """The file and its description."""
        return [self.path, description_path(self.path)]


def description_path(path: Path) -> Path:
    """Name the description of an ONNX file: the YAML file of its name, beside it."""
    return path.with_suffix(".yaml")


def is_onnx(path: Path) -> bool:
    """Tell whether a path is that of an ONNX file, by its ending."""
    return path.suffix.lower() == SUFFIX


def read_onnx(path: Path) -> OnnxModel:
    """Read the description of an ONNX file; the network itself is read where it is run.

    Raises:
        InputError: The file or its description is missing, or the description is wrong: its legend does not
            correspond to that of this project one to one, or its numbers do not fit its channels.
    """
    beside = description_path(path)
    if not path.is_file():
        raise InputError(f"{path} does not exist; correct the path", option="model")
    if not beside.is_file():
        raise InputError(
            f"{path} has no description; write {beside.name} beside it, with its modalities and its legend",
            option="model",
        )
    content = read_yaml(beside)
    try:
        description = OnnxDescription.model_validate(content)
        channels = description.modalities.channels
        spec = ModelSpec(
            architecture="onnx",
            encoder=path.stem,
            modalities=description.modalities,
            mean=description.mean or (0.0,) * channels,
            std=description.std or (1.0,) * channels,
        )
    except InputError as error:
        raise InputError(f"{beside}: {error}", option="model") from error
    return OnnxModel(path, description, spec)
