"""The configuration: where options come from, and what is said when one is wrong."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from oemsar.cli.train import train as command
from oemsar.config_file import read_yaml
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.registry import NETWORKS
from oemsar.registry import Registry
from oemsar.train.config import RunOptions, TrainConfig, differing_option
from oemsar.train.recipe import RECIPES
from oemsar.train.registry import CLASS_WEIGHTS, LOSSES
from oemsar.train.run_folder import resolve_config

PATHS = {"data": "tiles.parquet", "out": "run"}


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("steps: 7\nbatch: 4\n")
    got = resolve_config({**PATHS, "batch": 2}, file=tmp_path / "run.yaml")
    assert (got.steps, got.batch, got.crop) == (7, 2, 512)


def test_yaml_gives_the_configuration_back(tmp_path: Path) -> None:
    one = RunOptions.model_validate(
        {**PATHS, "modalities": "sar+optical", "learning_rate": 1e-4, "warmup": 3}
    )
    (tmp_path / "config.yaml").write_text(one.to_yaml())
    assert RunOptions.model_validate(read_yaml(tmp_path / "config.yaml")) == one


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({**PATHS, "stpes": 3}, "stpes"),
        ({**PATHS, "steps": 0}, "steps"),
        ({**PATHS, "modalities": "lidar"}, "modalities"),
        ({**PATHS, "loss": "hinge"}, "loss hinge is not known; choose one of ce.dice, ce, "),
        ({**PATHS, "batch": 3, "devices": 2}, "batch, devices: a batch of 3"),
        ({"data": "tiles.parquet"}, "out: is missing"),
        ({**PATHS, "fusion": "dual"}, "fusion, modalities: dual fusion needs two inputs"),
        ({**PATHS, "fusion": "triple"}, "fusion"),
        ({**PATHS, "variant": "b0"}, "unet has no variants"),
        ({**PATHS, "model": "segformer", "variant": "t"}, "no variant t"),
        ({**PATHS, "variant": 3}, "variant"),
        (
            {**PATHS, "pretrained": True, "encoder_weights": "mit.safetensors"},
            "pretrained, encoder_weights: both say",
        ),
    ],
)
def test_wrong_option_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        RunOptions.model_validate(options)


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
    got = RunOptions.model_validate({**PATHS, **options})
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
    path.write_text(RunOptions.model_validate({**PATHS, "model": "segformer", "variant": "b3"}).to_yaml())
    assert resolve_config({**PATHS, **given}, file=path).encoder == encoder


@pytest.mark.parametrize(
    ("text", "named"), [("stpes: 3", "stpes"), ("- 1", "option: value"), ("a: [", "YAML")]
)
def test_wrong_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=named) as caught:
        resolve_config(dict(PATHS), file=path)
    assert str(path) in str(caught.value)


def test_flags_are_the_options_with_the_defaults_shown() -> None:
    parameters = inspect.signature(command).parameters
    assert parameters.keys() - {"resume", "config", "as_json"} == RunOptions.model_fields.keys()
    for name, field in TrainConfig.model_fields.items():
        shown = parameters[name].annotation.__metadata__[0].show_default
        default = field.get_default()
        if default in (None, "", ()):
            assert shown is False
        else:
            plain = str(default) if isinstance(default, Inputs) else getattr(default, "value", default)
            assert yaml.safe_load(str(shown)) == plain


@pytest.mark.parametrize(
    ("option", "names"),
    [("loss", LOSSES), ("class_weights", CLASS_WEIGHTS), ("model", NETWORKS), ("recipe", RECIPES)],
)
def test_help_lists_the_names_of_the_registries(option: str, names: Registry[object]) -> None:
    told = inspect.signature(command).parameters[option].annotation.__metadata__[0].help
    assert told.endswith(f": {', '.join(names)}.")


def test_the_configuration_is_read_without_heavy_libraries() -> None:
    code = (
        "import sys, oemsar.cli.train; "
        "print([name for name in ('torch', 'numpy', 'rasterio', 'lightning') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_resumed_run_keeps_its_options_but_for_those_given(tmp_path: Path) -> None:
    stored = RunOptions(data="tiles.parquet", out=tmp_path, seed=5, workers=1, checkpoint_every=9, steps=70)
    (tmp_path / "config.yaml").write_text(stored.to_yaml())
    (tmp_path / "run.yaml").write_text("checkpoint_every: 3\nworkers: 2\n")
    got = resolve_config({"out": tmp_path, "workers": 4}, file=tmp_path / "run.yaml", resume=True)
    assert (got.workers, got.checkpoint_every) == (4, 3)
    assert (got.seed, got.steps, got.data) == (5, 70, Path("tiles.parquet"))
    assert resolve_config({"out": tmp_path}, resume=True) == stored


def test_a_moved_run_is_resumed_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(RunOptions(data="a.parquet", out="elsewhere").to_yaml())
    got = resolve_config({"out": tmp_path, "data": "b.parquet"}, resume=True)
    assert (got.out, got.data) == (tmp_path, Path("b.parquet"))


def test_a_table_that_is_not_named_is_missed() -> None:
    with pytest.raises(InputError, match="data: is missing"):
        _ = resolve_config({"out": "run"}).table


def test_readers_and_paths_may_change_on_resume_but_not_what_is_trained() -> None:
    one = RunOptions.model_validate(PATHS)
    same = one.model_copy(update={"workers": 3, "out": "elsewhere", "checkpoint_every": 9})
    assert differing_option(one, same) is None
    assert differing_option(one, one.model_copy(update={"seed": 1})) == "seed"


@pytest.mark.parametrize(("steps", "warmup"), [(20, 1), (1000, 50), (100_000, 1000)])
def test_warmup_is_a_twentieth_but_not_long(steps: int, warmup: int) -> None:
    assert RunOptions.model_validate({**PATHS, "steps": steps}).phases[0].warmup == warmup
