"""Rows of the table: what is grouped, summed and left out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oemsar.benchmark import folder as folders
from oemsar.benchmark.plan import Plan
from oemsar.benchmark.rows import collect, sum_regions


def test_matrices_are_summed_by_region_in_the_order_of_names() -> None:
    counts = np.arange(4 * 64).reshape(4, 8, 8)
    summed = sum_regions(["B", "A", "B", "C"], counts)
    assert summed.dtype == np.int64
    np.testing.assert_array_equal(summed, [counts[1], counts[0] + counts[2], counts[3]])


def test_cells_without_a_record_are_failed_or_missing(
    tmp_path: Path, change_plan: Callable[..., Plan]
) -> None:
    plan = change_plan(seeds=[3, 4])
    folders.write_failure(tmp_path / "cells" / "unet_sar_P_s4", "no disk")
    results = collect(tmp_path, plan)
    assert results.failed == {"unet_sar_P_s4": "no disk"}
    assert results.missing == ["unet_optical_P_s3", "unet_optical_P_s4", "unet_sar_P_s3"]
    assert [(str(row.modalities), row.seeds, row.miou) for row in results.rows] == [
        ("optical", (), None),
        ("sar", (), None),
    ]
    assert results.rows[0].iou == (None,) * 8
    assert results.rows[0].iou_interval == ((None, None),) * 8


@pytest.mark.parametrize("regions", [["A", "A"], ["unassigned"]])
def test_one_region_has_no_interval(regions: list[str]) -> None:
    assert sum_regions(regions, np.ones((len(regions), 8, 8), np.int64)).shape == (1, 8, 8)
