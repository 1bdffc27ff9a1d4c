"""The start of a network from another: exactly which weights are taken, adapted and new."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import save_model
from oemsar.models.spec import Fusion, ModelSpec
from oemsar.models.transfer import adapt_inputs, kept_normalisation, read_spec, start_network

ENCODER = "tu-test_efficientnet"
FIRST = "model.conv_stem.weight"


def network(
    modalities: str, fusion: Fusion = "stack", *, seed: int = 0, encoder: str = ENCODER
) -> LandCoverNetwork:
    inputs = Inputs.parse(modalities)
    torch.manual_seed(seed)
    return build(
        ModelSpec(
            architecture="unet",
            encoder=encoder,
            modalities=inputs,
            mean=tuple(100.0 + 3 * channel for channel in range(inputs.channels)),
            std=(50.0,) * inputs.channels,
            fusion=fusion,
        )
    ).eval()


@pytest.fixture
def save(tmp_path: Path) -> Callable[[LandCoverNetwork], Path]:
    """Saves a network and gives its folder."""

    def saving(source: LandCoverNetwork) -> Path:
        save_model(source, tmp_path / "source", {})
        return tmp_path / "source"

    return saving


def tensors(of: LandCoverNetwork) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in of.state_dict().items()}


def test_a_network_of_the_same_kind_takes_every_tensor(save: Callable[[LandCoverNetwork], Path]) -> None:
    source, started = network("sar", seed=1), network("sar", seed=2)
    transfer = start_network(started, save(source))
    own = started.state_dict()
    assert all(torch.equal(own[name], value) for name, value in source.state_dict().items())
    assert (transfer.taken, transfer.adapted, transfer.new) == (len(own), (), ())
    assert transfer.weights.file == "model.safetensors"
    images = torch.randint(0, 256, (1, 1, 40, 70), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.equal(source(images), started(images))


def test_a_further_input_changes_no_answer_at_first(save: Callable[[LandCoverNetwork], Path]) -> None:
    source, started = network("sar", seed=1), network("sar+optical", seed=2)
    transfer = start_network(started, save(source))
    assert transfer.adapted == (f"body.encoder.{FIRST}",)
    assert transfer.new == ()
    assert transfer.taken == len(source.state_dict()) - 1
    images = torch.randint(0, 256, (1, 4, 40, 70), dtype=torch.uint8)
    with torch.no_grad():
        torch.testing.assert_close(started(images), source(images[:, :1]), rtol=1e-4, atol=1e-4)


def test_one_input_of_several_starts_from_its_own_encoder(save: Callable[[LandCoverNetwork], Path]) -> None:
    source, started = network("sar+optical", "any", seed=1), network("optical", seed=2)
    transfer = start_network(started, save(source))
    there, own = tensors(source), started.state_dict()
    for name, value in own.items():
        inner = name.removeprefix("body.encoder.")
        expected = there[name if inner == name else f"body.encoder.optical.{inner}"]
        assert torch.equal(value, expected), name
    assert (transfer.adapted, transfer.new) == ((), ())


def test_encoders_beside_each_other_start_from_the_one_of_all(
    save: Callable[[LandCoverNetwork], Path],
) -> None:
    source, started = network("sar+optical", seed=1), network("sar+optical", "any", seed=2)
    before = tensors(started)
    transfer = start_network(started, save(source))
    own, stem = started.state_dict(), source.state_dict()[f"body.encoder.{FIRST}"]
    assert torch.equal(own[f"body.encoder.sar.{FIRST}"], stem[:, :1])
    assert torch.equal(own[f"body.encoder.optical.{FIRST}"], stem[:, 1:])
    assert set(transfer.adapted) == {f"body.encoder.{name}.{FIRST}" for name in ("sar", "optical")}
    assert transfer.new
    for name in transfer.new:
        assert name.startswith("body.encoder.merges.")
        assert torch.equal(own[name], before[name])
    assert transfer.taken + len(transfer.adapted) + len(transfer.new) == len(own)


def test_gates_of_other_inputs_start_anew(save: Callable[[LandCoverNetwork], Path]) -> None:
    source, started = network("sar+optical", "any", seed=1), network("sar+nir", "any", seed=2)
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(0.25)
    before = tensors(started)
    transfer = start_network(started, save(source))
    gates = [name for name in before if name.startswith("body.encoder.merges.")]
    assert set(transfer.new) == set(gates)
    assert all(torch.equal(started.state_dict()[name], before[name]) for name in gates)
    stem = source.state_dict()[f"body.encoder.sar.{FIRST}"]  # near infrared has no encoder there
    torch.testing.assert_close(started.state_dict()[f"body.encoder.nir.{FIRST}"], stem)


@pytest.mark.parametrize(
    ("seen", "inputs", "expected"),
    [
        ("sar", "sar", [1]),
        ("sar", "sar:2", [0.5, 0.5]),
        ("sar:2", "sar", [3]),
        ("sar+optical", "optical", [2, 4, 8]),
        ("sar+optical", "sar+optical+height", [1, 2, 4, 8, 0]),
        ("sar+optical", "height", [15]),
        ("optical", "sar:2", [3.5, 3.5]),
    ],
)
def test_the_first_convolution_is_adapted_by_input(seen: str, inputs: str, expected: list[float]) -> None:
    of = Inputs.parse(seen)
    weight = torch.tensor([1.0, 2, 4, 8])[: of.channels].view(1, -1, 1, 1).expand(2, -1, 3, 3)
    adapted = adapt_inputs(weight, of, Inputs.parse(inputs))
    assert adapted.shape == (2, len(expected), 3, 3)
    assert adapted[1, :, 2, 0].tolist() == expected


def test_normalisation_of_inputs_that_both_see_is_kept() -> None:
    spec = network("sar+optical").spec
    mean, std = kept_normalisation(spec, Inputs.parse("optical+nir"), (1.0, 2, 3, 4), (5.0, 6, 7, 8))
    assert mean == (103.0, 106.0, 109.0, 4.0)
    assert std == (50.0, 50.0, 50.0, 8.0)


def test_another_encoder_is_refused_and_nothing_is_changed(save: Callable[[LandCoverNetwork], Path]) -> None:
    folder = save(network("sar"))
    other = network("sar", encoder="tu-mobilenetv3_small_075")
    before = tensors(other)
    with pytest.raises(InputError, match=r"init: .*source is a unet with encoder tu-test_efficientnet and"):
        start_network(other, folder)
    assert all(torch.equal(before[name], value) for name, value in other.state_dict().items())


def test_of_another_legend_the_last_layers_are_new(save: Callable[[LandCoverNetwork], Path]) -> None:
    source, started = network("sar", seed=1), network("sar", seed=2)
    folder = save(source)
    described = json.loads((folder / "model.json").read_text())
    described["legend"] = [f"class {number}" for number in range(8)]
    (folder / "model.json").write_text(json.dumps(described))
    before = tensors(started)
    transfer = start_network(started, folder)
    head = {"body.segmentation_head.0.weight", "body.segmentation_head.0.bias"}
    assert transfer.other_legend
    assert set(transfer.new) == head
    for name, value in started.state_dict().items():
        assert torch.equal(value, before[name] if name in head else source.state_dict()[name]), name
    assert "the last layers are new" in transfer.describe(folder, started.spec.modalities)


def test_a_sentence_counts_and_names(save: Callable[[LandCoverNetwork], Path]) -> None:
    folder = save(network("sar"))
    started = network("sar+optical")
    told = start_network(started, folder).describe(folder, started.spec.modalities)
    count = len(started.state_dict())
    assert told == (
        f"{count - 1} of {count} tensors start from {folder}, 1 adapted to sar+optical (body.encoder.{FIRST})"
    )


def test_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"init: .*nothing holds no saved model"):
        read_spec(tmp_path / "nothing")
