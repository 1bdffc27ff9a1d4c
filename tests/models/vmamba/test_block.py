"""The VSS block: directions of its scan, shortcuts, and the values it starts from."""

import math

import pytest
import torch
import torch.nn.functional as F

from oemsar.models.vmamba.block import DropPath, Scan2d, VssBlock, linear


def test_a_block_without_its_branches_gives_its_input() -> None:
    block = VssBlock(6, 2, 0.0)
    images = torch.randn(2, 3, 5, 6)
    torch.nn.init.zeros_(block.op.out_proj.weight)
    torch.nn.init.zeros_(block.mlp.fc2.weight)
    assert torch.equal(block(images), images)


def test_a_transposed_image_is_scanned_to_the_transposed_result() -> None:
    """Where the four directions and the 3 x 3 filter have the same weights; the image is not square."""
    torch.manual_seed(0)
    scan = Scan2d(5, 2).double()
    with torch.no_grad():
        for parameter, directions in (
            *((scan.x_proj.weight, 4), (scan.dt_projs.weight, 4), (scan.A_logs, 4), (scan.Ds, 4)),
            (scan.dt_projs_bias, 4),
        ):
            parts = parameter.reshape(directions, -1)
            parts.copy_(torch.randn_like(parts[:1]).expand_as(parts) / 3)
        scan.conv2d.weight.copy_((scan.conv2d.weight + scan.conv2d.weight.mT) / 2)
    images = torch.randn(1, 4, 7, 5, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(scan(images.transpose(1, 2)), scan(images).transpose(1, 2))
        assert not torch.allclose(scan(images.flip(1)).flip(1), scan(images))  # the filter is not symmetric


def test_a_scan_is_the_recurrence_of_its_definition_walked_pixel_by_pixel() -> None:
    """Four directions with weights of their own: rows, columns, and both from the last pixel."""
    torch.manual_seed(0)
    height, width, inner = 2, 3, 8
    scan = Scan2d(4, 2).double()
    with torch.no_grad():
        for parameter in scan.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    images = torch.randn(1, height, width, 4, dtype=torch.float64)
    by_rows = [(row, column) for row in range(height) for column in range(width)]
    by_columns = [(row, column) for column in range(width) for row in range(height)]
    with torch.no_grad():
        filtered = F.silu(scan.conv2d(scan.in_proj(images).permute(0, 3, 1, 2)))[0].permute(1, 2, 0)
        total = torch.zeros(height, width, inner, dtype=torch.float64)
        for direction, order in enumerate((by_rows, by_columns, by_rows[::-1], by_columns[::-1])):
            own = slice(direction * inner, (direction + 1) * inner)
            state = torch.zeros(inner, dtype=torch.float64)
            for place in order:
                u = filtered[place]
                delta, b, c = scan.x_proj.weight[3 * direction : 3 * direction + 3] @ u
                step = F.softplus(scan.dt_projs.weight[own, 0] * delta + scan.dt_projs_bias[direction])
                state = torch.exp(-step * scan.A_logs[own, 0].exp()) * state + step * b * u
                total[place] += c * state + scan.Ds[own] * u
        torch.testing.assert_close(scan(images)[0], scan.out_proj(scan.out_norm(total)), atol=1e-6, rtol=1e-5)


def test_an_untrained_scan_has_decays_of_one_and_steps_within_their_bounds() -> None:
    scan = Scan2d(32, 2)
    assert torch.equal(-scan.A_logs.exp(), -torch.ones(4 * 64, 1))
    steps = F.softplus(scan.dt_projs_bias)
    assert steps.shape == (4, 64)
    assert steps.min() >= 1e-3 * (1 - 1e-4)
    assert steps.max() <= 1e-1 * (1 + 1e-4)
    assert steps.log().mean().item() == pytest.approx(math.log(1e-2), abs=0.4)  # log-uniform
    exempt = [name for name, value in scan.named_parameters() if getattr(value, "no_weight_decay", False)]
    assert sorted(exempt) == ["A_logs", "Ds", "dt_projs_bias"]


def test_a_linear_layer_starts_from_narrow_normal_weights() -> None:
    torch.manual_seed(0)
    layer = linear(200, 100)
    assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(layer.bias, torch.zeros(100))


def test_drop_path_keeps_the_mean_and_does_nothing_outside_training() -> None:
    torch.manual_seed(0)
    drop, ones = DropPath(0.3), torch.ones(20000, 1, 1, 2)
    dropped = drop(ones)
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}
    assert torch.equal(dropped[..., 0], dropped[..., 1])
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(drop.eval()(ones), ones)
