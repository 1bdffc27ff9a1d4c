"""Dual fusion: what each encoder sees, what the gates do, and what is refused."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from oemsar.errors import InputError
from oemsar.inputs import OPTICAL, SAR, Inputs
from oemsar.models import saved
from oemsar.models.fusion import DualEncoder, GatedMerge
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

SPEC = ModelSpec(
    architecture="unet",
    encoder="resnet18",
    modalities="sar+optical",
    mean=(50.0, 60.0, 70.0, 80.0),
    std=(10.0, 20.0, 30.0, 40.0),
    fusion="dual",
)


@pytest.fixture(scope="module", params=["resnet18", "mit_b0"])
def encoder(request: pytest.FixtureRequest) -> DualEncoder:
    torch.manual_seed(0)
    model = "segformer" if request.param == "mit_b0" else "unet"
    network = build(SPEC.model_copy(update={"architecture": model, "encoder": request.param})).eval()
    assert isinstance(network.body.encoder, DualEncoder)
    return network.body.encoder


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 4, 64, 96, generator=torch.Generator().manual_seed(0))


def test_an_untrained_merge_is_the_mean_of_both_maps() -> None:
    sar, optical = torch.randn(2, 2, 6, 5, 7).unbind(0)
    torch.testing.assert_close(GatedMerge(6)(sar, optical), (sar + optical) / 2)


def test_a_closed_gate_lets_one_modality_through() -> None:
    merge = GatedMerge(6)
    with torch.no_grad():
        merge.gate.bias[:6] = -100  # type: ignore[index]
        merge.gate.bias[6:] = 100  # type: ignore[index]
    sar, optical = torch.randn(2, 2, 6, 5, 7).unbind(0)
    torch.testing.assert_close(merge(sar, optical), optical)


def test_gates_learn_to_trust_the_modality_that_tells() -> None:
    torch.manual_seed(0)
    merge = GatedMerge(4)
    optimiser = torch.optim.Adam(merge.parameters(), 0.05)
    for _ in range(100):
        truth, noise = torch.randn(8, 4, 4, 4), torch.randn(8, 4, 4, 4)
        loss = (merge(truth, noise) - truth).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.05


def test_levels_are_merged_from_an_encoder_for_each_modality(
    encoder: DualEncoder, images: torch.Tensor
) -> None:
    with torch.inference_mode():
        merged = encoder(images)
        sar, optical = encoder.encoder_of("sar")(images[:, :1]), encoder.encoder_of("optical")(images[:, 1:])
    assert [level.shape[1] for level in merged] == list(encoder.out_channels)
    assert torch.equal(merged[0], images)
    for level, one, other in zip(merged[1:], sar[1:], optical[1:], strict=True):
        torch.testing.assert_close(level, (one + other) / 2, atol=1e-5, rtol=1e-5)


def test_the_decoder_is_that_of_the_stacked_network() -> None:
    stacked = build(SPEC.model_copy(update={"fusion": "stack"}))
    dual = build(SPEC)
    shapes = [
        {name: value.shape for name, value in network.state_dict().items() if "encoder." not in name}
        for network in (stacked, dual)
    ]
    assert shapes[0] == shapes[1]


def test_a_part_of_a_network_keeps_the_normalisation_of_its_channels() -> None:
    assert SPEC.restricted_to(SAR).mean == (50.0,)
    assert SPEC.restricted_to(OPTICAL).std == (20.0, 30.0, 40.0)


@pytest.mark.parametrize("modalities", ["sar", "optical"])
def test_one_modality_is_refused(modalities: str) -> None:
    channels = Inputs.parse(modalities).channels
    with pytest.raises(InputError, match=rf"needs two inputs, such as sar\+optical, not {modalities} alone"):
        ModelSpec(
            architecture="unet",
            encoder="resnet18",
            modalities=modalities,
            mean=(0.0,) * channels,
            std=(1.0,) * channels,
            fusion="dual",
        )


def test_a_model_saved_before_there_was_fusion_is_stacked(tmp_path: Path) -> None:
    stacked = SPEC.model_copy(update={"fusion": "stack"})
    saved.save_model(build(stacked), tmp_path / "model", {})
    file = tmp_path / "model" / saved.DESCRIPTION
    description = json.loads(file.read_text())
    del description["spec"]["fusion"]
    file.write_text(json.dumps(description))
    assert saved.load_model(tmp_path / "model").spec == stacked


@pytest.mark.parametrize("modalities", ["sar+height", "sar:2+optical+height", "nir+multispectral:5+height"])
@pytest.mark.parametrize(
    ("architecture", "encoder"), [("unet", "tu-test_efficientnet"), ("segformer", "mit_b0")]
)
def test_every_input_has_an_encoder_and_the_merge_begins_as_their_mean(
    modalities: str, architecture: str, encoder: str
) -> None:
    inputs = Inputs.parse(modalities)
    spec = ModelSpec(
        architecture=architecture,
        encoder=encoder,
        modalities=inputs,
        mean=(0.0,) * inputs.channels,
        std=(1.0,) * inputs.channels,
        fusion="dual",
    )
    torch.manual_seed(0)
    network = build(spec).eval()
    body = network.body.encoder
    assert isinstance(body, DualEncoder)
    images = torch.randn(1, inputs.channels, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        merged = body(images)
        alone = [body.encoder_of(name)(images[:, inputs.slice_of(name)]) for name in inputs.names]
        assert network(images).shape == (1, 8, 64, 96)
    assert torch.equal(merged[0], images)
    for level, *features in zip(merged[1:], *(each[1:] for each in alone), strict=True):
        torch.testing.assert_close(level, torch.stack(features).mean(0), atol=1e-5, rtol=1e-4)


def test_encoders_that_do_not_fit_the_decoder_are_an_error() -> None:
    encoder = nn.Conv2d(1, 4, 1)
    encoder.out_channels = (4,)  # type: ignore[assignment]
    inputs = Inputs.parse("sar+height")
    with pytest.raises(ValueError, match=r"fused channels \(4, 4\) are not the decoder's 5"):
        DualEncoder(inputs, {"sar": encoder, "height": encoder}, (5,))
