"""The contract of a network."""

import tempfile
from pathlib import Path

import torch
from torch import Tensor

from oemsar.inputs import PUBLISHED, SAR_OPTICAL, Inputs
from oemsar.legend import NUM_CLASSES
from oemsar.masked import all_subsets
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import load_model, save_model
from oemsar.models.spec import Fusion, ModelSpec
from oemsar.models.variants import choose_encoder
from oemsar.testing.expect import expect

MEASURED = Inputs.parse("sar:2+optical+height")
"""Inputs of which one is measured, that a network is tried with beside those of the paper."""
SIZES = ((64, 64), (1, 1), (33, 97), (100, 31))
"""Heights and widths of images that a network is tried with: those that its stride divides, and others."""


def check_network(name: str, *, encoder: str | None = None, fusions: tuple[Fusion, ...] = ("stack",)) -> None:
    """Check that a registered network keeps the contract, for the inputs of the paper and measured ones.

    Images of any size give finite logits of the eight classes at that size, the same for bytes and floats;
    a channel without data is its mean to the network;
    the first training output is the network's answer; the loss of the training outputs reaches every
    parameter; and a saved and loaded network gives equal logits.

    Args:
        name: Name in `oemsar.models.registry.NETWORKS`.
        encoder: Name of an encoder, small where there is one; by default that of the network.
        fusions: Ways to join inputs; `dual` needs an encoder with `out_channels`.

    Raises:
        AssertionError: The network breaks the contract; the sentence says how.
        InputError: The network or the encoder is not known.
    """
    for modalities in (*PUBLISHED, MEASURED):
        network = make_network(name, encoder=encoder, modalities=modalities)
        check_logits(network, ((32, 32),))
    for fusion in fusions:
        measured = make_network(name, encoder=encoder, fusion=fusion, modalities=MEASURED)
        if fusion == "any":
            check_subsets(measured)
        else:
            check_gaps(measured)
        network = make_network(name, encoder=encoder, fusion=fusion)
        check_logits(network, SIZES)
        check_training_outputs(network)
        check_gradients(network)
        check_saved(network)


def make_network(
    name: str,
    *,
    encoder: str | None = None,
    fusion: Fusion = "stack",
    modalities: Inputs = SAR_OPTICAL,
) -> LandCoverNetwork:
    """Build a registered network with random weights that are the same each time."""
    torch.manual_seed(0)
    return build(
        ModelSpec(
            architecture=name,
            encoder=choose_encoder(name, encoder),
            modalities=modalities,
            mean=(60.0,) * modalities.channels,
            std=(50.0,) * modalities.channels,
            fusion=fusion,
        )
    )


def check_logits(network: LandCoverNetwork, sizes: tuple[tuple[int, int], ...] = SIZES) -> None:
    """Check that logits are finite, of the input's size, and the same for bytes and floats.

    Args:
        network: Network to check.
        sizes: Heights and widths of the images.
    """
    network.eval()
    for height, width in sizes:
        images = _images(network, 2, height, width)
        with torch.inference_mode():
            logits = network(images)
            floats = network(images.float())
        expected = (2, NUM_CLASSES, height, width)
        expect(
            logits.shape == expected,
            f"images of {height} x {width} give logits of shape {tuple(logits.shape)}, not {expected}",
        )
        expect(bool(logits.isfinite().all()), f"images of {height} x {width} give logits that are not finite")
        expect(torch.equal(logits, floats), "the same digital numbers give other logits as floats")


def check_gaps(network: LandCoverNetwork) -> None:
    """Check that pixels without data of a measured input are the mean of their channel to the network."""
    network.eval()
    images = _images(network, 1, 40, 70).float()
    filled = images.clone()
    for part in network.spec.modalities:
        if not part.is_bytes:
            channels = network.spec.modalities.slice_of(part.name)
            images[:, channels, 8:20, 30:] = torch.nan
            filled[:, channels, 8:20, 30:] = network.mean[:, channels]
    with torch.inference_mode():
        expect(
            torch.equal(network(images), network(filled)), "a gap of an input is not its mean to the network"
        )


