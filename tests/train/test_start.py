"""Runs that start from an earlier network."""

import json
import logging
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from oemsar.errors import InputError
from oemsar.models.saved import load_model
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.run import train_model
from oemsar.train.run_folder import resolve_config
from oemsar.train.start import build_module, find_start

from .conftest import toy_tile

ENCODER = "tu-test_efficientnet"
SMALL = {"steps": 2, "crop": 64, "batch": 2, "workers": 0, "device": "cpu", "calibrate": False}


@pytest.fixture(scope="module")
def earlier(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on radar."""
    out = tmp_path_factory.mktemp("earlier") / "run"
    train_model(table, out, config=TrainConfig(encoder=ENCODER, modalities="sar", **SMALL))
    return out


def test_a_run_starts_from_the_weights_and_the_normalisation(
    earlier: Path, table: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = load_model(earlier)
    config = TrainConfig(init=earlier, seed=7, **SMALL)
    start = find_start(config, [_brighter_tile(tmp_path)])
    assert (start.spec.mean, start.spec.std) == (source.spec.mean, source.spec.std)
    module = build_module(config, start, from_scratch=True)
    own = module.network.state_dict()
    assert all(torch.equal(own[name], value) for name, value in source.state_dict().items())
    unstarted = build_module(config, start, from_scratch=False).network.state_dict()
    assert not all(torch.equal(unstarted[name], value) for name, value in source.state_dict().items())
    with caplog.at_level(logging.INFO, "oemsar"):
        run = train_model(table, tmp_path / "run", config=config)
    assert f"{len(own)} of {len(own)} tensors start from {earlier}" in caplog.text
    transfer = json.loads((run.folder / "record.json").read_text())["transfer"]
    assert transfer["taken"] == len(own)
    assert transfer["new"] == []
    described = json.loads((run.model / "model.json").read_text())
    assert described["record"]["transfer"] == transfer


def _brighter_tile(folder: Path):  # noqa: ANN202
    import numpy as np

    return toy_tile(folder, "brighter", "train", np.random.default_rng(5))


def test_options_that_are_not_given_are_those_of_the_network(earlier: Path) -> None:
    config = TrainConfig(init=earlier)
    assert (config.encoder, str(config.modalities), config.fusion) == (ENCODER, "sar", "stack")
    config = TrainConfig(init=earlier, modalities="sar+optical", fusion="any")
    assert (config.encoder, str(config.modalities), config.fusion) == (ENCODER, "sar+optical", "any")
    assert TrainConfig(init=earlier, model="segformer").encoder == "mit_b2"
    given = {"init": str(earlier), "data": "t.parquet", "out": "run"}
    assert resolve_config(given).encoder == ENCODER


def test_a_stored_configuration_needs_no_model(earlier: Path) -> None:
    options = RunOptions(init=earlier, data="t.parquet", out="run")
    moved = {**options.model_dump(), "init": "gone"}
    assert RunOptions.model_validate(moved).encoder == ENCODER


def test_what_cannot_be_started_from_is_refused_before_anything_is_written(
    earlier: Path, table: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"init: .*none holds no saved model"):
        TrainConfig(init=tmp_path / "none")
    with pytest.raises(InputError, match="encoder_weights, init: both say how the encoder starts"):
        TrainConfig(init=earlier, encoder_weights=tmp_path / "e.safetensors")
    config = TrainConfig(init=earlier, encoder="resnet18", **SMALL)
    with pytest.raises(InputError, match=rf"is a unet with encoder {ENCODER} and no start of a unet with"):
        train_model(table, tmp_path / "run", config=config)
    assert not (tmp_path / "run").exists()


def test_a_run_without_a_checkpoint_knows_the_model_it_began_with(
    earlier: Path, table: Path, tmp_path: Path
) -> None:
    config = TrainConfig(init=earlier, seed=7, **SMALL)
    straight, out = tmp_path / "straight", tmp_path / "run"
    train_model(table, straight, config=config)
    out.mkdir()
    for name in ("config.yaml", "record.json"):
        text = (straight / name).read_text()
        if name == "record.json":
            text = json.dumps({**json.loads(text), "finished": None})
        (out / name).write_text(text)
    description = (earlier / "model" / "model.json").read_text()
    (earlier / "model" / "model.json").write_text(description + "\n")
    with pytest.raises(InputError, match=r"init: .*model.json is not the file that the run in"):
        train_model(table, out, config=config, resume=True)
    (earlier / "model" / "model.json").write_text(description)
    train_model(table, out, config=config, resume=True)
    one, other = (load_file(each / "model" / "model.safetensors") for each in (straight, out))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("option", ["init", "teacher"])
def test_a_run_is_not_written_into_a_model_that_it_reads(
    option: str, earlier: Path, table: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(earlier / "model", model)
    before = {path: path.read_bytes() for path in model.iterdir()}
    config = TrainConfig(**{option: model}, encoder=ENCODER, **SMALL)
    with pytest.raises(InputError, match=r"holds model\.(json|safetensors)"):
        train_model(table, model, config=config)
    assert {path: path.read_bytes() for path in model.iterdir()} == before
