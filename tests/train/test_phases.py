"""Phases of a training: how they are written, what they need, and the learning rate in each."""

from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from oemsar.config_file import read_yaml
from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError
from oemsar.inputs import SAR
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.module import LandCoverModule, phased_factor, rate_factor
from oemsar.train.phases import Phase, phase_at, plan_phases

PATHS = {"data": "tiles.parquet", "out": "run"}
PHASED = {"regime": "P>R5", "steps": "2000>500", "learning_rate": "1e-3>1e-4"}
TWO = (Phase(Regime.P, 0, 2000, 1e-3, 100), Phase(Regime.R5, 2000, 500, 1e-4, 25))


@pytest.mark.parametrize(
    "options",
    [
        PHASED,
        {"regime": ["P", "R5"], "steps": [2000, 500], "learning_rate": [1e-3, 1e-4]},
        {"regime": " P > R5", "steps": ("2000", 500), "learning_rate": (0.001, "1e-4")},
    ],
)
def test_texts_and_sequences_name_the_same_phases(options: dict[str, object]) -> None:
    assert TrainConfig(**options).phases == TWO
    assert TrainConfig(**options).total_steps == 2500


def test_one_phase_is_as_ever() -> None:
    config = TrainConfig(steps="300", regime="R1", learning_rate="3e-4", warmup=7)
    assert (config.steps, config.regime, config.learning_rate) == (300, Regime.R1, 3e-4)
    assert config.phases == (Phase(Regime.R1, 0, 300, 3e-4, 7),)
    assert TrainConfig().phases == (Phase(None, 0, 20_000, 1e-3, 1000),)


def test_one_learning_rate_and_one_warmup_hold_for_all_phases() -> None:
    phases = TrainConfig(regime="P>P+R1>R1", steps="40>30>20", learning_rate=2e-3, warmup=3).phases
    assert [phase.first for phase in phases] == [0, 40, 70]
    assert {(phase.learning_rate, phase.warmup) for phase in phases} == {(2e-3, 3)}


def test_files_hold_phases_as_text_and_give_them_back(tmp_path: Path) -> None:
    options = RunOptions(**PHASED, **PATHS)
    (tmp_path / "config.yaml").write_text(options.to_yaml())
    stored = yaml.safe_load(options.to_yaml())
    assert (stored["regime"], stored["steps"], stored["learning_rate"]) == (
        "P>R5",
        "2000>500",
        "0.001>0.0001",
    )
    assert RunOptions.model_validate(read_yaml(tmp_path / "config.yaml")) == options
    single = yaml.safe_load(RunOptions(regime="P", **PATHS).to_yaml())
    assert (single["regime"], single["steps"], single["learning_rate"]) == ("P", 20_000, 0.001)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"regime": "P>R5"},
            "steps, regime: 20000 is one number and P>R5 has 2 phases; give each phase its own, such as ",
        ),
        (
            {"regime": "P>R5>R1", "steps": "5>6"},
            "steps, regime: 5>6 is of 2 and P>R5>R1 has 3 phases; give each phase its own",
        ),
        (
            {**PHASED, "learning_rate": "1>1>1"},
            "learning_rate, regime: 1.0>1.0>1.0 is of 3 and P>R5 has 2 phases",
        ),
        (
            {"steps": "20>30"},
            "steps, regime: 20>30 is of 2 phases and there is no regime; name one for each, such as P>R5",
        ),
        (
            {"regime": "R5", "steps": 20, "learning_rate": "1>2"},
            "learning_rate, regime: 1.0>2.0 is of 2 phases and there is the one regime R5; name",
        ),
        ({**PHASED, "regime": "P>R6"}, "regime: R6 is not known; choose one of"),
        ({**PHASED, "steps": "2000>"}, "steps: input should be a valid integer"),
        ({**PHASED, "steps": "2000>0"}, "steps: 0 is out of range; give at least 1"),
        ({**PHASED, "steps": [20, True]}, "steps: true is no number; give one"),
        ({**PHASED, "regime": ["P", None]}, "regime: a phase has no value; give each its own"),
        ({"steps": []}, "steps: there are 1 to 20 phases, not 0"),
        ({**PHASED, "learning_rate": "1e-3>inf"}, "learning_rate: inf is"),
        ({**PHASED, "steps": [10**9, 1]}, "steps: they are more than 1000000000 together"),
    ],
)
def test_what_phases_lack_is_said(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as raised:
        TrainConfig(**options)
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(("step", "index"), [(0, 0), (1999, 0), (2000, 1), (2499, 1), (2500, 1), (9999, 1)])
def test_a_step_belongs_to_the_phase_it_lies_in(step: int, index: int) -> None:
    assert phase_at(TWO, step) == index


def test_each_phase_has_its_rise_and_fall() -> None:
    rates = [1e-3 * phased_factor(step, TWO) for step in range(2500)]
    assert rates[100] == pytest.approx(1e-3)
    assert rates[1999] == pytest.approx(1e-3 * rate_factor(1999, 100, 2000))
    assert rates[1999] < 1e-8
    assert rates[2000] == pytest.approx(1e-4 / 26)
    assert rates[2025] == pytest.approx(1e-4)
    assert rates[2262] == pytest.approx(1e-4 * rate_factor(262, 25, 500))
    one = plan_phases(None, 50, 0.01, None)
    assert [phased_factor(step, one) for step in range(51)] == [
        rate_factor(step, 2, 50) for step in range(51)
    ]


def test_the_optimiser_changes_to_the_rate_of_the_next_phase_at_its_first_step() -> None:
    spec = ModelSpec(architecture="unet", encoder="none", modalities=SAR, mean=(100.0,), std=(50.0,))
    config = TrainConfig(regime="P>R5", steps="3>2", learning_rate="0.5>0.25", warmup=0, weight_decay=0)
    module = LandCoverModule(LandCoverNetwork(spec, nn.Conv2d(1, 8, 1), 1), config, (1.0,) * 8)
    made = module.configure_optimizers()
    optimizer, scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.5, 0.375, 0.125, 0.25, 0.125])
    assert torch.isfinite(module.network.body.weight).all()
