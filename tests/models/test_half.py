"""Models in half precision: exactly the rounded weights, and no number that float16 cannot hold."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from oemsar.errors import InputError
from oemsar.models.half import halve_model
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import DESCRIPTION, WEIGHTS, load_model, save_model
from oemsar.models.spec import ModelSpec
from oemsar.models.transfer import start_network

SPEC = ModelSpec(
    architecture="unet",
    encoder="tu-mobilenetv3_small_050",
    modalities="sar+optical",
    mean=(60.0, 90.0, 80.0, 70.0),
    std=(40.0, 30.0, 30.0, 30.0),
    fusion="any",
)


def _statistics(network: LandCoverNetwork) -> list[str]:
    return [name for name in network.state_dict() if name.endswith("running_var")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with a variance beyond float16, one that would lose bits, and a weight beyond float16."""
    torch.manual_seed(5)
    network = build(SPEC)
    state = network.state_dict()
    first, second, third = _statistics(network)[:3]
    state[first][0] = 70_000.0  # float16 ends at 65504
    state[second][0] = 3.3e-6  # below 6.1e-5 float16 has fewer than 11 bits
    state[third].fill_(0.1)  # is rounded
    next(network.body.parameters()).data.view(-1)[0] = 1e5
    folder = tmp_path_factory.mktemp("run") / "model"
    save_model(network, folder, {"seed": 5})
    return folder


@pytest.fixture(scope="module")
def half(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("half") / "model"
    halve_model(model, out)
    return out


def test_the_network_in_memory_is_float32_with_exactly_the_stored_values(half: Path) -> None:
    stored, network = load_file(half / WEIGHTS), load_model(half)
    assert torch.float16 in {value.dtype for value in stored.values()}
    for name, value in network.state_dict().items():
        assert value.dtype in (torch.float32, torch.int64)
        assert torch.equal(value, stored[name].to(value.dtype))


def test_weights_are_rounded_and_statistics_that_do_not_fit_are_kept(model: Path, half: Path) -> None:
    given, stored = load_file(model / WEIGHTS), load_file(half / WEIGHTS)
    first, second, third = _statistics(load_model(model))[:3]
    assert stored[third].dtype == torch.float16
    for name in (first, second):
        assert torch.equal(stored[name], given[name])
    for name, value in stored.items():
        if value.dtype == torch.float16:
            assert torch.equal(value, given[name].half())
        else:
            assert torch.equal(value, given[name])
    kept = [name for name, value in stored.items() if value.dtype == torch.float32]
    assert len(kept) < len(stored) / 2
    record = json.loads((half / DESCRIPTION).read_text())["record"]
    assert record["seed"] == 5
    assert record["halved"]["weights"] == "float16"
    assert sorted(record["halved"]["kept"]) == sorted(kept)


def test_it_takes_little_more_than_half_the_room_and_says_so(model: Path, tmp_path: Path) -> None:
    written = halve_model(model, tmp_path / "half")
    sizes = [sum(file.stat().st_size for file in folder.iterdir()) for folder in (model, written.path)]
    assert written.size == sizes[1] < 0.6 * sizes[0]


def test_a_halved_model_halves_to_itself_and_starts_another_network(half: Path, tmp_path: Path) -> None:
    halve_model(half, tmp_path / "again")
    assert (tmp_path / "again" / WEIGHTS).read_bytes() == (half / WEIGHTS).read_bytes()
    network = build(SPEC)
    assert not start_network(network, half).new
    expected = load_model(half).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())


def test_channels_of_other_inputs_are_adapted_in_float32(half: Path) -> None:
    """The sum over channels is that of the values, not one rounded to float16."""
    wider = SPEC.model_copy(
        update={"modalities": "sar:2", "mean": (1.0, 1.0), "std": (1.0, 1.0), "fusion": "stack"}
    )
    network = build(ModelSpec.model_validate(wider.model_dump()))
    name = start_network(network, half).adapted[0]
    source = load_model(half).state_dict()[name.replace("encoder.", "encoder.sar.", 1)]
    assert torch.equal(network.state_dict()[name], source.repeat(1, 2, 1, 1) / 2)


def test_half_precision_hides_no_value_that_is_not_finite(half: Path, tmp_path: Path) -> None:
    weights = load_file(half / WEIGHTS)
    name = next(name for name, value in weights.items() if value.dtype == torch.float16)
    weights[name].view(-1)[0] = torch.inf
    (tmp_path / DESCRIPTION).write_bytes((half / DESCRIPTION).read_bytes())
    save_file(weights, tmp_path / WEIGHTS)
    with pytest.raises(InputError, match=f"damaged: tensor {name}"):
        load_model(tmp_path)


def test_a_model_is_not_halved_in_its_place(model: Path) -> None:
    with pytest.raises(InputError, match="would replace"):
        halve_model(model, model)
