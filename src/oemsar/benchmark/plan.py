"""The plan of a benchmark: which cells it has, and how each is trained."""

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError
from oemsar.inference.options import EngineKind
from oemsar.modalities import Modalities
from oemsar.models.registry import NETWORKS
from oemsar.models.spec import Fusion
from oemsar.train.config import RunOptions

_OWN = frozenset({"data", "out", "model", "modalities", "regime", "seed", "fusion", "devices"})
"""Training options that the plan sets for each cell."""


class Cell(NamedTuple):
    """One training of the benchmark."""

    network: str
    modalities: Modalities
    regime: Regime
    seed: int
    fusion: Fusion

    @property
    def name(self) -> str:
        """Name of the cell's folder."""
        dual = "_dual" if self.fusion == "dual" else ""
        return f"{self.network}_{self.modalities.value}_{self.regime.value}_s{self.seed}{dual}"


class Plan(BaseModel):
    """What a benchmark trains; the defaults are the 45 cells of the paper's Table IV.

    Attributes:
        networks: names in `oemsar.models.registry`, each with the training options it has of its own; a
            list of names where none has any.
        modalities: imagery, in the paper's order.
        regimes: label regimes.
        seeds: a cell is trained once with each.
        fusions: ways to join radar and optical; `dual` adds cells only where there are both to join.
        train: options of `oemsar train` for every cell.
        engine: library that runs the network on the test split; see `oemsar.inference.select.open_model`.
        flips: average over four mirror images of each test tile.
        figure_tiles: test tiles drawn in the figure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    networks: dict[str, dict[str, Any]] = Field(
        default={"unet": {}, "segformer": {}, "vmamba": {}}, min_length=1
    )
    modalities: tuple[Modalities, ...] = Field(
        (Modalities.OPTICAL, Modalities.SAR, Modalities.SAR_OPTICAL), min_length=1
    )
    regimes: tuple[Regime, ...] = Field(tuple(Regime), min_length=1)
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    fusions: tuple[Fusion, ...] = Field(("stack",), min_length=1)
    train: dict[str, Any] = {}
    engine: EngineKind = "auto"
    flips: bool = False
    figure_tiles: int = Field(4, ge=1)

    @field_validator("networks", mode="before")
    @classmethod
    def _names_alone(cls, value: object) -> object:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return {name: {} for name in value}
        if isinstance(value, dict):
            return {name: {} if options is None else options for name, options in value.items()}
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.networks:
            if name not in NETWORKS:
                raise ValueError(f"network {name} is not known; choose from {', '.join(NETWORKS)}")
        for field in ("modalities", "regimes", "seeds", "fusions"):
            values = getattr(self, field)
            if len(set(values)) < len(values):
                raise ValueError(f"{field} names one of its values twice")
        for options in (self.train, *self.networks.values()):
            if own := sorted(_OWN & set(options)):
                raise ValueError(f"training option {own[0]} is set by the benchmark; leave it out")
        if not self.cells():
            raise ValueError("it has no cell: dual fusion needs modalities sar+optical")
        return self

    def cells(self) -> list[Cell]:
        """Every cell, in the order of the table."""
        return [
            Cell(network, modalities, regime, seed, fusion)
            for fusion, network, modalities, regime, seed in product(
                self.fusions, self.networks, self.modalities, self.regimes, self.seeds
            )
            if fusion == "stack" or modalities is Modalities.SAR_OPTICAL
        ]

    def training(self, cell: Cell, data: Path, out: Path) -> RunOptions:
        """How `cell` is trained on the table `data` in the folder `out`.

        Raises:
            InputError: a training option is unknown or wrong; it is named.
        """
        options = {**self.train, **self.networks[cell.network]}
        if cell.fusion == "dual":
            options["fusion"] = cell.fusion
        return RunOptions.model_validate(
            {
                **options,
                "data": data,
                "out": out,
                "model": cell.network,
                "modalities": cell.modalities,
                "regime": cell.regime,
                "seed": cell.seed,
            }
        )

    def to_yaml(self) -> str:
        """The plan as YAML; `read_plan` gives it back."""
        text: str = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)
        return text


def read_plan(path: Path) -> Plan:
    """The plan in the YAML file at `path`.

    Raises:
        InputError: it cannot be read, or a key or value is wrong; the file and the key are named.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as a plan in YAML ({reason})") from error
    if content is not None and not isinstance(content, dict):
        raise InputError(f"{path} is not a plan; write one `key: value` per line")
    try:
        plan = Plan.model_validate(content or {})
        for cell in plan.cells():
            plan.training(cell, Path("tiles.parquet"), Path("run"))
    except ValidationError as error:
        raise InputError(f"{path} is not a plan of a benchmark: {_sentence(error)}") from error
    except InputError as error:
        raise InputError(f"{path} is not a plan of a benchmark: {error}") from error
    return plan


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"key {key} is not known; choose from {', '.join(Plan.model_fields)}"
    message = first["msg"].removeprefix("Value error, ")
    return f"key {key} is wrong: {message[:1].lower()}{message[1:]}" if key else message
