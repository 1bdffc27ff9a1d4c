"""Teachers: what they see of a sample, how far they are heard, and the loss by hand."""

import json
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import OPTICAL, SAR, Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import save_model
from oemsar.models.spec import ModelSpec
from oemsar.train.config import RunOptions, TrainConfig
from oemsar.train.crops import CropDataset
from oemsar.train.lesson import Lesson
from oemsar.train.loss_input import single_process
from oemsar.train.losses import compute_loss
from oemsar.train.module import LandCoverModule
from oemsar.train.run import train_model
from oemsar.train.run_folder import resolve_config
from oemsar.train.teachers import Teachers, find_teachers, taught_loss

ENCODER = "tu-test_efficientnet"
SMALL = {"steps": 2, "crop": 64, "batch": 2, "workers": 0, "device": "cpu", "calibrate": False}
MakeTile = Callable[[str], Tile]


def lesson(inputs: Inputs, *, any_suffices: bool = False) -> Lesson:
    return Lesson(inputs, ((inputs, any_suffices),), weight=0.8, reach=4.0)


def spec(modalities: str) -> ModelSpec:
    inputs = Inputs.parse(modalities)
    many = inputs.channels
    return ModelSpec(
        architecture="unet", encoder=ENCODER, modalities=inputs, mean=(100.0,) * many, std=(50.0,) * many
    )


def colour_network(modalities: str, gain: float) -> LandCoverNetwork:
    """A network that answers with a fixed linear function of each pixel."""
    torch.manual_seed(int(gain * 10))
    own = spec(modalities)
    return LandCoverNetwork(own, nn.Conv2d(own.modalities.channels, 8, 1), 1)


