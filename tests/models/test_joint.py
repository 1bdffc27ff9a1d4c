"""Several networks as one: their inputs together, and which of them have a say in a pixel."""

from pathlib import Path

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.joint import JointSpec, as_models, as_networks, files_of_models, names_of_models
from oemsar.models.saved import save_model
from oemsar.models.spec import Fusion, ModelSpec
from oemsar.testing.networks import make_network

ENCODER = "tu-test_efficientnet"


def spec(modalities: str, fusion: Fusion = "stack") -> ModelSpec:
    channels = Inputs.parse(modalities).channels
    return ModelSpec(
        architecture="unet",
        encoder=ENCODER,
        modalities=modalities,
        mean=(60.0,) * channels,
        std=(40.0,) * channels,
        fusion=fusion,
    )


def test_inputs_are_those_of_all_networks_in_their_order() -> None:
    joint = JointSpec.of([spec("optical+height"), spec("sar"), spec("sar+nir", "any")])
    assert str(joint.modalities) == "sar+optical+nir+height"
    assert joint.takes_any
    assert not joint.all_take_any
    alone = spec("sar+optical")
    assert JointSpec.of([alone]).modalities is alone.modalities


@pytest.mark.parametrize(
    ("specs", "takes_any", "all_take_any"),
    [
        ([spec("sar")], False, False),
        ([spec("sar+optical"), spec("sar+optical", "dual")], False, False),
        ([spec("sar"), spec("optical")], True, False),
        ([spec("sar+optical"), spec("sar+optical", "any")], True, False),
        ([spec("sar+optical", "any")], True, True),
        ([spec("sar+optical", "any"), spec("sar+height", "any")], True, True),
    ],
)
def test_images_come_with_masks_where_networks_differ_or_take_any(
    specs: list[ModelSpec], takes_any: bool, all_take_any: bool
) -> None:
    joint = JointSpec.of(specs)
    assert (joint.takes_any, joint.all_take_any) == (takes_any, all_take_any)


def test_a_network_counts_where_it_sees_enough() -> None:
    """A network of any subset needs one input; another all grey values, and its first input of any kind."""
    joint = JointSpec.of(
        [spec("sar+optical", "any"), spec("sar+height"), spec("nir+height"), spec("optical")]
    )
    assert joint.modalities.names == ("sar", "optical", "nir", "height")
    rows = [
        ([1, 1, 1, 1], [1, 1, 1, 1]),
        ([0, 1, 0, 1], [1, 0, 0, 1]),
        ([1, 0, 1, 0], [1, 1, 1, 0]),
        ([0, 0, 1, 1], [0, 0, 1, 0]),
        ([0, 0, 0, 1], [0, 0, 0, 0]),
    ]
    valid = np.array([there for there, _ in rows], bool).T[:, None]
    np.testing.assert_array_equal(joint.counting(valid)[:, 0].T, [counts for _, counts in rows])


def test_networks_that_cannot_go_together_are_refused() -> None:
    with pytest.raises(InputError, match="the models see sar with 1 and 2 channels; give models that see"):
        JointSpec.of([spec("sar"), spec("sar:2+optical")])
    with pytest.raises(InputError, match="no model is given"):
        as_models(())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("sar", "one of the models needs all of optical, and optical is not given; give it or leave"),
        ("optical", r"one of the models needs one of sar\+height, and sar is not given"),
    ],
)
def test_every_network_must_see_something(given: str, sentence: str) -> None:
    joint = JointSpec.of([spec("optical"), spec("sar+height", "any")])
    with pytest.raises(InputError, match=sentence):
        joint.require_seen(Inputs.parse(given))
    joint.require_seen(Inputs.parse("optical+height"))


def test_a_model_alone_and_a_list_of_them_are_taken(tmp_path: Path) -> None:
    network = make_network("unet", encoder=ENCODER).eval()
    save_model(network, tmp_path / "model", {})
    run = tmp_path / "model"
    assert as_models(run) == (run,)
    assert as_models([run, network]) == (run, network)
    first, second, third = as_networks([run, network, run])
    assert first is third
    assert second is network
    assert [file.name for file in files_of_models([run, network])] == ["model.safetensors", "model.json"]
    assert names_of_models([run, network]) == (str(run), "a network in memory")


def test_a_model_of_another_legend_is_refused(tmp_path: Path) -> None:
    network = make_network("unet", encoder=ENCODER).eval()
    save_model(network, tmp_path / "one", {})
    save_model(network, tmp_path / "other", {})
    description = tmp_path / "other" / "model.json"
    description.write_text(description.read_text().replace('"Water"', '"Lava"'))
    with pytest.raises(InputError, match=r"other.*belongs to a model of another legend"):
        as_networks([tmp_path / "one", tmp_path / "other"])
