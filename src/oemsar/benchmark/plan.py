"""Plan of a benchmark: its cells and the training of each."""

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from pydantic import Field, field_validator, model_validator

from oemsar.config_file import Config, Seed, read_yaml
from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError
from oemsar.inference.config import OWN_SIZE, Scales
from oemsar.inference.options import EngineKind
from oemsar.inputs import OPTICAL, SAR, SAR_OPTICAL, Inputs
from oemsar.models.registry import NETWORKS
from oemsar.models.spec import Fusion
from oemsar.train.config import RunOptions

_OWN = frozenset({"data", "out", "model", "modalities", "regime", "seed", "fusion", "devices"})
"""Training options that the plan sets for each cell."""


class Cell(NamedTuple):
    """One training of the benchmark."""

    network: str
    modalities: Inputs
    regime: Regime
    seed: int
    fusion: Fusion

    @property
    def name(self) -> str:
        """Name of the cell's folder."""
        fusion = "" if self.fusion == "stack" else f"_{self.fusion}"
        inputs = str(self.modalities).replace(":", "")  # no colon in the name of a folder
        return f"{self.network}_{inputs}_{self.regime.value}_s{self.seed}{fusion}"


class Plan(Config):
    """Trainings of a benchmark; the defaults are the 45 cells of the paper's Table IV."""

    networks: dict[str, dict[str, Any]] = Field(
        default={"unet": {}, "segformer": {}, "vmamba": {}}, min_length=1
    )
    """Names of networks with the training options of each; a list of names where none has any."""
    modalities: tuple[Inputs, ...] = Field((OPTICAL, SAR, SAR_OPTICAL), min_length=1)
    """Inputs of the networks, in the paper's order."""
    regimes: tuple[Regime, ...] = Field(tuple(Regime), min_length=1)
    """Label regimes."""
    seeds: tuple[Seed, ...] = Field((0,), min_length=1)
    """Seeds; a cell is trained once with each."""
    fusions: tuple[Fusion, ...] = Field(("stack",), min_length=1)
    """Ways to join inputs; `dual` and `any` add cells only where there are two or more to join."""
    train: dict[str, Any] = Field(default={})
    """Options of `oemsar train` for every cell."""
    engine: EngineKind = "auto"
    """Library that runs the network on the test split."""
    flips: bool = False
    """Average over four mirror images of each test tile."""
    scales: Scales = OWN_SIZE
    """Average over each test tile at several sizes: factors of its sides, such as [0.75, 1, 1.25]."""
    figure_tiles: int = Field(4, ge=1, le=100)
    """Test tiles drawn in the figure."""

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
                raise InputError(
                    f"network {name} is not known; choose one of {', '.join(NETWORKS)}", option="networks"
                )
        for field in ("modalities", "regimes", "seeds", "fusions"):
            values = getattr(self, field)
            if len(set(values)) < len(values):
                raise InputError("one of the values is named twice", option=field)
        for options in (self.train, *self.networks.values()):
            if own := sorted(_OWN & set(options)):
                raise InputError(
                    f"training option {own[0]} is set by the benchmark; leave it out", option="train"
                )
        if not self.cells():
            raise InputError(
                f"there is no cell: {' and '.join(self.fusions)} fusion needs two inputs, such as "
                "sar+optical",
                option=("fusions", "modalities"),
            )
        return self

    def cells(self) -> list[Cell]:
        """List every cell in the order of the table."""
        return [
            Cell(network, modalities, regime, seed, fusion)
            for fusion, network, modalities, regime, seed in product(
                self.fusions, self.networks, self.modalities, self.regimes, self.seeds
            )
            if fusion == "stack" or len(modalities) > 1
        ]

    def training(self, cell: Cell, data: Path, out: Path) -> RunOptions:
        """Configure the training of a cell on a table in a folder.

        Raises:
            InputError: A training option is unknown or wrong; it is named.
        """
        options = {**self.train, **self.networks[cell.network]}
        if cell.fusion != "stack":
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
        """Write the plan as YAML; `read_plan` gives it back."""
        text: str = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)
        return text


def read_plan(path: Path) -> Plan:
    """Read a plan from a YAML file.

    Raises:
        InputError: It cannot be read, or a key or value is wrong; the file and the key are named.
    """
    content = read_yaml(path)
    try:
        plan = Plan.model_validate(content)
        for cell in plan.cells():
            plan.training(cell, Path("tiles.parquet"), Path("run"))
    except InputError as error:
        raise InputError(f"{path} is not a plan of a benchmark: {error}") from error
    return plan
