"""Plans: the paper's by default, and what is wrong with one told by file and key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from oemsar.benchmark.plan import Plan, read_plan
from oemsar.errors import InputError
from oemsar.inputs import SAR
from oemsar.paper.published import table4


def test_the_default_is_the_papers_table_row_by_row() -> None:
    plan = Plan()
    rows = [(cell.network, cell.modalities, cell.regime.value) for cell in plan.cells()]
    assert rows == list(table4())
    assert len(rows) == 45
    assert plan.cells()[7].name == "unet_sar_P+R5_s0"
    training = plan.training(plan.cells()[7], Path("tiles.parquet"), Path("out"))
    assert (training.model, training.modalities, training.regime, training.steps) == (
        "unet",
        SAR,
        "P+R5",
        20_000,
    )


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path, change_plan: Callable[..., Plan]) -> None:
    plan = change_plan(seeds=[0, 5], fusions=["stack", "dual"], modalities=["sar", "sar+optical"])
    (tmp_path / "plan.yaml").write_text(plan.to_yaml())
    assert read_plan(tmp_path / "plan.yaml") == plan
    (tmp_path / "empty.yaml").write_text("")
    assert read_plan(tmp_path / "empty.yaml") == Plan()


def test_options_of_a_network_win_over_those_of_all(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("networks: {unet: {batch: 2}, segformer: null}\ntrain: {batch: 4, crop: 64}\n")
    plan = read_plan(path)
    trainings = [plan.training(cell, path, path) for cell in plan.cells()]
    assert {(one.model, one.batch, one.crop) for one in trainings} == {("unet", 2, 64), ("segformer", 4, 64)}


def test_cells_of_other_inputs_are_named_and_trained(change_plan: Callable[..., Plan]) -> None:
    plan = change_plan(modalities=["sar:2+height", "height+optical"], networks=["unet"], seeds=[0])
    names = ["unet_sar2+height_P_s0", "unet_optical+height_P_s0"]
    assert [cell.name for cell in plan.cells()] == names
    assert str(plan.training(plan.cells()[0], Path("t"), Path("o")).modalities) == "sar:2+height"


def test_dual_fusion_adds_cells_only_where_there_are_two_modalities(change_plan: Callable[..., Plan]) -> None:
    plan = change_plan(
        fusions=["stack", "dual"], modalities=["optical", "sar+optical"], networks=["segformer"], seeds=[0, 1]
    )
    names = [cell.name for cell in plan.cells()]
    assert len(names) == 6
    assert names[-2:] == ["segformer_sar+optical_P_s0_dual", "segformer_sar+optical_P_s1_dual"]
    assert plan.training(plan.cells()[-1], Path("t"), Path("o")).fusion == "dual"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "networks: [unet, resnet]",
            r"networks: network resnet is not known; choose one of unet, unet_light, segformer",
        ),
        ("network: [unet]", r"network: is not known; choose from networks, modalities"),
        ("regimes: [P, R3]", r"regimes\.1: R3 is not known"),
        ("modalities: [lidar]", r"modalities\.0: lidar is not known"),
        ("seeds: [1, 1]", r"seeds: one of the values is named twice"),
        ("networks: [unet]\ntrain: {stepps: 3}", r"stepps: is not known"),
        (
            "networks: [unet]\ntrain: {steps: 0}",
            r"steps: 0 is out of range; give at least 1",
        ),
        ("train: {out: here}", r"train: training option out is set by the benchmark"),
        (
            "fusions: [dual]\nmodalities: [sar]",
            r"fusions, modalities: there is no cell: dual fusion needs two inputs, such as sar\+optical",
        ),
        ("- unet", r"is not a YAML file of options; write one"),
        ("networks: [unet", r"cannot be read as a YAML file"),
    ],
)
def test_a_wrong_plan_is_one_sentence_that_names_file_and_key(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "my_plan.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"(?s)my_plan\.yaml.*{message}") as caught:
        read_plan(path)
    assert "\n" not in str(caught.value)