def check_subsets(network: LandCoverNetwork) -> None:
    """Check that a network of fusion `any` takes every subset of its inputs, pixel by pixel.

    Nothing that stands where an input carries no data changes the logits, NaN there says the same as a mask,
    every subset gives finite logits of its own, and no mask is a mask of everything.
    """
    network.eval()
    inputs = network.spec.modalities
    images = _images(network, 1, 40, 70).float()
    everywhere = torch.ones(1, len(inputs), 40, 70, dtype=torch.bool)
    with torch.inference_mode():
        known = network(images)
        expect(torch.equal(known, network(images, everywhere)), "a mask of everything changes the logits")
        nothing = network(images, ~everywhere)
        expect(bool(nothing.isfinite().all()), "images without any data give logits that are not finite")
        answers = [known]
        for subset in all_subsets(inputs)[:-1]:
            valid = everywhere.clone()
            for index, part in enumerate(inputs):
                valid[:, index] = part.name in subset
            answers.append(_masked_logits(network, images, valid))
            same = any(torch.equal(answers[-1], other) for other in answers[:-1])
            expect(not same, f"{subset} gives the logits of another subset")
        patched = everywhere.clone()
        patched[:, 0, 8:20, 30:] = False
        patched[:, -1, 15:30, :40] = False
        _masked_logits(network, images, patched)
        if not inputs.are_bytes:
            gaps = images.clone()
            for index, part in enumerate(inputs):
                channels = inputs.slice_of(part.name)
                gaps[:, channels] = gaps[:, channels].where(patched[:, index : index + 1], torch.nan)
            same = torch.equal(network(gaps), network(images, patched))
            expect(same, "NaN in an input says something else than a mask")


def _masked_logits(network: LandCoverNetwork, images: Tensor, valid: Tensor) -> Tensor:
    """Compute the logits where inputs lack data, the same whatever stands there."""
    other = images.clone()
    for index, part in enumerate(network.spec.modalities):
        channels = network.spec.modalities.slice_of(part.name)
        other[:, channels] = other[:, channels].where(valid[:, index : index + 1], 77.0)
    logits: Tensor = network(images, valid)
    expect(bool(logits.isfinite().all()), "inputs that lack data give logits that are not finite")
    expect(
        torch.equal(logits, network(other, valid)), "what stands where there is no data changes the logits"
    )
    return logits


def check_training_outputs(network: LandCoverNetwork) -> None:
    """Check that the first training output is the network's answer, with a weight of 1."""
    images = _images(network, 2, 40, 70)
    with torch.inference_mode():
        outputs = network.eval().training_outputs(images)
        answer = network(images)
    weight, logits = outputs[0]
    expect(weight == 1, f"the first training output has the weight {weight}, not 1")
    expect(torch.equal(logits, answer), "the first training output is not the answer of the network")
    for _, other in outputs[1:]:
        expect(other.shape == answer.shape, f"an auxiliary output has the shape {tuple(other.shape)}")


def check_gradients(network: LandCoverNetwork) -> None:
    """Check that the loss of the training outputs gives every parameter a finite gradient."""
    network.train()
    network.zero_grad()
    truth = torch.randint(0, NUM_CLASSES, (2, 96, 80), generator=torch.Generator().manual_seed(2))
    losses = [
        weight * torch.nn.functional.cross_entropy(logits, truth)
        for weight, logits in network.training_outputs(_images(network, 2, 96, 80))
    ]
    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
    for name, parameter in network.named_parameters():
        expect(parameter.grad is not None, f"no gradient reaches the parameter {name}")
        if parameter.grad is not None:
            expect(bool(parameter.grad.isfinite().all()), f"the gradient of {name} is not finite")
    network.eval()


def check_saved(network: LandCoverNetwork) -> None:
    """Check that the network gives equal logits after it was saved and loaded."""
    images = _images(network, 1, 70, 50)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        save_model(network.eval(), Path(folder) / "model", {})
        again = load_model(Path(folder) / "model")
        expect(again.spec == network.spec, "a loaded network has another description than the saved one")
        expect(torch.equal(network(images), again(images)), "a loaded network gives other logits")


def _images(network: LandCoverNetwork, batch: int, height: int, width: int) -> Tensor:
    shape = (batch, network.spec.modalities.channels, height, width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
