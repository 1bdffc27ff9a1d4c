"""The configuration of a training: one typed object, from defaults, a YAML file and flags."""

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError
from oemsar.inference.options import DeviceKind
from oemsar.modalities import Modalities
from oemsar.models.spec import Fusion, require_fusible
from oemsar.models.variants import choose_encoder, variant_of

LossName = Literal["ce+dice", "ce", "dice", "focal", "jaccard", "symmetric_ce", "generalised_ce"]
WeightingName = Literal["none", "inverse_frequency", "sqrt_inverse_frequency", "effective_number"]

RESULT_NEUTRAL = frozenset({"data", "out", "manifests", "workers", "checkpoint_every", "device", "devices"})
"""Options that a resumed run may change: they do not decide what is trained.

The table may have moved; that its content is the same is checked by its checksum, and that the manifests name
the same tiles by theirs.
"""

_WARMUP_FRACTION = 20
_LONGEST_WARMUP = 1000


class TrainConfig(BaseModel):
    """Options of `oemsar train`, under the names of its flags.

    Attributes:
        data: table of tiles; trains on its split `train`, validates on its split `val`.
        out: folder of the run.
        model: name in `oemsar.models.registry`.
        variant: size of the encoder: `b0` to `b5` of segformer; `t`, `s` or `b` of vmamba.
        encoder: name of the encoder, as the model's library calls it; by default that of the variant, or
            the model's own; see `oemsar.models.variants`.
        modalities: imagery the network sees.
        regime: labels to train on (`oemsar.dataset.regimes`); by default those of split `train`.
        manifests: folder of `oemsar data regimes` that names the regime's tiles; by default they are computed
            from the table with seed 0.
        fusion: `stack` has one encoder over the channels of all modalities, `dual` one for each.
        steps: optimiser steps.
        crop: side of a training crop in pixels.
        batch: crops in a step, over all devices together.
        seed: of every random draw.
        learning_rate: highest learning rate of AdamW.
        weight_decay: of AdamW; norms and biases are not decayed.
        warmup: steps over which the learning rate rises; by default a twentieth of the run, 1000 at most.
        loss: name in `oemsar.train.losses`.
        class_weights: name in `oemsar.train.class_weights`.
        augment: whether crops are turned, scaled and changed in brightness.
        pretrained: start the encoder from ImageNet weights, fetched over the network.
        encoder_weights: start the encoder from this file, written by `oemsar models import`.
        validate_every: steps between validations; the last step is always validated.
        checkpoint_every: steps between checkpoints; a killed run loses at most these.
        precision: `auto` is the device's reduced precision where it has one, else float32.
        device: `auto` is CUDA, then MPS, then the CPU.
        devices: processes, each on a device of its own, that share a batch.
        workers: processes that read crops, for each device; by default from the number of cores.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    out: Path
    model: str = "unet"
    variant: str | None = None
    encoder: str
    modalities: Modalities = Modalities.SAR
    regime: Regime | None = None
    manifests: Path | None = None
    fusion: Fusion = "stack"
    steps: int = Field(20_000, ge=1)
    crop: int = Field(512, ge=1)
    batch: int = Field(8, ge=1)
    seed: int = Field(0, ge=0)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    warmup: int | None = Field(None, ge=0)
    loss: LossName = "ce+dice"
    class_weights: WeightingName = "none"
    augment: bool = True
    pretrained: bool = False
    encoder_weights: Path | None = None
    validate_every: int = Field(1000, ge=1)
    checkpoint_every: int = Field(250, ge=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: DeviceKind = "auto"
    devices: int = Field(1, ge=1)
    workers: int | None = Field(None, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _encoder_and_variant_agree(cls, options: Any) -> Any:  # noqa: ANN401 (pydantic checks it afterwards)
        if not isinstance(options, dict):
            return options
        model = options.get("model", cls.model_fields["model"].default)
        names = (model, options.get("encoder"), options.get("variant"))
        if not all(name is None or isinstance(name, str) for name in names):
            return options
        encoder = choose_encoder(*names)
        return {**options, "encoder": encoder, "variant": variant_of(model, encoder)}

    @model_validator(mode="after")
    def _two_modalities_to_fuse(self) -> Self:
        require_fusible(self.fusion, self.modalities)
        return self

    @model_validator(mode="after")
    def _one_start_of_the_encoder(self) -> Self:
        if self.pretrained and self.encoder_weights is not None:
            raise ValueError("pretrained and encoder_weights both say how the encoder starts; give one")
        return self

    @model_validator(mode="after")
    def _share_the_batch(self) -> Self:
        if self.batch % self.devices:
            raise ValueError(f"batch {self.batch} cannot be shared evenly by {self.devices} devices")
        return self

    @model_validator(mode="after")
    def _name_the_regime(self) -> Self:
        if self.manifests is not None and self.regime is None:
            raise ValueError(f"manifests {self.manifests} are read for a regime only; give --regime")
        return self

    @property
    def warmup_steps(self) -> int:
        """Steps over which the learning rate rises to its highest value."""
        if self.warmup is not None:
            return self.warmup
        return min(self.steps // _WARMUP_FRACTION, _LONGEST_WARMUP)

    def to_yaml(self) -> str:
        """The configuration as YAML; `read_yaml` and `configure` give it back."""
        text: str = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)
        return text


def configure(options: dict[str, Any]) -> TrainConfig:
    """The configuration with `options`, and defaults for the rest.

    Raises:
        InputError: an option is unknown, missing or has a wrong value; it is named.
    """
    try:
        return TrainConfig.model_validate(options)
    except ValidationError as error:
        raise InputError(_sentence(error)) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Options in the YAML file at `path`.

    Raises:
        InputError: it cannot be read, is no mapping, or names an unknown option.
    """
    try:
        options = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as a YAML file of options ({reason})") from error
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise InputError(f"{path} is not a YAML file of options; write one `option: value` per line")
    for name in options:
        if name not in TrainConfig.model_fields:
            raise InputError(f"{path} has the unknown option {name}; choose from {_option_names()}")
    return options


def differing_option(one: TrainConfig, other: TrainConfig) -> str | None:
    """The first option that decides what is trained and differs between the two; None where none does."""
    for name in TrainConfig.model_fields:
        if name not in RESULT_NEUTRAL and getattr(one, name) != getattr(other, name):
            return name
    return None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"option {name} is missing; give --{name} or write it into the --config file"
    if first["type"] == "extra_forbidden":
        return f"option {name} is not known; choose from {_option_names()}"
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"option {name} is wrong: {message}" if name else message


def _option_names() -> str:
    return ", ".join(TrainConfig.model_fields)
