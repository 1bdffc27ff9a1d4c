"""The configuration of a training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BeforeValidator, Field, model_validator

from oemsar.config_file import MOST_PROCESSES, MOST_STEPS, Config, Seed
from oemsar.errors import InputError
from oemsar.inference.options import DeviceKind
from oemsar.inputs import SAR, Inputs
from oemsar.models.named import NamesModel
from oemsar.models.registry import NETWORKS
from oemsar.models.spec import Fusion, require_fusible
from oemsar.models.variants import choose_encoder, variant_of
from oemsar.train.idle_options import require_meaning
from oemsar.train.inherit import with_options_of_init
from oemsar.train.phases import Phase, Rates, Regimes, Steps, plan_phases
from oemsar.train.recipe import RECIPES, with_recipe
from oemsar.train.registry import CLASS_WEIGHTS, LOSSES, require_soft

RESULT_NEUTRAL = frozenset(
    {"data", "out", "manifests", "workers", "checkpoint_every", "checkpoint_gradients", "device", "devices"}
)
"""Options that a resumed run may change: they do not decide what is trained.

The table may have moved; that its content is the same is checked by its checksum, and that the manifests name
the same tiles by theirs.
"""

_DROPPED = 0.5
"""Share of the samples that lose inputs, by default."""


def _several(value: object) -> object:
    """Take a single path for a sequence of one."""
    return (value,) if isinstance(value, str | Path) else value


class TrainConfig(Config):
    """Options of a training, under the names that they have on the command line and in YAML."""

    recipe: Annotated[str, RECIPES] = "default"
    """Preset of options, or a YAML file of them; options that are given win over it."""
    model: Annotated[str, NETWORKS] = "unet"
    """Network."""
    variant: str | None = None
    """Size of the network by its short name: b0 to b5 of segformer (default b2), t, s, b, s-s1l20 or b-s1l20
    of vmamba (default t)."""
    encoder: str = ""
    """Encoder, as the network's library calls it; by default that of the variant, efficientnet-b4 of unet, or
    convnextv2_tiny of upernet."""
    modalities: Inputs = SAR
    """Inputs that the network sees, joined by +, with a number of channels where it is not the usual, such as
    sar+optical, sar:2+height or multispectral:6."""
    regime: Regimes = None
    """Labels to train on, P, P+R1, P+R5, R1 or R5: pseudo labels, 1 or 5 hand-made labels of each region; by
    default the labels of split train. Joined by >, such as P>R5, those of one phase after the other."""
    manifests: Path | None = None
    """Folder of `oemsar data regimes` that names the tiles of the regime; by default they are computed with
    seed 0."""
    fusion: Fusion = "stack"
    """One encoder over the channels of all inputs (stack), one encoder for each (dual), or one for each and
    any of them may be missing (any)."""
    drop_inputs: float | None = Field(None, ge=0, le=1)
    """Share of the samples that lose inputs, whole or in patches, in fusion any; by default 0.5, rising over
    the first tenth of the steps."""
    steps: Steps = 20_000
    """Number of optimiser steps, of each phase where there are several, such as 2000>500."""
    crop: int = Field(512, ge=1, le=16_384)
    """Side of a training crop in pixels."""
    batch: int = Field(8, ge=1, le=100_000)
    """Number of crops in a step, over all devices together."""
    seed: Seed = 0
    """Seed of every random draw."""
    learning_rate: Rates = 1e-3
    """Highest learning rate of AdamW, of each phase where they differ, such as 1e-3>1e-4."""
    weight_decay: float = Field(0.01, ge=0, le=1000)
    """Weight decay of AdamW; norms and biases are not decayed."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate once it has risen: it falls to 0 with a cosine, or stays."""
    warmup: int | None = Field(None, ge=0, le=MOST_STEPS)
    """Number of steps over which the learning rate rises, in each phase; by default a twentieth of its steps,
    at most 1000."""
    loss: Annotated[str, LOSSES] = "ce+dice"
    """Loss."""
    ema: float | None = Field(None, ge=0, lt=1)
    """Average the weights over the steps, each keeping this share of the average, such as 0.999, and validate
    and save the averaged ones; less is kept in the first steps."""
    confidence_weights: bool = False
    """Weigh the pixels of pseudo labels by the confidence that the table has for them."""
    soft_labels: bool = False
    """Train on the class probabilities that the table has for pseudo labels."""
    teacher: Annotated[tuple[Path, ...], BeforeValidator(_several), NamesModel()] = ()
    """Run or saved model whose answers on the same ground are soft targets beside the labels; may be given
    several times, they are averaged."""
    teacher_weight: float = Field(0.5, ge=0.01, le=1)
    """Weight of the teachers beside that of the labels, where the images of a tile are aligned."""
    teacher_temperature: float = Field(2.0, ge=0.1, le=100)
    """Temperature of the soft targets; above 1 they tell more of the classes that are not the first."""
    teacher_reach: float = Field(8.0, ge=0.01, le=1e6)
    """Misalignment of a tile, in pixels, at which the weight of the teachers has fallen to 1/e."""
    self_training: bool = False
    """Learn from tiles of split train without labels what the averaged weights are sure of there."""
    self_threshold: float = Field(0.95, ge=0, le=1)
    """Least probability of a class that self-training takes for a label."""
    self_weight: float = Field(1.0, ge=0.001, le=1000)
    """Weight of the loss of self-training beside that of the labels."""
    class_weights: Annotated[str, CLASS_WEIGHTS] = "none"
    """Weights of the classes in the loss, from how often they occur in the training labels."""
    augment: bool = True
    """Mirror, turn and scale the crops, and change their brightness."""
    photometry: float = Field(1, ge=0, le=4)
    """Strength of the changes of brightness, 0 for none; above 1 radar is also remapped and colours change
    one by one, for sensors and seasons that the training tiles do not show."""
    degrade: float = Field(1, ge=1, le=64)
    """Greatest factor by which one crop in three loses resolution, scaled down and back up; 1 for none."""
    pretrained: bool = False
    """Start the encoder from ImageNet weights, fetched over the network."""
    encoder_weights: Path | None = None
    """Encoder file, written by `oemsar models import`, or a published encoder to start the encoder from."""
    init: Annotated[Path | None, NamesModel()] = None
    """Run or saved model to start all weights from; network, encoder, inputs and fusion are its own unless
    others are given."""
    validate_every: int = Field(1000, ge=1, le=MOST_STEPS)
    """Number of steps between validations; the last step is always validated."""
    checkpoint_every: int = Field(250, ge=1, le=MOST_STEPS)
    """Number of steps between checkpoints; a killed run loses at most these."""
    calibrate: bool = True
    """Fit a temperature on the validation labels at the end, so that confidence means what it says."""
    accumulate: int = Field(1, ge=1, le=100_000)
    """Number of parts that a batch is worked through in, one after the other: less memory, more time, the
    same gradients, but that batch norms see one part at a time."""
    checkpoint_gradients: bool = False
    """Compute the blocks of the encoders again in the backward pass, rather than keep what is between them:
    less memory, more time, the same gradients."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of the training; auto is the reduced precision of the device where it has one."""
    device: DeviceKind = "auto"
    """Device to train on; auto is CUDA, then MPS, then the CPU."""
    devices: int = Field(1, ge=1, le=MOST_PROCESSES)
    """Number of processes that share a batch, each on a device of its own."""
    workers: int | None = Field(None, ge=0, le=MOST_PROCESSES)
    """Number of processes that read crops, for each device; by default from the number of cores."""

    @model_validator(mode="before")
    @classmethod
    def _encoder_and_variant_agree(cls, options: Any) -> Any:  # noqa: ANN401 (pydantic checks it afterwards)
        if not isinstance(options, dict):
            return options
        options = with_options_of_init(with_recipe(options, TrainConfig.model_fields))
        cls._refuse_truth_for_numbers(options)
        model = options.get("model", cls.model_fields["model"].default)
        names = (model, options.get("encoder") or None, options.get("variant"))
        if not all(name is None or isinstance(name, str) for name in names) or model not in NETWORKS:
            return options
        encoder = choose_encoder(*names)
        return {**options, "encoder": encoder, "variant": variant_of(model, encoder)}

    @model_validator(mode="after")
    def _two_modalities_to_fuse(self) -> Self:
        require_fusible(self.fusion, self.modalities)
        return self

    @model_validator(mode="after")
    def _inputs_to_drop(self) -> Self:
        if self.drop_inputs is not None and not self.takes_any:
            raise InputError(
                f"fusion {self.fusion} cannot lack an input; choose the fusion any",
                option=("drop_inputs", "fusion"),
            )
        return self

    @model_validator(mode="after")
    def _one_start_of_the_encoder(self) -> Self:
        starts = {"pretrained": self.pretrained, "encoder_weights": self.encoder_weights, "init": self.init}
        given = [name for name, start in starts.items() if start]
        if len(given) > 1:
            raise InputError("both say how the encoder starts; give one", option=given[:2])
        return self

    @model_validator(mode="after")
    def _share_the_batch(self) -> Self:
        if self.batch % self.devices:
            raise InputError(
                f"a batch of {self.batch} does not divide over {self.devices} devices; choose a multiple",
                option=("batch", "devices"),
            )
        share = self.batch // self.devices
        if share % self.accumulate:
            raise InputError(
                f"the {share} crops of a device do not divide into {self.accumulate} parts; choose a divisor",
                option=("accumulate", "batch"),
            )
        return self

    @model_validator(mode="after")
    def _name_the_regime(self) -> Self:
        if self.manifests is not None and self.regime is None:
            raise InputError(
                f"{self.manifests} is read for a label regime only; name the regime",
                option=("manifests", "regime"),
            )
        return self

    @classmethod
    def stored(cls, options: Mapping[str, Any]) -> Self:
        """Make of options what a run trained with that kept them; what they lack is as it was without.

        Args:
            options: Options of a run by name, those of an earlier version fewer.

        Raises:
            InputError: An option is unknown, missing or wrong; it is named.
        """
        lacking = {
            name: info.get_default(call_default_factory=True)
            for name, info in cls.model_fields.items()
            if not info.is_required()
        }
        return cls.model_validate({**lacking, **options})

    @model_validator(mode="after")
    def _targets_have_what_they_need(self) -> Self:
        if self.soft_labels:
            require_soft(self.loss)
        require_meaning(self)
        if self.self_training and self.ema is None:
            raise InputError(
                "the labels are those of averaged weights; give the average, such as 0.99",
                option=("self_training", "ema"),
            )
        return self

    @model_validator(mode="after")
    def _as_many_phases_each(self) -> Self:
        if self.total_steps > MOST_STEPS:
            raise InputError(f"they are more than {MOST_STEPS} together; give fewer", option="steps")
        return self

    @property
    def takes_any(self) -> bool:
        """Whether the network takes any subset of its inputs."""
        return self.fusion == "any"

    @property
    def dropped(self) -> float:
        """Share of the samples that lose inputs, 0..1."""
        return _DROPPED if self.drop_inputs is None else self.drop_inputs

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Phases one after the other, at least one."""
        return plan_phases(self.regime, self.steps, self.learning_rate, self.warmup)

    @property
    def total_steps(self) -> int:
        """Number of steps of all phases."""
        return sum(phase.steps for phase in self.phases)


class _TableAndFolder(Config):
    data: Path | None = None
    """Table of tiles; None for tiles that were given as values."""
    out: Path
    """Folder of the run."""


class RunOptions(TrainConfig, _TableAndFolder):
    """Options of a training with its table and its folder, as stored in `config.yaml` of a run."""

    @property
    def table(self) -> Path:
        """Table of tiles of a run that has one.

        Raises:
            InputError: The run has none.
        """
        if self.data is None:
            raise InputError("is missing; name the table of tiles", option="data")
        return self.data

    def to_yaml(self) -> str:
        """Write the options as YAML, which `oemsar.config_file.read_yaml` reads."""
        text: str = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)
        return text


def differing_option(one: TrainConfig, other: TrainConfig) -> str | None:
    """Find the first option that decides what is trained and differs; None where none does."""
    for name in TrainConfig.model_fields:
        if name not in RESULT_NEUTRAL and getattr(one, name) != getattr(other, name):
            return name
    return None
