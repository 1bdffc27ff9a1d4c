"""The configuration: where options come from, and what is said when one is wrong."""

import inspect
from pathlib import Path

import pytest
import yaml

from oemsar.cli.train import train as command
from oemsar.errors import InputError
from oemsar.train import class_weights, config, losses
from oemsar.train.config import TrainConfig, configure, differing_option, read_yaml
from oemsar.train.run_folder import gather

PLACES = {"data": "tiles.parquet", "out": "run"}


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("steps: 7\nbatch: 4\n")
    got = gather({**PLACES, "batch": 2}, file=tmp_path / "run.yaml")
    assert (got.steps, got.batch, got.crop) == (7, 2, 512)


def test_yaml_gives_the_configuration_back(tmp_path: Path) -> None:
    one = configure({**PLACES, "modalities": "sar+optical", "learning_rate": 1e-4, "warmup": 3})
    (tmp_path / "config.yaml").write_text(one.to_yaml())
    assert configure(read_yaml(tmp_path / "config.yaml")) == one


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({**PLACES, "stpes": 3}, "stpes"),
        ({**PLACES, "steps": 0}, "steps"),
        ({**PLACES, "modalities": "lidar"}, "modalities"),
        ({**PLACES, "loss": "hinge"}, "loss"),
        ({**PLACES, "batch": 3, "devices": 2}, "batch 3"),
        ({"out": "run"}, "data is missing"),
        ({**PLACES, "fusion": "dual"}, "fusion dual needs the modalities"),
        ({**PLACES, "fusion": "triple"}, "fusion"),
        ({**PLACES, "variant": "b0"}, "unet has no variants"),
        ({**PLACES, "model": "segformer", "variant": "t"}, "no variant t"),
        ({**PLACES, "variant": 3}, "variant"),
        ({**PLACES, "pretrained": True, "encoder_weights": "mit.safetensors"}, "give one"),
    ],
)
def test_wrong_option_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        configure(options)


@pytest.mark.parametrize(
    ("options", "encoder", "variant"),
    [
        ({}, "efficientnet-b4", None),
        ({"model": "segformer"}, "mit_b2", "b2"),
        ({"model": "segformer", "variant": "b0"}, "mit_b0", "b0"),
        ({"model": "vmamba", "encoder": "vmamba_b"}, "vmamba_b", "b"),
    ],
)
def test_variant_and_encoder_name_the_same_size(
    options: dict[str, str], encoder: str, variant: str | None
) -> None:
    got = configure({**PLACES, **options})
    assert (got.encoder, got.variant) == (encoder, variant)


@pytest.mark.parametrize(
    ("given", "encoder"),
    [
        ({}, "mit_b3"),
        ({"model": "segformer"}, "mit_b3"),
        ({"variant": "b1"}, "mit_b1"),
        ({"encoder": "mit_b0"}, "mit_b0"),
        ({"model": "unet"}, "efficientnet-b4"),
    ],
)
def test_a_size_given_anew_takes_the_place_of_that_in_the_file(
    tmp_path: Path, given: dict[str, str], encoder: str
) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(configure({**PLACES, "model": "segformer", "variant": "b3"}).to_yaml())
    assert gather({**PLACES, **given}, file=path).encoder == encoder


@pytest.mark.parametrize(
    ("text", "named"), [("stpes: 3", "stpes"), ("- 1", "option: value"), ("a: [", "YAML")]
)
def test_wrong_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=named) as caught:
        gather(dict(PLACES), file=path)
    assert str(path) in str(caught.value)


def test_flags_are_the_options_with_the_defaults_shown() -> None:
    flags = {
        name: parameter.annotation.__metadata__[0]
        for name, parameter in inspect.signature(command).parameters.items()
    }
    assert flags.keys() - {"resume", "config"} == TrainConfig.model_fields.keys()
    for name, field in TrainConfig.model_fields.items():
        default = field.get_default()
        if isinstance(default, bool):
            assert flags[name].show_default == ("" if default else "no-") + name
        elif default is not None and not field.is_required():
            assert yaml.safe_load(flags[name].show_default) == default


def test_names_are_those_of_the_registries() -> None:
    assert set(config.LossName.__args__) == set(losses.LOSSES)
    assert set(config.WeightingName.__args__) == {"none", *class_weights.WEIGHTINGS}


def test_readers_and_places_may_change_on_resume_but_not_what_is_trained() -> None:
    one = configure(PLACES)
    same = one.model_copy(update={"workers": 3, "out": "elsewhere", "checkpoint_every": 9})
    assert differing_option(one, same) is None
    assert differing_option(one, one.model_copy(update={"seed": 1})) == "seed"


@pytest.mark.parametrize(("steps", "warmup"), [(20, 1), (1000, 50), (100_000, 1000)])
def test_warmup_is_a_twentieth_but_not_long(steps: int, warmup: int) -> None:
    assert configure({**PLACES, "steps": steps}).warmup_steps == warmup
