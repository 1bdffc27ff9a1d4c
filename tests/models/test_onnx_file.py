"""An exported network gives the same maps in onnxruntime, at sizes it was not exported with."""

from pathlib import Path

import numpy as np
import pytest
import torch

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.masked import all_subsets
from oemsar.models.calibration import Calibration
from oemsar.models.network import LandCoverNetwork
from oemsar.models.onnx_file import export_model
from oemsar.models.registry import build
from oemsar.models.spec import Fusion, ModelSpec
from oemsar.models.vmamba.encoder import VARIANTS as VMAMBA
from oemsar.models.vmamba.encoder import Variant
from oemsar.testing.networks import make_network

from .small_upernet import SWIN, shrink

ort = pytest.importorskip("onnxruntime")


def _network(architecture: str, encoder: str, fusion: Fusion = "stack") -> LandCoverNetwork:
    torch.manual_seed(0)
    spec = ModelSpec(
        architecture=architecture,
        encoder=encoder,
        modalities="sar+optical",
        mean=(50.0, 60.0, 70.0, 80.0),
        std=(20.0, 30.0, 40.0, 50.0),
        fusion=fusion,
    )
    return build(spec).eval()


@pytest.mark.parametrize(
    ("architecture", "encoder", "fusion"),
    [
        ("unet", "efficientnet-b0", "stack"),
        ("unet", "tu-test_efficientnet", "dual"),
        ("segformer", "mit_b0", "stack"),
        ("upernet", "convnextv2_atto", "stack"),
        ("upernet", SWIN, "dual"),
        pytest.param("unet", "resnet18", "stack", marks=pytest.mark.slow),
        pytest.param("unet", "resnet18", "dual", marks=pytest.mark.slow),
        pytest.param("segformer", "mit_b0", "dual", marks=pytest.mark.slow),
        pytest.param("vmamba", "vmamba_t", "dual", marks=pytest.mark.slow),
    ],
)
def test_class_maps_are_those_of_the_network(
    architecture: str, encoder: str, fusion: Fusion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VMAMBA, "vmamba_t", Variant(16, (1, 1, 1, 1), 1, 0.0))
    shrink(monkeypatch)
    network = _network(architecture, encoder, fusion)
    exported = export_model(network, tmp_path / "network.onnx")
    assert exported.path == tmp_path / "network.onnx"
    assert not any(module.training for module in network.modules())
    session = ort.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for batch, height, width in [(1, 64, 64), (2, 37, 73), (3, 100, 31), (1, 1, 1)]:
        images = rng.integers(0, 256, (batch, 4, height, width)).astype(np.float32)
        with torch.inference_mode():
            expected = network(torch.from_numpy(images)).numpy()
        (logits,) = session.run(["logits"], {"images": images})
        np.testing.assert_allclose(logits, expected, atol=1e-3)
        # equal but where two classes tie to within rounding
        best = np.sort(expected, 1)
        clear = best[:, -1] - best[:, -2] > 2e-3
        assert np.array_equal(logits.argmax(1)[clear], expected.argmax(1)[clear])
        assert clear.mean() > 0.8


def test_a_name_that_is_not_onnx_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"network.pb does not end in \.onnx"):
        export_model(_network("segformer", "mit_b0"), tmp_path / "network.pb")
    assert list(tmp_path.iterdir()) == []


def test_gaps_of_measured_inputs_are_those_of_the_network(tmp_path: Path) -> None:
    spec = ModelSpec(
        architecture="unet",
        encoder="resnet18",
        modalities="sar+nir+height",
        mean=(50.0, 900.0, 6.0),
        std=(20.0, 300.0, 4.0),
        fusion="dual",
    )
    torch.manual_seed(0)
    network = build(spec).eval()
    export_model(network, tmp_path / "network.onnx")
    session = ort.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).uniform(0, 30, (1, 3, 37, 73)).astype(np.float32)
    images[0, 1:, 5:20, 30:] = np.nan
    (logits,) = session.run(["logits"], {"images": images})
    with torch.inference_mode():
        np.testing.assert_allclose(logits, network(torch.from_numpy(images)).numpy(), atol=1e-3)


@pytest.mark.parametrize(
    ("architecture", "encoder", "modalities"),
    [
        ("unet", "tu-test_efficientnet", "sar+optical"),
        ("segformer", "mit_b0", "sar:2+optical+height"),
        ("upernet", SWIN, "sar+optical"),
        pytest.param("vmamba", "vmamba_t", "sar+optical", marks=pytest.mark.slow),
        pytest.param("unet_light", "tu-test_efficientnet", "sar+optical", marks=pytest.mark.slow),
    ],
)
def test_any_subset_gives_the_logits_of_the_network(
    architecture: str, encoder: str, modalities: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VMAMBA, "vmamba_t", Variant(16, (1, 1, 1, 1), 1, 0.0))
    shrink(monkeypatch)
    inputs = Inputs.parse(modalities)
    network = make_network(architecture, encoder=encoder, fusion="any", modalities=inputs).eval()
    export_model(network, tmp_path / "network.onnx")
    session = ort.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["images", "valid"]
    rng = np.random.default_rng(0)
    for batch, height, width in [(2, 37, 73), (1, 64, 64), (1, 1, 1)]:
        images = rng.integers(0, 256, (batch, inputs.channels, height, width)).astype(np.float32)
        whole = np.ones((batch, len(inputs), height, width), bool)
        for subset in all_subsets(inputs):
            valid = whole & np.array([name in subset for name in inputs.names])[:, None, None]
            valid[:, 0, : height // 2, width // 3 :] = False
            with torch.inference_mode():
                expected = network(torch.from_numpy(images), torch.from_numpy(valid)).numpy()
            (logits,) = session.run(["logits"], {"images": images, "valid": valid.astype(np.float32)})
            np.testing.assert_allclose(logits, expected, atol=1e-4)


@pytest.mark.parametrize("scale", [None, (0.4,) * 8, (0.5, 2.0, 1.0, 0.1, 1.5, 0.7, 3.0, 0.9)])
def test_probabilities_go_through_the_calibration(tmp_path: Path, scale: tuple[float, ...] | None) -> None:
    """As an engine gives them, a class that the network is certain of included."""
    network = _network("unet", "tu-test_efficientnet")
    with torch.no_grad():
        for parameter in list(network.parameters())[-2:]:  # of the head
            parameter.mul_(40)
    if scale is not None:
        network.calibration = Calibration(
            kind="vector",
            scale=scale,
            shift=(0.0, 1.0, -1.0, 0.5, 0.0, 2.0, -0.3, 0.0),
            coverages=(0.5, 0.9),
            thresholds=((0.3, 0.12),) * 8,
            regions=1,
            pixels=1,
            split="val",
            likelihood=(1.0, 1.0),
        )
    export_model(network, tmp_path / "network.onnx")
    session = ort.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_outputs()] == ["logits", "probabilities"]
    image = np.random.default_rng(0).integers(0, 256, (4, 37, 73), np.uint8)
    logits, found = session.run(None, {"images": image[None].astype(np.float32)})
    with torch.inference_mode():
        expected = network(torch.from_numpy(image)[None])
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-2)
    probabilities = expected[0].softmax(0).numpy()
    if network.calibration is not None:
        probabilities = network.calibration.apply(probabilities)
    np.testing.assert_allclose(found[0], probabilities, atol=2e-3)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    assert found.max() > 0.9
