"""Averaged weights: by hand, through an interruption, and as the model that is saved."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.table import read_tiles, select_split
from oemsar.errors import InputError, Interrupted
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.scores import Scores
from oemsar.models.saved import load_model
from oemsar.train.averaging import WeightAverage, averaged
from oemsar.train.config import TrainConfig
from oemsar.train.crops import Batch, CropDataset
from oemsar.train.run import train_model

STEPS = 9


def network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))


def walk(model: nn.Module, average: WeightAverage, steps: int) -> list[dict[str, np.ndarray]]:
    """The weights after each of some steps, which are any changes; the first entry is the start."""
    seen = [{name: value.double().numpy().copy() for name, value in model.state_dict().items()}]
    for step in range(steps):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(0.5).add_(step + 1)
            model(torch.full((2, 2, 3, 5), 1.5 * step))
        average.update(model)
        seen.append({name: value.double().numpy().copy() for name, value in model.state_dict().items()})
    return seen


@pytest.mark.parametrize("decay", [0.9, 0.999])
def test_the_average_is_that_computed_by_hand(decay: float) -> None:
    model = network()
    average = WeightAverage(model, decay)
    seen = walk(model, average, 80)
    for name in ("0.weight", "0.bias", "1.weight", "1.running_mean", "1.running_var"):
        expected = seen[0][name]
        for number, weights in enumerate(seen[1:], 1):
            keep = min(decay, (1 + number) / (10 + number))
            expected = keep * expected + (1 - keep) * weights[name]
        np.testing.assert_allclose(average.state_dict()["average"][name], expected, rtol=1e-5)
    assert average.state_dict()["average"]["1.num_batches_tracked"] == 80


def test_the_first_steps_forget_the_start() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = WeightAverage(model, 0.9999)
    start = model.weight.item()
    with torch.no_grad():
        model.weight.fill_(start + 1)
    for _ in range(20):
        average.update(model)
    kept = np.prod([(1 + n) / (10 + n) for n in range(1, 21)])
    assert kept < 1e-4
    assert average.state_dict()["average"]["weight"].item() == pytest.approx(start + 1 - kept, abs=1e-6)


def test_a_network_has_the_average_for_a_while_and_then_its_own_again() -> None:
    model = network()
    average = WeightAverage(model, 0.9)
    walk(model, average, 5)
    own = {name: value.clone() for name, value in model.state_dict().items()}
    kept = {name: value.clone() for name, value in average.state_dict()["average"].items()}
    with averaged(average, model):
        assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
    with pytest.raises(RuntimeError, match="within"), averaged(average, model):
        raise RuntimeError("within")
    assert all(torch.equal(value, own[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(average.state_dict()["average"][name], value) for name, value in kept.items())
    with averaged(None, model):
        assert all(torch.equal(value, own[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("damage", ["average", "updates", "0.weight", "shape", "text"])
def test_a_checkpoint_without_the_average_is_refused(damage: str) -> None:
    state = WeightAverage(network(), 0.9).state_dict()
    if damage in state:
        del state[damage]
    elif damage == "shape":
        state["average"]["0.bias"] = torch.zeros(4)
    elif damage == "text":
        state["average"]["0.bias"] = "zeros"
    else:
        del state["average"][damage]
    with pytest.raises(InputError, match="holds no averaged weights of this run"):
        WeightAverage(network(), 0.9).load_state_dict(state)


def config(**options: object) -> TrainConfig:
    defaults: dict[str, Any] = {"encoder": "tu-test_efficientnet", "steps": STEPS, "crop": 64, "batch": 2}
    small = {"workers": 0, "device": "cpu", "validate_every": 3, "checkpoint_every": 2, "ema": 0.8}
    return TrainConfig.model_validate({**defaults, **small, **options})


@pytest.fixture(scope="module")
def straight(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with averaged weights, without interruption."""
    out = tmp_path_factory.mktemp("averaged") / "run"
    train_model(table, out, config=config())
    return out


def _checkpoint(out: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(out / "checkpoints" / name, weights_only=True)
    return content


def test_the_averaged_weights_are_validated_and_saved(straight: Path, table: Path) -> None:
    saved = load_file(straight / "model/model.safetensors")
    best = _checkpoint(straight, "best.ckpt")
    average = best["callbacks"]["WeightAverage"]["average"]
    assert saved.keys() == average.keys()
    assert all(torch.equal(saved[name], average[name]) for name in saved)
    own = {name.removeprefix("network."): value for name, value in best["state_dict"].items()}
    assert any(not torch.equal(saved[name], own[name]) for name in saved)
    model = load_model(straight)
    total = np.zeros((8, 8), np.int64)
    for tile in select_split(read_tiles(table), "val", table):
        with torch.no_grad():
            logits = model(torch.from_numpy(read_images(tile, model.spec.modalities))[None])
        total += confusion_matrix(read_label(tile), logits.argmax(1)[0].numpy().astype(np.uint8) + 1)
    stored = best["callbacks"]["Validation"]["best_miou"]
    assert stored == pytest.approx(Scores.from_confusion(total).miou, abs=2e-4)


def test_training_itself_is_that_without_an_average(straight: Path, table: Path, tmp_path: Path) -> None:
    train_model(table, tmp_path / "run", config=config(ema=None))
    one, other = (_checkpoint(out, "last.ckpt")["state_dict"] for out in (straight, tmp_path / "run"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_an_interrupted_run_arrives_at_the_same_average(
    straight: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, out = CropDataset.__getitem__, tmp_path / "run"

    def reading(dataset: CropDataset, index: int) -> Batch:
        if index == 9:
            signal.raise_signal(signal.SIGTERM)
        return read(dataset, index)

    with monkeypatch.context() as patch:
        patch.setattr(CropDataset, "__getitem__", reading)
        with pytest.raises(Interrupted, match="interrupted at step 5"):
            train_model(table, out, config=config())
    train_model(table, out, config=config(), resume=True)
    states = [_checkpoint(run, "last.ckpt")["callbacks"]["WeightAverage"] for run in (straight, out)]
    assert states[0]["updates"] == states[1]["updates"] == STEPS
    one, other = (state["average"] for state in states)
    assert all(torch.equal(one[name], other[name]) for name in one)
    models = [load_file(run / "model/model.safetensors") for run in (straight, out)]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


def test_a_run_whose_checkpoint_lost_the_average_is_not_resumed(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    read = CropDataset.__getitem__

    def reading(dataset: CropDataset, index: int) -> Batch:
        if index == 3:
            signal.raise_signal(signal.SIGTERM)
        return read(dataset, index)

    with monkeypatch.context() as patch:
        patch.setattr(CropDataset, "__getitem__", reading)
        with pytest.raises(Interrupted, match="interrupted at step 2"):
            train_model(table, out, config=config())
    content = _checkpoint(out, "last.ckpt")
    del content["callbacks"]["WeightAverage"]
    torch.save(content, out / "checkpoints/last.ckpt")
    with pytest.raises(InputError, match="holds no averaged weights of this run"):
        train_model(table, out, config=config(), resume=True)