def save(modalities: str, folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    save_model(build(spec(modalities)), folder, {})
    return folder


def test_the_divergence_is_that_computed_by_hand() -> None:
    # two classes matter: the others have the logit -1e4 in both networks
    logits = torch.full((1, 8, 1, 2), -1e4)
    logits[0, :2, 0, 0] = torch.tensor([2.0, 0.0])
    logits[0, :2, 0, 1] = torch.tensor([0.0, 4.0])
    q = torch.zeros(1, 8, 1, 2)
    q[0, :2, 0, 0] = torch.tensor([0.75, 0.25])
    q[0, :2, 0, 1] = torch.tensor([0.5, 0.5])
    weight = torch.tensor([[[0.4, 0.2]]])
    # at temperature 2 the student says sigmoid(1) = 0.731059 and sigmoid(-2) = 0.119203
    first = 0.75 * math.log(0.75 / 0.731059) + 0.25 * math.log(0.25 / 0.268941)
    second = 0.5 * math.log(0.5 / 0.119203) + 0.5 * math.log(0.5 / 0.880797)
    expected = (1 - 0.3) * 7 + 4 * (0.4 * first + 0.2 * second) / 2
    found = taught_loss(torch.tensor(7.0), logits, (q, weight), 2.0, single_process)
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_divergence_is_that_of_pytorch(temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits, q = (torch.randn(2, 8, 5, 7, generator=generator) for _ in range(2))
    q = (q / temperature).softmax(1)
    weight = torch.full((2, 5, 7), 0.25)
    found = taught_loss(torch.tensor(0.0), logits, (q, weight), temperature, single_process)
    each = F.kl_div((logits / temperature).log_softmax(1), q, reduction="none").sum(1)
    torch.testing.assert_close(found, 0.25 * temperature**2 * each.mean())


def test_two_shares_of_a_batch_give_the_mix_of_the_whole() -> None:
    generator = torch.Generator().manual_seed(7)
    logits, q = (torch.randn(3, 8, 5, 7, generator=generator) for _ in range(2))
    q, weight = q.softmax(1), torch.rand(3, 5, 7, generator=generator)
    whole = taught_loss(torch.tensor(2.0), logits, (q, weight), 2.0, single_process)
    sums: list[Tensor] = []

    def keep(value: Tensor) -> Tensor:
        sums.append(value)
        return value

    taught_loss(torch.tensor(2.0), logits[1:], (q[1:], weight[1:]), 2.0, keep)
    shared = taught_loss(
        torch.tensor(2.0), logits[:1], (q[:1], weight[:1]), 2.0, lambda value: value + sums[0]
    )
    torch.testing.assert_close(shared, whole)


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_a_teacher_that_says_the_labels_gives_the_gradient_of_the_labels(weight: float) -> None:
    generator = torch.Generator().manual_seed(1)
    label = torch.randint(1, 9, (2, 5, 7), generator=generator).to(torch.uint8)
    gradients = []
    for taught in (False, True):
        logits = torch.randn(2, 8, 5, 7, generator=torch.Generator().manual_seed(2)).requires_grad_()
        loss = compute_loss("ce", logits, label, torch.ones(8))
        if taught:
            q = F.one_hot(label.long() - 1, 8).movedim(-1, 1).float()
            loss = taught_loss(loss, logits, (q, torch.full((2, 5, 7), weight)), 1.0, single_process)
        loss.backward()
        gradients.append(logits.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_a_network_that_says_the_same_gets_no_gradient_from_its_teacher() -> None:
    logits = torch.randn(2, 8, 5, 7, generator=torch.Generator().manual_seed(2)).requires_grad_()
    q = (logits.detach() / 2).softmax(1)
    taught_loss(torch.tensor(0.0), logits, (q, torch.ones(2, 5, 7)), 2.0, single_process).backward()
    torch.testing.assert_close(logits.grad, torch.zeros_like(logits))


def test_several_teachers_are_averaged_over_their_own_channels() -> None:
    networks = [colour_network("sar+optical", 1), colour_network("optical", 2)]
    teachers = Teachers(networks, temperature=2.0)
    assert str(teachers.inputs) == "sar+optical"
    images = torch.randint(0, 256, (2, 4, 5, 7), generator=torch.Generator().manual_seed(3))
    valid = torch.ones(2, 2, 5, 7, dtype=torch.bool)
    found = teachers.probabilities(images.float(), valid)
    with torch.no_grad():
        one = (networks[0](images) / 2).softmax(1)
        other = (networks[1](images[:, 1:]) / 2).softmax(1)
    torch.testing.assert_close(found, (one + other) / 2)
    assert not any(parameter.requires_grad for network in networks for parameter in network.parameters())


def test_the_weight_falls_with_the_misalignment_of_a_tile(make_tile: MakeTile) -> None:
    heard, tile = lesson(OPTICAL), make_tile("a")
    weights = [heard.weight_of(replace(tile, misalignment=pixels)) for pixels in (None, 0.0, 2.0, 4.0)]
    assert weights == pytest.approx([0.8, 0.8, 0.8 * math.exp(-0.5), 0.8 / math.e])
    assert heard.weight_of(replace(tile, optical=None)) == 0
    both = Inputs.parse("sar+optical")
    assert lesson(both).weight_of(replace(tile, optical=None)) == 0
    assert lesson(both, any_suffices=True).weight_of(replace(tile, optical=None)) == 0.8


@pytest.mark.parametrize("side", [64, 130])
def test_teachers_see_the_crop_of_the_sample_in_their_own_inputs(make_tile: MakeTile, side: int) -> None:
    tile = replace(make_tile("a"), misalignment=4.0)
    plain, own = (CropDataset([tile], inputs, side, 3, augment=True) for inputs in (SAR, OPTICAL))
    taught = CropDataset([tile], SAR, side, 3, augment=True, lesson=lesson(OPTICAL))
    for number in range(8):
        sample, alone = taught[number], plain[number]
        assert torch.equal(sample["image"], alone["image"])
        assert torch.equal(sample["label"], alone["label"])
        assert torch.equal(sample["taught"], own[number]["image"])
        assert sample["taught_weight"].item() == pytest.approx(0.8 / math.e)
        assert sample["taught_valid"].shape == (1, side, side)
        assert sample["taught_valid"].all()


def test_a_tile_that_no_teacher_sees_is_taught_nothing(make_tile: MakeTile) -> None:
    blind = replace(make_tile("a"), optical=None)
    sample = CropDataset([blind], SAR, 64, 0, augment=False, lesson=lesson(OPTICAL))[0]
    assert sample["taught"].shape == (3, 64, 64)
    assert sample["taught_weight"] == 0
    assert not sample["taught_valid"].any()
    teachers = Teachers([colour_network("optical", 1)], 2.0)
    batch = {name: value[None] for name, value in sample.items()}
    _, weight = teachers.teach(batch)
    assert not weight.any()


def test_the_module_mixes_both_losses_and_holds_nothing_of_the_teachers(tmp_path: Path) -> None:
    student, teacher = colour_network("sar", 1), colour_network("optical", 2)
    config = TrainConfig(loss="ce", teacher_temperature=1.5, teacher=tmp_path)
    module = LandCoverModule(student, config, (1.0,) * 8, Teachers([teacher], 1.5))
    generator = torch.Generator().manual_seed(5)
    batch: dict[str, Tensor] = {
        "image": torch.randint(0, 256, (2, 1, 6, 9), generator=generator).float(),
        "label": torch.randint(0, 9, (2, 6, 9), generator=generator).to(torch.uint8),
        "number": torch.arange(2),
        "taught": torch.randint(0, 256, (2, 3, 6, 9), generator=generator).to(torch.uint8),
        "taught_valid": torch.ones(2, 1, 6, 9, dtype=torch.bool),
        "taught_weight": torch.tensor([0.5, 0.0]),
    }
    found = module.training_step(batch, 0)
    logits = student(batch["image"])
    of_labels = compute_loss("ce", logits, batch["label"], torch.ones(8))
    q = (teacher(batch["taught"]) / 1.5).softmax(1)
    each = F.kl_div((logits / 1.5).log_softmax(1), q, reduction="none").sum(1)
    torch.testing.assert_close(found, 0.75 * of_labels + 1.5**2 * 0.5 * each[0].mean() / 2)
    assert set(module.state_dict()) == {f"network.{name}" for name in student.state_dict()}
    assert len(list(module.parameters())) == len(list(student.parameters()))


def test_what_a_teacher_lacks_is_said(
    make_tile: MakeTile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = [make_tile("a")]
    folder = save("sar+height", tmp_path / "high")
    sentence = (
        r"teacher: the table has no training tile with sar\+height imagery, which .*high sees \(no tile"
    )
    with pytest.raises(InputError, match=sentence):
        find_teachers(TrainConfig(teacher=folder), tiles, "the table")
    with pytest.raises(InputError, match=r"teacher: .*none holds no saved model"):
        find_teachers(TrainConfig(teacher=tmp_path / "none"), tiles, "the table")
    described = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**described, "legend": ["Sea", "Land"]}))
    with pytest.raises(InputError, match=r"teacher: .*belongs to a model of another legend"):
        find_teachers(TrainConfig(teacher=folder), tiles, "the table")
    assert find_teachers(TrainConfig(), tiles, "the table") is None
    monkeypatch.setattr("oemsar.train.teachers._sees", lambda network, tile: True)
    both = (save("sar", tmp_path / "one"), save("sar:2+optical", tmp_path / "two"))
    with pytest.raises(InputError, match="teacher: the models see sar with 1 and 2 channels; give models"):
        find_teachers(TrainConfig(teacher=both), tiles, "the table")


def test_one_path_several_and_flags_name_teachers(tmp_path: Path) -> None:
    given = {"data": "t.parquet", "out": "run"}
    (tmp_path / "run.yaml").write_text("teacher: runs/a\n")
    assert resolve_config(given, file=tmp_path / "run.yaml").teacher == (Path("runs/a"),)
    options = RunOptions(teacher=["a", "b"], **given)
    (tmp_path / "two.yaml").write_text(options.to_yaml())
    assert resolve_config(given, file=tmp_path / "two.yaml") == options
    assert resolve_config({**given, "teacher": [Path("c")]}, file=tmp_path / "two.yaml").teacher == (
        Path("c"),
    )


def test_a_run_is_taught_and_resumed_with_the_same_teachers(
    table: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    teachers = [save("optical", tmp_path / "one", 1), save("sar+optical", tmp_path / "two", 2)]
    tiles = [
        replace(tile, optical=None) if tile.name == "train_0" else replace(tile, misalignment=8.0)
        for tile in read_tiles(table)
    ]
    config = TrainConfig(encoder=ENCODER, teacher=teachers, **SMALL)
    with caplog.at_level(logging.INFO, "oemsar"):
        run = train_model(tiles, tmp_path / "run", config=config)
    mean = 5 / 6 * 0.5 / math.e
    assert "5 of the 6 training tiles are taught, the misalignment of 5 is measured" in caplog.text
    assert f"the mean weight is {mean:.3f}" in caplog.text
    plain = train_model(tiles, tmp_path / "plain", config=config.model_copy(update={"teacher": ()}))
    one, other = (load_file(each.model / "model.safetensors") for each in (run, plain))
    assert one.keys() == other.keys()
    assert not all(torch.equal(one[name], other[name]) for name in one)
    record = json.loads((run.folder / "record.json").read_text())
    assert [each["file"] for each in record["teachers"]] == ["model.safetensors", "model.json"] * 2
    (run.folder / "record.json").write_text(json.dumps({**record, "finished": None}))
    for name in ("model.safetensors", "model.json"):
        kept = (teachers[0] / name).read_bytes()
        (teachers[0] / name).write_bytes((teachers[1] / name).read_bytes())
        with pytest.raises(InputError, match=rf"teacher: .*one/{name} is not the file that the run in"):
            train_model(tiles, run.folder, config=config, resume=True)
        (teachers[0] / name).write_bytes(kept)
